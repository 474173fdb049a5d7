"""The forms of tables: each gives the ratings that a person would read from it, or refuses the row."""

import json
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter

from affectory.transforms.ratings.csv import CsvRatings
from affectory.transforms.ratings.jsonl import JsonlRatings


def made(**parameters):
    return TypeAdapter(CsvRatings).validate_python({"path": "p", "of": "s", "target": "id", **parameters})


def labels(rating):
    """Labels with their weights, and intensities where they have some."""
    found = rating["labels"]
    if found is None:
        return rating["label"]
    return {x["label"]: (x["weight"],) if x["intensity"] is None else (x["weight"], x["intensity"]) for x in found}


def said(rows):
    return [(r["target_key"], r["rater"], labels(r)) for r in rows]


def refusals(refused):
    return [(r.uri.partition("#L")[2], r.reason, r.detail) for r in refused]


def test_words_are_spelled_as_the_recipe_says(take_bytes):
    reader = made(rater="who", label="mood", labels={"Happy": "joy", "happines": "joy"}, ignore=["xxx"])
    rows, refused = take_bytes(reader, b"id,who,mood\na,r,happy\nb,r, HAPPINES\nc,r,fear\nd,r,XXX\ne,r,\n")
    assert said(rows) == [("a", "r", "joy"), ("b", "r", "joy"), ("c", "r", "fear")]
    assert refusals(refused) == [
        ("5", "filtered", "'XXX' is no answer, as the recipe says (`ignore`)"),
        ("6", "bad_row", "nothing is rated"),
    ]


def test_an_answer_that_is_none_leaves_the_dimensions(take_bytes):
    reader = made(rater="who", label="mood", valence="v", ignore=["xxx"])
    rows, refused = take_bytes(reader, b"id,who,mood,v\na,r,xxx,0.5\n")
    assert ([(r["label"], r["valence"]) for r in rows], refused) == ([(None, 0.5)], [])


def test_several_labels_in_a_cell(take_bytes):
    reader = made(rater="who", label="moods", separator="|", labels={"happy": "joy"}, ignore=["other"])
    rows, refused = take_bytes(reader, b"id,who,moods\na,r,joy| fear\nb,r,happy|joy|\nc,r,other\nd,r,|\n")
    assert said(rows) == [("a", "r", {"joy": (1,), "fear": (1,)}), ("b", "r", "joy")]
    assert [r.reason for r in refused] == ["filtered", "bad_row"]
    assert reader.response == "multi-label"


def test_several_labels_as_a_json_list(take_bytes):
    reader = JsonlRatings(path="p", of="s", target="id", rater="who", label="moods", separator=",")
    lines = [{"id": "a", "who": "r", "moods": moods} for moods in (["joy", "fear"], [], "joy,fear", [1.5])]
    rows, refused = take_bytes(reader, "\n".join(map(json.dumps, lines)).encode())
    assert [labels(r) for r in rows] == [{"joy": (1,), "fear": (1,)}] * 2
    assert [r.detail for r in refused] == ["nothing is rated", "column 'moods': a value of type float, not text"]


def test_a_column_for_each_label(take_bytes):
    reader = made(rater="who", columns={"joy": "Joy", "fear": "Fear"})
    rows, refused = take_bytes(reader, b"id,who,Joy,Fear\na,r,1,0\nb,r,,True\nc,r,0,0\nd,r,,\ne,r,2,0\n")
    assert said(rows) == [
        ("a", "r", {"joy": (1,), "fear": (0,)}),
        ("b", "r", {"fear": (1,)}),
        ("c", "r", {"joy": (0,), "fear": (0,)}),
    ]
    assert refusals(refused) == [
        ("5", "bad_row", "nothing is rated"),
        ("6", "bad_row", "column 'Joy': '2' is neither 0 nor 1; for a scale give `intensity_max` or `levels`"),
    ]
    assert (reader.offered, reader.each_label, reader.response) == (("joy", "fear"), True, "multi-label")


@pytest.mark.parametrize(
    ("scale", "cells"),
    [
        ({"intensity_max": 3}, ("0", "3", "4")),
        ({"levels": ["None", "A little", "Much", "Extreme"]}, ("none", "EXTREME", "x")),
    ],
)
def test_a_column_for_each_label_with_how_strong_it_is(take_bytes, scale, cells):
    reader = made(rater="who", columns={"joy": "Joy"}, **scale)
    rows, (refused,) = take_bytes(reader, "id,who,Joy\n{}".format("\n".join(f"a,r,{c}" for c in cells)).encode())
    assert [labels(r) for r in rows] == [{"joy": (0, 0)}, {"joy": (1, 3)}]
    assert refused.reason == "bad_row"


