"""Ratings from JSON lines: values keep their types, and none is guessed at."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from affectory.transforms.ratings.jsonl import JsonlRatings

values = st.none() | st.text(max_size=4) | st.integers(-3, 12) | st.floats() | st.booleans()


@pytest.mark.parametrize(
    "change",
    [
        {"much": True},
        {"much": [1]},
        {"much": 10**400},
        {"emotion": 3},
        {"who": 1.5},
        {"much": "1_0"},
        {"much": "１"},
        {"much": "inf"},
    ],
)
def test_json_values_are_not_guessed_at(reader, take_bytes, change):
    line = {"id": "a", "who": "ann", "emotion": "joy", "much": 1, **change}
    rows, (refused,) = take_bytes(reader(JsonlRatings, intensity="much"), json.dumps(line).encode())
    assert (rows, refused.reason) == ([], "bad_row")


def test_json_numbers_and_numbers_as_text(reader, take_bytes):
    lines = [{"id": 7, "who": 3, "emotion": "joy", "much": much} for much in (2, 2.0, "2", " 2.0 ", "2e0", "+2.")]
    rows, refused = take_bytes(reader(JsonlRatings, intensity="much"), "\n".join(map(json.dumps, lines)).encode())
    assert refused == []
    assert {(r["target_key"], r["rater"], r["intensity"]) for r in rows} == {("7", "3", 2.0)}


def test_without_a_highest_intensity_only_its_sign_is_checked(reader, take_bytes):
    lines = [{"id": "a", "who": "x", "emotion": "joy", "much": much} for much in (0, 1000, -1)]
    rows, refused = take_bytes(reader(JsonlRatings, intensity="much"), "\n".join(map(json.dumps, lines)).encode())
    assert ([r["intensity"] for r in rows], [r.uri for r in refused]) == ([0.0, 1000.0], ["file.txt#L3"])


def test_dimensions_without_labels(reader, take_bytes):
    ratings = reader(JsonlRatings, label=None, valence="v", arousal="a", vad_range=[-3, 3])
    rows, refused = take_bytes(ratings, b'{"id": "x", "who": "r", "v": 3, "a": null}\n{"id": "x", "who": "r"}\n')
    assert [(r["label"], r["valence"], r["arousal"], r["dominance"]) for r in rows] == [(None, 1.0, None, None)]
    assert [r.detail for r in refused] == ["nothing is rated"]


@given(st.lists(st.dictionaries(st.sampled_from(["id", "who", "emotion", "much", "v", "from", "to"]), values)))
def test_every_row_is_a_rating_or_refused(reader, take, tmp_path_factory, lines):
    path = tmp_path_factory.mktemp("ratings") / "r.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    ratings = reader(JsonlRatings, intensity="much", intensity_max=10, valence="v", start="from", end="to")
    rows, refused = take(ratings, path)
    if lines:
        places = [r["row"] for r in rows] + [int(r.uri.partition("#L")[2]) for r in refused]
        assert sorted(places) == list(range(1, len(lines) + 1))
    for row in rows:
        assert row["target_key"] and row["rater"]
        assert row["label"] or row["valence"] is not None
        assert row["intensity"] is None or 0 <= row["intensity"] <= 10
        assert row["valence"] is None or -1 <= row["valence"] <= 1
        assert row["end_us"] is None or row["end_us"] > (row["start_us"] or -1)
