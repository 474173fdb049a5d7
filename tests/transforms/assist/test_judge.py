from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.running import run
from support.talking import backends, parrot

from affectory.pipelines.prompting import prompt
from affectory.schemas.derived import OPINIONS_TABLE
from affectory.schemas.recipe.asked import Asked
from affectory.schemas.taxonomy import load_taxonomy
from affectory.transforms.assist._rubrics import spread
from affectory.transforms.assist.judge import Judge
from affectory.transforms.models._asked import AskedModel
from affectory.transforms.models._prompts import parse_prompt
from affectory.transforms.views.vote_share import VoteShare

pytestmark = pytest.mark.usefixtures("backends")
__all__ = ["backends"]
RUBRIC = {"warmth": "Is it kind?", "joy": "Is it glad?"}
ROW = {"text": "I lost my job.", "language": "en", "answer": "I am sorry to hear that."}


def scores(warmth: Any, joy: Any, **more: Any) -> dict[str, Any]:
    return {"reason": "Because.", "scores": {"warmth": warmth, "joy": joy}, **more}


def judge(*judges: AskedModel, **parameters: Any) -> Judge:
    given = {"of": "answer", "rubric": RUBRIC, "prompt": prompt("judge"), **parameters}
    return Judge(judges=judges, **given)


def row_of(step: Judge, row: dict[str, Any] = ROW) -> dict[str, Any]:
    result = run(step, [row])
    assert not result.failed, result.failed
    found: dict[str, Any] = result.rows.to_pylist()[0]
    return found


def test_every_judge_is_kept_and_their_disagreement_is_written_down() -> None:
    mild, harsh = parrot(scores(5, 1), name="mild", model="mild"), parrot(scores(2, 1), name="harsh", model="harsh")
    row = row_of(judge(mild, harsh))
    assert [x["rater"] for x in row["opinions_judged"]] == ["mild", "harsh"]
    assert [x["answer"]["intensities"] for x in row["opinions_judged"]] == [[5, 1], [2, 1]]
    assert (row["judged_warmth"], row["judged_warmth_range"]) == (3.5, 3)
    assert (row["judged_joy"], row["judged_joy_range"]) == (1, 0)
    assert row["judged_missing"] is None


def test_an_opinion_says_what_was_scored_by_what() -> None:
    [opinion] = row_of(judge(parrot(scores(5, 1))))["opinions_judged"]
    assert (opinion["asked"]["labels"], opinion["asked"]["response"]) == (["warmth", "joy"], "ordinal")
    assert opinion["asked"]["question"] == "From 1 to 5, how much does `answer` meet each of these?"
    assert opinion["rationale"] == "Because."
    assert opinion["shown"]["instructions"] == f"prompt {prompt('judge').called}, judge"


def test_scores_are_no_votes_for_emotions_of_the_same_names() -> None:
    row = row_of(judge(parrot(scores(5, 1))))
    rows = [{"opinion_id": "o", "sample_id": "s", **opinion} for opinion in row["opinions_judged"]]
    assert VoteShare().view(OPINIONS_TABLE.from_rows(rows), load_taxonomy("ekman-7")).num_rows == 0


def test_one_judge_cannot_disagree() -> None:
    row = row_of(judge(parrot(scores(4, 2))))
    assert (row["judged_warmth"], row["judged_warmth_range"]) == (4, None)


def test_a_judge_who_fails_is_missing_and_too_few_fail_the_row() -> None:
    panel = parrot(scores(4, 2)), parrot("no", name="deaf", model="deaf")
    row = row_of(judge(*panel))
    assert row["judged_missing"].startswith("deaf: UnreadableAnswer: deaf was asked 3 times")
    assert [x["rater"] for x in row["opinions_judged"]] == ["parrot"]
    assert run(judge(*panel, least=2), [ROW]).failed[0].error == "UnreadableAnswer"


@pytest.mark.parametrize("says", [scores(6, 1), scores(0, 1), scores(2.5, 1), {"scores": {"warmth": 1, "joy": 1}}, {}])
def test_what_is_not_on_the_scale_is_no_score(says: Any) -> None:
    assert run(judge(parrot(says)), [ROW]).failed[0].error == "UnreadableAnswer"
    assert row_of(judge(parrot(scores(6, 0)), scale="0-6"))["judged_warmth"] == 6


@pytest.mark.parametrize("text", [None, ""])
def test_nothing_to_score_is_not_asked_about(text: str | None) -> None:
    row = row_of(judge(parrot("no")), {**ROW, "answer": text})
    assert (row["opinions_judged"], row["judged_warmth"]) == ([], None)


def test_the_text_itself_can_be_judged_and_is_told_once() -> None:
    step = judge(parrot(scores(1, 1)), of="text")
    asks = next(step.talk({"text": "I lost my job.", "language": None}))  # type: ignore[arg-type]
    assert asks[0].messages[-1].text.count("I lost my job.") == 1
    assert '<data name="work"' in asks[0].messages[-1].text


@pytest.mark.parametrize(
    ("parameters", "says"),
    [
        ({"scale": "5-1"}, "begin with the lower score"),
        ({"least": 2}, "least is 2, and 1 are asked"),
        ({"judges": (parrot(can=("image",)),)}, "needs json"),
        (
            {"judges": (AskedModel("words", Asked(backend="bundled", model="lexicon")),)},
            "needs a model that takes a prompt",
        ),
        ({"judges": (parrot(), parrot())}, "bird is named twice"),
        ({"see": ("audio",), "judges": (parrot(can=("json",)),)}, "needs audio"),
        ({"prompt": parse_prompt("---\nid: mine\nversion: 1\n---\n@user\nWell?", "mine.jinja")}, "tells work"),
    ],
)
def test_what_cannot_be_judged_is_told_before_anything_runs(parameters: dict[str, Any], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        judge(*parameters.pop("judges", (parrot(),)), **parameters)


@given(st.lists(st.tuples(st.integers(1, 5), st.integers(1, 5)), min_size=1, max_size=6))
def test_the_mean_lies_within_the_range_whatever_the_order_of_judges(given_scores: list[tuple[int, int]]) -> None:
    opinions = [{"answer": {"intensities": list(some)}} for some in given_scores]
    found, turned = dict(spread(opinions, RUBRIC)), dict(spread(opinions[::-1], RUBRIC))
    assert found == turned
    for place, name in enumerate(RUBRIC):
        column = [some[place] for some in given_scores]
        assert min(column) <= (found[name] or 0) <= max(column)
        assert found[f"{name}_range"] == (max(column) - min(column) if len(column) > 1 else None)
