"""Labels of tables that people have in notebooks: no recipe, no workspace."""

from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from affectory.quality.labelling import label, opinions_of, rules
from affectory.schemas.errors import UserError
from affectory.schemas.taxonomy import load_taxonomy

EKMAN = load_taxonomy("ekman-7")
ROWS = [
    {"clip": 1, "who": "ann", "said": "joy"},
    {"clip": 1, "who": "bob", "said": "happiness"},
    {"clip": 1, "who": "cyd", "said": "anger"},
    {"clip": 2, "who": "ann", "said": "fear"},
    {"clip": 2, "who": "bob", "said": None},
]


def values(labels: pa.Table) -> dict[str, dict[str, float]]:
    rows = zip(labels.column("sample_id").to_pylist(), labels.column("values").to_pylist(), strict=True)
    return {item: {n: round(v, 4) for n, v in zip(EKMAN.labels, row, strict=True) if v} for item, row in rows}


def test_a_label_a_row_with_the_words_that_the_taxonomy_knows() -> None:
    found = label(opinions_of(ROWS, EKMAN, item="clip", rater="who", value="said"), "ekman-7")
    assert values(found) == {"1": {"joy": 0.6667, "anger": 0.3333}, "2": {"fear": 1.0}}


def test_several_labels_a_row() -> None:
    rows = {"clip": ["a", "a"], "said": [["joy", "surprise"], ["joy"]]}
    assert values(label(opinions_of(rows, EKMAN, item="clip", value="said"), EKMAN)) == {
        "a": {"joy": 0.75, "surprise": 0.25}
    }


def test_votes_that_were_counted_are_one_opinion_each() -> None:
    found = opinions_of({"clip": ["a"], "joy": [3], "anger": [1]}, EKMAN, item="clip", counts=["joy", "anger"])
    assert (found.num_rows, len(set(found.column("rater").to_pylist()))) == (4, 4)
    assert values(label(found, EKMAN)) == {"a": {"joy": 0.75, "anger": 0.25}}


def test_how_strongly_in_a_column_a_label() -> None:
    rows = {"clip": ["a", "a"], "joy": [2, 3], "fear": [0, None]}
    found = label(opinions_of(rows, EKMAN, item="clip", intensities=["joy", "fear"]), EKMAN, "intensity_mean")
    assert found.column("values").to_pylist()[0][EKMAN.index("joy")] == 2.5


def test_a_row_that_does_not_say_what_was_rated_is_left_out_and_who_is_not_named_is_nobody_else() -> None:
    rows = [["", "ann"], [" ", "ann"], [None, "ann"], ["a", ""], ["a", None], ["a", "ann"], ["a", " "]]
    table = {"clip": [c for c, _ in rows], "who": [w for _, w in rows], "said": ["joy"] * len(rows)}
    found = opinions_of(table, EKMAN, item="clip", rater="who", value="said")
    assert found.column("sample_id").to_pylist() == ["a"] * 4
    assert len(set(found.column("rater").to_pylist())) == 4


def test_a_mistaken_parameter_is_told_with_those_that_there_are() -> None:
    with pytest.raises(UserError) as caught:
        label(opinions_of(ROWS, EKMAN, item="clip", value="said"), EKMAN, "n_best", m=2)
    assert caught.value.hint == "its parameters: n"


def test_places_in_vad() -> None:
    rows = {"clip": ["a", "a"], "valence": [0.5, 1.0], "arousal": [0.0, 0.5], "dominance": [0.0, 0.0]}
    found = label(opinions_of(rows, EKMAN, item="clip", vad=True), EKMAN, "vad_mean")
    assert found.column("values").to_pylist() == [[0.75, 0.25, 0.0]]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: opinions_of(ROWS, EKMAN, item="clp", value="said"), "no column 'clp'"),
        (lambda: opinions_of([{"clip": 1, "said": "jo"}], EKMAN, item="clip", value="said"), "did you mean joy"),
        (lambda: label(opinions_of(ROWS, EKMAN, item="clip", value="said"), EKMAN, "vote_shares"), "vote_share"),
        (lambda: label(opinions_of(ROWS, EKMAN, item="clip", value="said"), EKMAN, "n_best", m=2), "n_best"),
        (lambda: opinions_of(ROWS, EKMAN, item="clip", value="who"), "no 'ann'; no 'bob'; no 'cyd'"),
        (lambda: opinions_of({"c": [1], "joy": ["some"]}, EKMAN, item="c", intensities=["joy"]), "no number"),
        (
            lambda: opinions_of({"c": [1], "joy": ["some"]}, EKMAN, item="c", intensities=["joy"], levels=["no"]),
            "joy: 'some' is not one of the levels",
        ),
        (lambda: label(pa.table({"x": [1]}), EKMAN), "these are no opinions"),
        (lambda: opinions_of(3, EKMAN, item="clip", value="said"), "no table of ratings"),
    ],
)
def test_mistakes_are_told_with_what_is_allowed(call: Any, message: str) -> None:
    with pytest.raises(UserError, match=message):
        call()


@pytest.mark.parametrize("rule", rules())
def test_every_rule_takes_nothing_and_one_opinion(rule: str) -> None:
    for rows in (ROWS[:0], ROWS[:1]):
        table = pa.Table.from_pylist(
            rows, pa.schema([("clip", pa.int64()), ("who", pa.string()), ("said", pa.string())])
        )
        made = label(opinions_of(table, EKMAN, item="clip", rater="who", value="said"), EKMAN, rule)
        assert set(made.column("sample_id").to_pylist()) <= {"1"}


@settings(deadline=None, max_examples=30)
@given(st.permutations(ROWS))
def test_the_order_of_rows_does_not_matter(rows: list[Any]) -> None:
    found = [opinions_of(x, EKMAN, item="clip", rater="who", value="said") for x in (ROWS, rows)]
    assert found[0].equals(found[1])
