"""Ratings from tables as people have them."""

from typing import Any

import pyarrow as pa
import pytest

from affectory.quality.agreement import Question, Ratings
from affectory.quality.labelling import opinions_of
from affectory.schemas.errors import UserError

ROWS = [
    {"text": "t2", "who": "b", "joy": 3, "anger": "A lot", "speaker": "s1"},
    {"text": "t1", "who": "a", "joy": 1, "anger": "None", "speaker": "s1"},
    {"text": "t1", "who": "b", "joy": None, "anger": "A little", "speaker": ""},
]
AMOUNTS = ("None", "A little", "A lot")


def values(question: Question) -> list[tuple[Any, ...]]:
    columns = (question.rows.column(name).to_pylist() for name in ("item", "rater", "value"))
    return list(zip(*columns, strict=True))


class Frame:
    """What data frames of several libraries offer."""

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        return pa.Table.from_pylist(ROWS).__arrow_c_stream__(requested_schema)


@pytest.mark.parametrize(
    "table",
    [ROWS, ROWS[::-1], pa.Table.from_pylist(ROWS), {k: [r[k] for r in ROWS] for k in ROWS[0]}, Frame()],
    ids=["rows", "other order", "Arrow", "columns", "data frame"],
)
def test_any_table_will_do(table: Any) -> None:
    [joy] = Ratings.read(table, item="text", rater="who", value="joy").questions
    assert values(joy) == [("t1", "a", 1.0), ("t2", "b", 3.0)]
    assert (joy.name, joy.level) == ("joy", "ordinal")


def test_none_is_a_level_where_it_is_declared_and_a_word_where_not() -> None:
    [anger] = Ratings.read(ROWS, item="text", rater="who", value="anger", levels=AMOUNTS).questions
    assert values(anger) == [("t1", "a", 0.0), ("t1", "b", 1.0), ("t2", "b", 2.0)]
    assert (anger.level, anger.levels) == ("ordinal", AMOUNTS)
    [word] = Ratings.read(ROWS, item="text", rater="who", value="anger").questions
    assert (word.level, word.rows.num_rows) == ("nominal", 3)


def test_columns_may_be_questions() -> None:
    anger, joy = Ratings.read(ROWS, item="text", rater="who", columns=["joy", "anger"]).questions
    assert (anger.name, anger.level, joy.name, joy.level) == ("anger", "nominal", "joy", "ordinal")


def test_columns_may_be_raters() -> None:
    rows = [{"id": 7, "emotion": "Joy", "a1": 0, "a2": 3.0}, {"id": 7, "emotion": "Fear", "a1": 1, "a2": float("nan")}]
    fear, joy = Ratings.read(rows, item="id", raters=["a1", "a2"], question="emotion").questions
    assert values(joy) == [("7", "a1", 0.0), ("7", "a2", 3.0)]
    assert values(fear) == [("7", "a1", 1.0)]


def test_raters_may_write_numbers_as_text() -> None:
    rows = [{"id": 1, "a": 2.0, "b": "2"}, {"id": 2, "a": float("nan"), "b": ""}]
    [found] = Ratings.read(rows, item="id", raters=["a", "b"]).questions
    assert values(found) == [("1", "a", 2.0), ("1", "b", 2.0)]


def test_columns_may_count_those_who_said_so() -> None:
    rows = [{"clip": "c1", "happy": "2", "sad": "1"}, {"clip": "c2", "happy": "", "sad": "3"}]
    [found] = Ratings.read(rows, item="clip", counts=["happy", "sad"]).questions
    assert values(found) == [("c1", None, v) for v in (0, 0, 1)] + [("c2", None, 1)] * 3
    assert (found.level, found.levels) == ("nominal", ("happy", "sad"))


def test_lists_are_sets_of_labels_and_empty_ones_are_answers() -> None:
    rows = [{"i": 1, "r": 1, "v": ["b", "a"]}, {"i": 1, "r": 2, "v": []}, {"i": 1, "r": 3, "v": None}]
    [found] = Ratings.read(rows, item="i", rater="r", value="v").questions
    assert (found.level, values(found)) == ("multi-label", [("1", "1", ["b", "a"]), ("1", "2", [])])


@pytest.mark.parametrize(
    ("given", "level"),
    [
        ([True, False], "ordinal"),
        (["+2", "-1"], "ordinal"),
        ([0.5, 1.0], "interval"),
        (list(range(12)), "interval"),
        (["1", "x"], "nominal"),
    ],
)
def test_values_show_how_they_are_measured(given: list[Any], level: str) -> None:
    rows = [{"i": n, "v": v} for n, v in enumerate(given)]
    assert Ratings.read(rows, item="i", value="v").questions[0].level == level


def test_models_and_people_are_told_apart() -> None:
    rows = [{"i": 1, "v": 1, "k": k} for k in ("human", "model", None, "lexicon", "author")]
    [found] = Ratings.read(rows, item="i", value="v", kind="k").questions
    assert (found.of("people").rows.num_rows, found.of("models").rows.num_rows) == (3, 2)


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ({"value": "jyo"}, "no column 'jyo'\n  the columns are text, who, joy, anger, speaker"),
        ({}, "given: none"),
        ({"value": "joy", "columns": ["anger"]}, "given: value, columns"),
        ({"value": "anger", "levels": ["None", "A lot"]}, "'A little' is not one of the levels\n  the levels are None"),
        ({"value": "anger", "level": "ordinal"}, "is no number, and ordinal needs an order"),
        ({"value": "joy", "level": "cardinal"}, "no level 'cardinal'"),
        ({"value": "joy", "level": "multi-label"}, "multi-label takes lists"),
        ({"counts": ["anger"]}, "'A lot', which is not a count"),
    ],
)
def test_what_is_wrong_is_said_with_what_there_is(more: dict[str, Any], says: str) -> None:
    with pytest.raises(UserError) as error:
        Ratings.read(ROWS, item="text", **more)
    assert says in str(error.value)


def test_what_is_no_table_is_refused() -> None:
    with pytest.raises(UserError, match="a int is no table"):
        Ratings.read(3, item="i", value="v")


@pytest.mark.parametrize("empty", [[], pa.table({}), {"i": [], "v": []}, {"i": [None], "v": [1]}])
def test_no_rows_are_no_ratings(empty: Any) -> None:
    assert sum(q.rows.num_rows for q in Ratings.read(empty, item="i", value="v").questions) == 0


def test_counts_that_would_fill_the_memory_are_refused() -> None:
    table = {"item": [1, 2], "joy": [2, 10**9], "fear": [1, 0]}
    with pytest.raises(UserError, match="too many to count one by one"):
        Ratings.read(table, item="item", counts=["joy", "fear"])
    with pytest.raises(UserError, match="too many to count one by one"):
        opinions_of(table, "ekman-7", item="item", counts=["joy", "fear"])
