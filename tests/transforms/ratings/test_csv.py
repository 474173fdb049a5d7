"""Ratings from delimited text: every row is a rating or a refusal, with numbers on the scales that were stated."""

import json

import pytest

from affectory.transforms.ratings.csv import CsvRatings

FULL = CsvRatings(
    path="p",
    of="s",
    file="file",
    rater="who",
    start="from",
    end="to",
    char_start="c0",
    char_end="c1",
    label="emotion",
    intensity="much",
    intensity_max=4,
    valence="v",
    arousal="a",
    dominance="d",
    vad_range=(1, 9),
    confidence="sure",
    rationale="why",
    occasion="time",
    spent_s="took",
)
HEADER = "file,who,from,to,c0,c1,emotion,much,v,a,d,sure,why,time,took"


def test_all_columns(take_bytes):
    row = "clips/a b.mp4,ann,0.5,2.0000001,0,5,None,4,1,5,9,0.75,she smiles,2,12.5"
    (rating,), refused = take_bytes(FULL, f"{HEADER}\r\n{row}\r\n".encode())
    assert refused == []
    assert rating == {
        "target_key": None,
        "target_file": "clips/a b.mp4",
        "start_us": 500_000,
        "end_us": 2_000_000,
        "char_start": 0,
        "char_end": 5,
        "rater": "ann",
        "label": "None",
        "intensity": 4.0,
        "valence": -1.0,
        "arousal": 0.0,
        "dominance": 1.0,
        "confidence": 0.75,
        "rationale": "she smiles",
        "occasion": "2",
        "spent_s": 12.5,
        "row": 2,
        "labels": None,
        "box": None,
        "people": None,
        "evidence": None,
    }


def test_empty_cells_are_not_given(take_bytes):
    (rating,), refused = take_bytes(FULL, f"{HEADER}\nf,ann,,,,,NA,,,,,,,,\n".encode())
    assert refused == []
    assert {k: v for k, v in rating.items() if v is not None} == {
        "target_file": "f",
        "rater": "ann",
        "label": "NA",
        "row": 2,
    }


@pytest.mark.parametrize(
    ("change", "reason", "detail"),
    [
        ({"file": ""}, "missing_key", "column 'file': no value"),
        ({"who": ""}, "bad_row", "column 'who': no value"),
        ({"from": "-0.1"}, "bad_row", "column 'from': -0.1 is not between 0"),
        ({"from": "00:20:57,256"}, "bad_row", "column 'from': '00:20:57,256' is not a number"),
        ({"to": "nan"}, "bad_row", "column 'to': 'nan' is not a number"),
        ({"to": "1e300"}, "bad_row", "column 'to'"),
        ({"from": "2", "to": "2"}, "bad_row", "ends (2000000) where or before it starts (2000000)"),
        ({"from": "2", "to": "1"}, "bad_row", "the stretch ends"),
        ({"c0": "3", "c1": "3"}, "bad_row", "the stretch ends (3)"),
        ({"c0": "1.5"}, "bad_row", "column 'c0': '1.5' is not a whole number"),
        ({"c1": "-1"}, "bad_row", "column 'c1': -1 is not between 0"),
        ({"much": "4.1"}, "bad_row", "column 'much': 4.1 is not between 0 and 4"),
        ({"much": "much"}, "bad_row", "column 'much': 'much' is not a number"),
        ({"v": "0.9"}, "bad_row", "column 'v': 0.9 is not between 1 and 9"),
        ({"a": "9.5"}, "bad_row", "column 'a': 9.5 is not between 1 and 9"),
        ({"d": "1,5"}, "bad_row", "column 'd': '1,5' is not a number"),
        ({"sure": "75"}, "bad_row", "column 'sure': 75.0 is not between 0 and 1"),
        ({"took": "-1"}, "bad_row", "column 'took'"),
        ({"emotion": "", "v": "", "a": "", "d": ""}, "bad_row", "nothing is rated"),
    ],
)
def test_a_row_that_does_not_fit_is_refused_alone(take_bytes, change, reason, detail):
    cells = dict.fromkeys(("from", "c0"), "0") | dict.fromkeys(("to", "c1", "much", "sure", "time", "took"), "1")
    cells |= {"file": "f", "who": "ann", "emotion": "joy", "v": "5", "a": "5", "d": "5", "why": "so"}
    fine = {name: cells[name] for name in HEADER.split(",")}
    lines = [HEADER, *(",".join(f'"{v}"' for v in row.values()) for row in ({**fine, **change}, fine))]
    rows, (refused,) = take_bytes(FULL, "\n".join(lines).encode())
    assert [r["row"] for r in rows] == [3]
    assert (refused.uri, refused.reason) == ("file.txt#L2", reason)
    assert detail in refused.detail
    assert json.loads(refused.row) == {**fine, **change}


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "empty"),
        (b"id,who,emotion\n", "empty"),
        (b"id,who\na,r\n", "bad_row"),
        (b"id,who,emotion\na,r,caf\xe9\n", "bad_encoding"),
    ],
)
def test_a_file_that_can_not_be_read_is_one_refusal(reader, take_bytes, data, reason):
    rows, (refused,) = take_bytes(reader(CsvRatings), data)
    assert (rows, refused.uri, refused.reason) == ([], "file.txt", reason)


def test_files_are_listed_as_for_sources(reader, tmp_path):
    for name in ("b.csv", "a.csv", "c.txt", ".d.csv"):
        (tmp_path / name).write_bytes(b"x")
    found = [x.name if hasattr(x, "name") else x.reason for x in reader(CsvRatings).files(tmp_path)]
    assert found == ["unsupported", "a.csv", "b.csv"]