@pytest.mark.parametrize(
    ("parameters", "data"),
    [
        ({"votes": {"joy": "j", "fear": "f", "anger": "a"}}, b"id,j,f,a\nx,2,0,1\ny,0,0,0\nz,-1,0,0\nz,1001,0,0\n"),
        (
            {"vote_digits": {"column": "v", "labels": ["joy", "fear", "anger"]}},
            b"id,v\nx,201\ny,000\nz,20\nz,2.1\n",
        ),
    ],
    ids=["a column a label", "digits"],
)
def test_votes_are_of_nobody_in_particular(take_bytes, parameters, data):
    reader = made(**parameters)
    rows, refused = take_bytes(reader, data)
    assert said(rows) == [("x", None, "joy"), ("x", None, "joy"), ("x", None, "anger")]
    assert {r["row"] for r in rows} == {2}
    assert [r.detail == "nothing is rated" for r in refused] == [True, False, False]
    assert (reader.offered, reader.each_label, reader.response) == (("joy", "fear", "anger"), False, "simplex")


@pytest.mark.parametrize(("people", "counts"), [({}, [0, 0]), ({"people": 7}, [7, 7]), ({"people": "n"}, [3, 4])])
def test_shares_are_the_answer_of_a_group(take_bytes, people, counts):
    reader = made(distribution={"joy": "j", "fear": "f"}, **people)
    rows, refused = take_bytes(reader, b"id,j,f,n\na,0.25,0.75,3\nb,30,10,4\nc,0,0,5\nd,-1,1,2\n")
    assert said(rows) == [
        ("a", "published", {"joy": (0.25,), "fear": (0.75,)}),
        ("b", "published", {"joy": (0.75,), "fear": (0.25,)}),
    ]
    assert [r["people"] for r in rows] == counts
    assert [r.detail for r in refused] == ["nothing is rated", "column 'j': -1.0 is not between 0 and inf"]


def test_a_column_for_each_rater(take_bytes):
    reader = made(wide=["Ann", "Bob"], labels={"happy": "joy"})
    rows, refused = take_bytes(reader, b"id,Ann,Bob\na,joy,happy\nb,,fear\nc,,\n")
    assert sorted(said(rows)) == [
        ("a", "Ann", {"joy": (1,)}),
        ("a", "Bob", {"joy": (1,)}),
        ("b", "Bob", {"fear": (1,)}),
    ]
    assert refusals(refused) == [("4", "bad_row", "nothing is rated")]


def test_a_column_for_each_rater_and_a_label_a_row(take_bytes):
    reader = made(wide=r"rater_\d+", label="mood", intensity_max=3)
    rows, refused = take_bytes(
        reader, b"id,mood,rater_1,rater_22,note\na,joy,0,3,x\na,fear,,1,x\nb,,1,1,x\nb,joy,9,1,x\n"
    )
    assert sorted(said(rows), key=str) == [
        ("a", "rater_1", {"joy": (0, 0)}),
        ("a", "rater_22", {"fear": (1, 1)}),
        ("a", "rater_22", {"joy": (1, 3)}),
    ]
    assert [(r.uri[-1], r.reason) for r in refused] == [("4", "bad_row"), ("5", "bad_row")]


def test_a_column_for_each_rater_and_label(take_bytes):
    reader = made(wide=r"(?P<label>joy|fear)_(?P<rater>r\d)")
    rows, refused = take_bytes(reader, b"id,joy_r1,fear_r1,joy_r2,fear_r2,joy\na,1,0,,1,x\n")
    assert said(rows) == [("a", "r1", {"joy": (1,), "fear": (0,)}), ("a", "r2", {"fear": (1,)})]
    assert (refused, reader.each_label) == ([], True)


def test_a_column_for_each_rater_and_dimension(take_bytes):
    reader = made(wide=r"(?P<label>valence|joy|glee)_(?P<rater>r\d)", vad_range=[1, 5], labels={"Glee": "joy"})
    data = b"id,valence_r1,joy_r1,valence_r2,glee_r3\na,5,1,1,\nb,,,3,0\nc,9,,1,\n"
    rows, refused = take_bytes(reader, data)
    assert [(*x, r["valence"]) for x, r in zip(said(rows), rows, strict=True)] == [
        ("a", "r1", {"joy": (1,)}, 1.0),
        ("a", "r2", None, -1.0),
        ("b", "r2", None, 0.0),
        ("b", "r3", {"joy": (0,)}, None),
    ]
    assert [(r.uri, r.detail) for r in refused] == [("file.txt#L4", "column 'valence_r1': 9.0 is not between 1 and 5")]


def test_rows_of_a_word_that_is_none_are_of_no_rater(take_bytes):
    rows, refused = take_bytes(made(wide=["r1"], label="mood", ignore=["xxx"]), b"id,mood,r1\na,xxx,1\na,joy,1\n")
    assert said(rows) == [("a", "r1", {"joy": (1,)})]
    assert [r.reason for r in refused] == ["filtered"]


def test_a_pattern_that_no_column_fits_is_told(take_bytes):
    _, (refused,) = take_bytes(made(wide="x.*"), b"id,a\na,joy\n")
    assert refused.detail == "no column fits 'x.*' of `wide`"


