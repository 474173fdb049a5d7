import json
from typing import Any

import pytest
from support.running import run
from support.talking import backends, parrot

from affectory.pipelines.prompting import prompt
from affectory.schemas.recipe.asked import Asked
from affectory.transforms.assist.refine import Refine
from affectory.transforms.base import Result
from affectory.transforms.models._asked import AskedModel

pytestmark = pytest.mark.usefixtures("backends")
__all__ = ["backends"]
RUBRIC = {"sorry": "Does it say sorry?"}
CRITIC = AskedModel("critic", Asked(backend="stickler"))
PROMPTS = {"prompt": prompt("refine"), "critique": prompt("critique")}


def refine(says: Any, **parameters: Any) -> Refine:
    given = {"of": "answer", "rubric": RUBRIC, "critic": CRITIC, **PROMPTS, **parameters}
    return Refine(writer=parrot(says), **given)


def refined(says: Any, answer: str | None, **parameters: Any) -> Result:
    return run(refine(says, **parameters), [{"text": "I lost my job.", "answer": answer}])


def row_of(*given: Any, **parameters: Any) -> dict[str, Any]:
    found: dict[str, Any] = refined(*given, **parameters).rows.to_pylist()[0]
    return found


def test_what_passes_is_left_as_it_is() -> None:
    row = row_of("never asked", "I am sorry.")
    assert (row["refined"], row["refined_passed"]) == ("I am sorry.", True)
    assert len(json.loads(row["refined_history"])) == 1
    assert row["refined_by"] == f"checked by stickler, asked by {prompt('critique').called}"


def test_what_fails_is_rewritten_until_it_passes_and_every_turn_is_kept() -> None:
    row = row_of("So sorry.", "Too bad.")
    assert (row["refined"], row["refined_passed"]) == ("So sorry.", True)
    turns = json.loads(row["refined_history"])
    assert [(turn["text"], turn["passed"]) for turn in turns] == [("Too bad.", False), ("So sorry.", True)]
    assert turns[0]["advice"] == "Say the words."
    assert row["refined_by"].startswith(f"parrot, asked by {prompt('refine').called}; checked by stickler")


@pytest.mark.parametrize("rounds", [1, 3])
def test_what_never_passes_is_given_up_after_the_rounds_and_kept(rounds: int) -> None:
    row = row_of("Oh well.", "Too bad.", rounds=rounds)
    assert (row["refined"], row["refined_passed"]) == ("Oh well.", False)
    assert [turn["text"] for turn in json.loads(row["refined_history"])] == ["Too bad.", *["Oh well."] * rounds]


def test_what_never_passes_can_be_rejected_with_what_it_fails() -> None:
    [lost] = refined("Oh well.", "Too bad.", given_up="reject", rounds=2).rejected
    assert (lost.reason, lost.detail) == ("filtered", "answer fails sorry after 2 rounds")


@pytest.mark.parametrize("text", [None, ""])
def test_without_a_text_nothing_is_asked(text: str | None) -> None:
    assert row_of("never asked", text)["refined"] is None


def test_a_writer_who_says_nothing_fails_the_row() -> None:
    assert refined("", "Too bad.").failed[0].error == "UnreadableAnswer"


def test_the_writer_is_told_what_failed_and_why_between_marks() -> None:
    talk = refine("So sorry.").talk({"text": "I lost my job.", "answer": "Too bad."})
    first = next(talk)  # type: ignore[arg-type]
    second = talk.send([reply for _, reply in CRITIC.load()(first)])  # type: ignore[attr-defined, misc]
    told = second[0].messages[-1].text
    assert told.index('<data name="critique"') < told.index("sorry: looked for sorry\nSay the words.")
    assert '<data name="work"' in told


def test_a_critic_who_cannot_answer_in_json_is_told_before_anything_runs() -> None:
    with pytest.raises(ValueError, match="needs json"):
        refine("x", critic=parrot(can=("image",), name="eye"))
