import json
from typing import Any

import pytest
from support.running import run
from support.talking import backends, parrot

from affectory.pipelines.prompting import prompt
from affectory.transforms.assist.critique import Critique

pytestmark = pytest.mark.usefixtures("backends")
__all__ = ["backends"]
RUBRIC = {"warmth": "Is it kind?", "brevity": "Is it short?"}
ROW = {"text": "I lost my job.", "answer": "Too bad."}


def verdicts(warmth: Any, brevity: Any, advice: Any = "Be kind.") -> dict[str, Any]:
    passes = {"warmth": warmth, "brevity": brevity}
    return {"verdicts": {name: {"why": "So.", "passes": x} for name, x in passes.items()}, "advice": advice}


def critique(says: Any, **parameters: Any) -> Critique:
    given = {"of": "answer", "rubric": RUBRIC, "prompt": prompt("critique"), **parameters}
    return Critique(model=parrot(says), **given)


@pytest.mark.parametrize(("warmth", "brevity", "passed"), [(True, True, True), (False, True, False)])
def test_a_text_passes_where_every_criterion_does(warmth: bool, brevity: bool, passed: bool) -> None:
    [row] = run(critique(verdicts(warmth, brevity)), [ROW]).rows.to_pylist()
    found = json.loads(row["critique"])
    assert {name: x["passes"] for name, x in found["verdicts"].items()} == {"warmth": warmth, "brevity": brevity}
    assert (found["advice"], found["passed"], row["critique_passed"]) == ("Be kind.", passed, passed)
    assert row["critique_by"] == f"parrot, asked by {prompt('critique').called}"


@pytest.mark.parametrize(
    "says",
    [
        verdicts("yes", True),
        {"verdicts": {"warmth": {"why": "", "passes": True}}, "advice": ""},
        {**verdicts(True, True), "passed": True},
        verdicts(True, True, None),
        "fine",
    ],
)
def test_what_leaves_a_criterion_open_is_no_critique(says: Any) -> None:
    assert run(critique(says), [ROW]).failed[0].error == "UnreadableAnswer"


def test_without_a_text_nothing_is_asked() -> None:
    [row] = run(critique("not asked"), [{**ROW, "answer": None}]).rows.to_pylist()
    assert (row["critique"], row["critique_passed"], row["critique_by"]) == (None, None, None)


def test_the_model_is_told_the_rubric_and_the_text_between_marks() -> None:
    ask = next(critique(None).talk(ROW))[0]  # type: ignore[arg-type]
    told = ask.messages[-1].text
    assert "- warmth: Is it kind?" in told
    fence = told[told.index('<data name="work"') :]
    assert fence.index("Too bad.") < fence.index("</data")
    assert ask.schema is not None
    assert list(ask.schema["properties"]["verdicts"]["properties"]) == ["warmth", "brevity"]


@pytest.mark.parametrize(("spec", "says"), [({"can": ("image",)}, "needs json"), ({"can": ("json",)}, "needs image")])
def test_what_a_model_lacks_is_told_before_anything_runs(spec: dict[str, Any], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        Critique("answer", RUBRIC, parrot(**spec), prompt("critique"), see=("image",))