def test_two_columns_of_one_rater_are_not_guessed_between(take_bytes):
    rows, (refused,) = take_bytes(made(wide=r"(?P<rater>r\d)_(?:a|b)"), b"id,r1_a,r1_b\na,joy,fear\n")
    assert rows == []
    assert refused.detail.startswith("columns 'r1_a' and 'r1_b' are both what 'r1' says, by ")


def test_some_rows_of_a_table(take_bytes):
    reader = made(rater_name="published", label="mood", where={"": "2.*", "kind": "face|voice"})
    data = b",kind,id,mood\n21,face,a,joy\n12,face,b,joy\n22,voice,c,\n23,both,d,joy\n"
    rows, refused = take_bytes(reader, data)
    assert said(rows) == [("a", "published", "joy")]
    assert [(r.uri, r.row) for r in refused] == [
        ("file.txt#L4", json.dumps({"": "22", "kind": "voice", "id": "c", "mood": ""}))
    ]
    _, (none,) = take_bytes(made(rater_name="x", label="mood", where={"kind": "smell"}), data)
    assert (none.reason, none.detail) == ("bad_row", "none of 4 rows fits `where`")


def test_each_dimension_has_its_scale(take_bytes):
    reader = made(
        anonymous=True, valence="v", arousal="a", dominance="d", vad_range={"valence": [1, 9], "arousal": [0, 4]}
    )
    rows, refused = take_bytes(reader, b"id,v,a,d\nx,9,1,0.5\nx,9,5,0.5\n")
    assert [(r["valence"], r["arousal"], r["dominance"], r["rater"]) for r in rows] == [(1.0, -0.5, 0.5, None)]
    assert [r.detail for r in refused] == ["column 'a': 5.0 is not between 0 and 4"]


def test_targets_and_raters_of_several_columns(take_bytes):
    reader = made(target=["d", "u"], rater=["lab", "who"], label="mood")
    rows, refused = take_bytes(reader, b"d,u,lab,who,mood\n0,1,x,y,joy\n0,,x,y,joy\n")
    assert said(rows) == [("0/1", "x/y", "joy")]
    assert refusals(refused) == [("3", "missing_key", "column 'd and u': no value")]


def test_parts_of_pictures(take_bytes):
    reader = made(rater_name="r", label="mood", box=["x", "y", "w", "h"])
    rows, refused = take_bytes(reader, b"id,mood,x,y,w,h\na,joy,1,2,30.5,40\na,joy,,,,\na,joy,1,2,0,4\na,joy,1,,3,4\n")
    assert [r["box"] for r in rows] == [[1, 2, 30.5, 40], None]
    assert [(r.uri, r.reason) for r in refused] == [("file.txt#L4", "bad_row"), ("file.txt#L5", "bad_row")]
    assert "has no size" in refused[0].detail


cells = st.sampled_from(["", "0", "1", "2", "joy", "joy|fear", "xxx", "-1", "1e9"])
FORMS = {
    "words": {"label": "a", "rater": "b", "separator": "|", "ignore": ["xxx"], "labels": {"0": "joy"}},
    "a column a label": {"columns": {"joy": "a", "fear": "b"}, "rater_name": "r"},
    "scales": {"columns": {"joy": "a", "fear": "b"}, "anonymous": True, "levels": ["0", "1"]},
    "votes": {"votes": {"joy": "a", "fear": "b"}},
    "digits": {"vote_digits": {"column": "a", "labels": ["joy"]}},
    "shares": {"distribution": {"joy": "a", "fear": "b"}, "valence": "c"},
    "raters": {"wide": ["a", "b"]},
    "raters of labels": {"wide": "[ab]", "label": "c"},
    "some": {"label": "a", "rater_name": "r", "where": {"b": "1|joy"}},
}


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
@settings(max_examples=40)
@given(rows=st.lists(st.tuples(cells, cells, cells), min_size=1, max_size=6))
def test_every_row_says_something_or_is_refused(take, tmp_path_factory, form, rows):
    path = tmp_path_factory.mktemp("forms") / "f.csv"
    path.write_text("id,a,b,c\n" + "".join(f"x,{a},{b},{c}\n" for a, b, c in rows))
    taken, refused = take(made(**form), path)
    said = {r["row"] for r in taken}
    told = Counter(int(r.uri.partition("#L")[2]) for r in refused if "#" in r.uri)
    meant = {n for n, row in enumerate(rows, 2) if "where" not in form or row[1] in ("1", "joy")}
    assert said | told.keys() == meant
    assert not said & told.keys()
    assert set(told.values()) <= {1}
    for rating in taken:
        labels = rating["labels"] or []
        assert rating["label"] or labels or rating["valence"] is not None
        assert all(x["weight"] >= 0 for x in labels)


def test_shares_too_large_to_be_added_are_none(take_bytes):
    rows, (refused,) = take_bytes(made(distribution={"joy": "a", "fear": "b"}), b"id,a,b\nx,1e308,1e308\n")
    assert (rows, refused.detail) == ([], "nothing is rated")
