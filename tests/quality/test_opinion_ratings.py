"""Opinions as ratings: nothing is compared that was not asked alike."""

from typing import Any

import pytest
from support.opining import ABC, Row, opinion, table, vad

from affectory.quality.agreement import Question, Ratings, agreement


def questions(*rows: Row, clusters: dict[str, str] | None = None) -> dict[str, Question]:
    """By name and what they are about."""
    found = Ratings.of_opinions(table(*rows), ABC, clusters).questions
    return {f"{q.name} ({q.about})": q for q in found}


def said(question: Question) -> list[Any]:
    return list(question.rows.column("value").to_pylist())


def multi(number: int, weights: Any, **given: Any) -> Row:
    made = opinion(number, weights, **given)
    return {**made, "asked": {**made["asked"], "response": "multi-label"}}


def test_votes_are_presence_of_each_label_and_one_choice() -> None:
    found = questions(opinion(1, [1, 0, 0]), opinion(2, [0, 0, 1]), opinion(3, [0.5, 0.5, 0]))
    assert said(found["a (perceived, text)"]) == [1, 0, 1]
    assert (found["a (perceived, text)"].level, found["a (perceived, text)"].levels) == ("nominal", ("no", "yes"))
    choice = found["emotion (perceived, text)"]
    assert (said(choice), choice.levels) == ([0, 2], ABC.labels), "who divides a vote makes no choice"


def test_a_model_that_gives_all_labels_some_picks_where_most_goes() -> None:
    """Else every label would be there for it, and those who choose one would never agree with it."""
    models: Row = {"rater_kind": "model"}
    rows = [
        opinion(n, weights, **models) for n, weights in ((1, [0.7, 0.2, 0.1]), (2, [1, 0, 0]), (3, [0.4, 0.4, 0.2]))
    ]
    found = questions(*rows, opinion(4, [0.7, 0.2, 0.1]))
    assert [said(found[f"{label} (perceived, text)"]) for label in "abc"] == [[1, 1, 1, 1], [0, 0, 1, 1], [0, 0, 0, 1]]


def test_sets_are_compared_as_sets_and_an_empty_one_is_an_answer() -> None:
    found = questions(multi(1, [1, 1, 0]), multi(2, [0, 0, 0]))
    assert said(found["emotions (perceived, text)"]) == [["a", "b"], []]
    assert "emotion (perceived, text)" not in found


def test_intensities_are_steps_and_what_was_not_asked_is_a_gap() -> None:
    strong = [opinion(n, answer={"intensities": i}) for n, i in ((1, [3, 0, None]), (2, [2, 0, None]))]
    found = questions(*strong, opinion(3, [1, 0, 0]))
    assert (said(found["a, how strong (perceived, text)"]), found["a, how strong (perceived, text)"].level) == (
        [3, 2], "ordinal",
    )  # fmt: skip
    assert "c, how strong (perceived, text)" not in found
    assert said(found["a (perceived, text)"]) == [1], "who graded is not asked again whether"


def test_dimensions_rankings_and_traces() -> None:
    trace = [{"at_us": 0, "value": 0.5}, {"at_us": 40, "value": None}]
    found = questions(
        vad(1, 0.5, None, None),
        opinion(2, answer={"ranking": ["b", "a"]}),
        opinion(5, answer={"words": ["Glad", "at ease"], "preference": "a2"}),
        opinion(3, labels=("arousal",), answer={"trace": trace}),
    )
    assert said(found["valence (perceived, text)"]) == [0.5] and "arousal (perceived, text)" not in found
    assert said(found["ranking (perceived, text)"]) == [["b", "a"]]
    assert said(found["words (perceived, text)"]) == [["at ease", "glad"]]
    assert (said(found["preference (perceived, text)"]), found["preference (perceived, text)"].levels) == ([0], ("a2",))
    assert len(said(found["trace: arousal (perceived, text)"])[0]) == 2


def test_who_was_asked_the_same_and_pointed_at_nothing_marked_nothing() -> None:
    cause = {"kind": "cause", "char_start": 5, "char_end": 9}
    rows = [
        opinion(1, [1, 0, 0], evidence=[cause, {**cause, "record": "r_2"}, {**cause, "char_end": None}]),
        opinion(2, [1, 0, 0], evidence=[{**cause, "char_start": 7}]),
        opinion(3, [1, 0, 0]),
        opinion(4, [1, 0, 0], sample_id="s_2"),
    ]
    found = questions(*rows)["cause in text (perceived, text)"]
    assert found.rows.column("item").to_pylist() == ["s_1"] * 3 + ["s_1 in r_2"] * 3
    whole = [{"start": 5, "end": 9}]
    assert said(found) == [whole, [{"start": 7, "end": 9}], [], whole, [], []]
    alpha = agreement(Ratings((found,)), draws=0)
    assert alpha.figures[0].value is not None and "how long items are is not known" in alpha.as_text()


@pytest.mark.parametrize(
    "other", [{"perspective": "felt"}, {"whose": "child"}, {"modalities": ["audio", "text"]}], ids=str
)
def test_what_was_asked_or_seen_otherwise_is_compared_apart(other: Row) -> None:
    rows = [opinion(1, [1, 0, 0]), opinion(2, [0, 1, 0], **other)]
    found = agreement(Ratings.of_opinions(table(*rows), ABC), draws=0)
    assert {f.state for f in found.figures} == {"a single rater"}
    assert len({f.about for f in found.figures}) == 2


def test_models_stand_apart_and_groups_are_no_raters() -> None:
    rows = [opinion(1, [1, 0, 0]), opinion(2, [1, 0, 0], rater_kind="model"), opinion(3, [0, 1, 0], people=12)]
    found = questions(*rows)["a (perceived, text)"]
    assert found.rows.column("pool").to_pylist() == ["people", "models"]


def test_the_same_opinion_twice_counts_once_and_order_does_not_matter() -> None:
    rows = [opinion(1, [1, 0, 0]), opinion(2, [0, 1, 0]), opinion(3, [0, 1, 0], sample_id="s_2")]
    a, b = questions(*rows, rows[0]), questions(*rows[::-1])
    assert {name: q.rows for name, q in a.items()} == {name: q.rows for name, q in b.items()}


def test_clusters_and_chances_come_along() -> None:
    shown = {"probability": 0.5}
    found = questions(opinion(1, [1, 0, 0], shown=shown), clusters={"s_1": "p_speaker"})["a (perceived, text)"]
    assert found.rows.select(["cluster", "chance"]).to_pylist() == [{"cluster": "p_speaker", "chance": 0.5}]


def test_chances_that_follow_an_answer_forbid_alpha() -> None:
    rows = [
        opinion(n, [1, 0, 0] if n % 3 else [0, 1, 0], sample_id=f"s_{n // 2}", shown={"probability": 1 - n % 2 / 2})
        for n in range(12)
    ]
    found = agreement(Ratings.of_opinions(table(*rows), ABC), draws=0)
    assert "asked only after" in found.of("a", "alpha nominal").state


def test_no_opinions_are_no_questions() -> None:
    assert questions() == {}
    assert questions(opinion(1, labels=("unheard", "of"), answer={"weights": [1, 0]}, of=None)) == {}


def test_an_adjudicator_knows_what_others_said_and_is_no_rater_among_them() -> None:
    rows = [opinion(1, [1, 0, 0]), opinion(2, [0, 0, 1]), opinion(3, [1, 0, 0], rater_kind="adjudicator")]
    assert said(questions(*rows)["emotion (perceived, text)"]) == [0, 2]
    assert not questions(rows[2])
