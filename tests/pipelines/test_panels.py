"""What models think is in the release, each opinion by itself, and never counted with people's."""

from pathlib import Path
from typing import Any

import pytest
from support.talk_judging import MODELS, STEPS
from support.talking import backends, texts_with

from affectory.pipelines.bind import read_and_bind
from affectory.schemas.recipe.problems import RecipeProblems

pytestmark = pytest.mark.usefixtures("backends")
__all__ = ["backends"]
PUBLISH = {"configs": ["default", "labels", "opinions", "notes"]}


def test_every_opinion_of_every_model_is_published_under_an_id_of_its_own(tmp_path: Path) -> None:
    made = texts_with(tmp_path / "p", 3, MODELS, STEPS, publish=PUBLISH)
    summary = made.build()
    assert (summary.kept, summary.failed) == (3, 0)
    opinions: list[dict[str, Any]] = made.rows(summary.version, "opinions").to_pylist()
    assert len({o["opinion_id"] for o in opinions}) == len(opinions)
    models = [o for o in opinions if o["rater_kind"] != "human"]
    assert {(o["rater"], o["asked"]["response"], o["perspective"]) for o in models} == {
        ("harsh", "ordinal", "perceived"),
        ("lexicon@1", "simplex", "expressed"),
        ("likely", "multi-label", "expressed"),
        ("likely", "simplex", "expressed"),
        ("mild", "ordinal", "perceived"),
        ("parrot", "simplex", "felt"),
        ("parrot", "words", "expressed"),
        ("text-emotion@1", "simplex", "expressed"),
    }
    pools = {(label["pool"], label["perspective"]) for label in made.rows(summary.version, "labels").to_pylist()}
    assert {pool for pool, _ in pools} == {"human", "model"}, "never counted together"
    notes = {n["name"]: n for n in made.rows(summary.version, "notes").to_pylist()}
    assert notes["judged_line_range"]["number"] == 3
    assert notes["refined"]["text"] == "Sorry, that was the line."
    assert notes["refined_passed"]["number"] == 1


@pytest.mark.parametrize(
    ("step", "says"),
    [
        ({"opine": {"panel": ["mild"], "as": "first"}}, "writes `opinions_first`, which a step before it writes too"),
        ({"opine": {"panel": ["likely", "polly"]}}, "no such model"),
        ({"opine": {"panel": ["likely"], "method": "samples"}}, "has the temperature 0"),
        ({"opine": {"panel": []}}, "panel"),
        ({"judge": {"of": "text", "rubric": {"Not A Name": "x"}, "judges": ["mild"]}}, "rubric"),
        (
            {"judge": {"of": "text", "rubric": {"good": "x"}, "judges": ["small"]}},
            "judge needs a model that takes a prompt",
        ),
        ({"critique": {"of": "answer", "rubric": {"good": "x"}, "model": "mild"}}, "reads `answer`"),
    ],
)
def test_mistakes_are_told_before_anything_runs(tmp_path: Path, step: dict[str, Any], says: str) -> None:
    made = texts_with(tmp_path / "p", 2, MODELS, [{"opine": {"panel": ["likely"], "as": "first"}}, step])
    with pytest.raises(RecipeProblems) as told:
        read_and_bind(made.recipe)
    assert says in str(told.value)
