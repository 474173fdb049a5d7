"""RTTM, SRT and VTT files, and the tables that stand for them; sidecars with what somebody agreed to."""

import json
from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from affectory.transforms.sources._cut_lists import Cut, cuts_of, microseconds
from affectory.transforms.sources._described import Consent, Segments, Sidecar
from affectory.transforms.sources._side_tables import SegmentsReader, SidecarReader
from affectory.transforms.sources.base import Limits, Refused, SourceFile
from affectory.transforms.sources.folder import FolderSource

RTTM = """;; a comment
SPEAKER meet 1 1.50 2.25 <NA> <NA> ann <NA> <NA>
SPKR-INFO meet 1 <NA> <NA> <NA> unknown ann <NA>
SPEAKER meet 1 4.0 -1 <NA> <NA> bob <NA> <NA>
SPEAKER other 1 0 1 <NA> <NA> <NA> <NA> <NA>
SPEAKER meet 1 x 1 <NA> <NA> bob <NA> <NA>
SPEAKER meet 1 1
"""
SRT = """1
00:00:01,000 --> 00:00:02,500
Hello <i>you</i>
there

2
00:00:05,000 --> 00:00:04,000
Backwards

3
0:x --> 1
no
"""
VTT = "WEBVTT\n\nNOTE none\n\nintro\n00:01.000 --> 01:02:03.500 align:start\n<v.loud Ann Lee>Hi <b>Bob</b></v>\n"


def read(tmp_path: Path, name: str, text: str) -> tuple[list[Cut], list[Refused]]:
    (tmp_path / name).write_bytes(text.encode())
    return cuts_of(SourceFile(name, tmp_path / name, "0" * 64, len(text)), Limits())


def test_rttm(tmp_path):
    cuts, refused = read(tmp_path, "a.rttm", RTTM)
    assert [cut[:5] for cut in cuts] == [
        ("meet", 1_500_000, 3_750_000, "ann", None),
        ("other", 0, 1_000_000, None, None),
    ]
    assert [(r.uri, r.reason) for r in refused] == [(f"a.rttm#L{n}", "bad_row") for n in (4, 6, 7)]


def test_srt(tmp_path):
    cuts, refused = read(tmp_path, "clip.srt", SRT)
    assert [cut[:5] for cut in cuts] == [("clip", 1_000_000, 2_500_000, None, "Hello you\nthere")]
    assert [r.uri for r in refused] == ["clip.srt#L7", "clip.srt#L11"]


def test_vtt_says_who(tmp_path):
    cuts, _ = read(tmp_path, "clip.vtt", VTT)
    assert [cut[:5] for cut in cuts] == [("clip", 1_000_000, 3_723_500_000, "Ann Lee", "Hi Bob")]


@given(st.text())
def test_no_text_breaks_the_readers(tmp_path_factory, text):
    for name in ("a.rttm", "a.srt", "a.vtt"):
        read(tmp_path_factory.getbasetemp(), name, text.encode("utf-8", "replace").decode() + "\n0:1 --> 0:2\nx")


@pytest.mark.parametrize("reference", ["ami_debug.development.rttm", "ami_debug.test.rttm"])
def test_reference_turns(shared, reference):
    path = shared(f"media/{reference}")
    cuts, refused = cuts_of(SourceFile(reference, path, "0", path.stat().st_size), Limits())
    assert (len(cuts), refused) == (len(path.read_text().splitlines()), [])
    assert {cut.of for cut in cuts} <= {"dev00", "dev01", "tst00", "tst01", "trn00"} or cuts


@pytest.mark.parametrize(
    ("value", "unit", "expected"),
    [
        (1.5, "s", 1_500_000),
        ("250", "ms", 250_000),
        (7, "us", 7),
        ("01:02:03.5", "ms", 3_723_500_000),
        ("1:02", "s", 62_000_000),
    ],
)
def test_times(value, unit, expected):
    assert microseconds(value, unit) == expected


@pytest.mark.parametrize("value", ["soon", "1:2:3:4", "nan", "inf", [1], "1e300", 10**400])
def test_what_is_no_time(value):
    with pytest.raises(ValueError, match="is not a time"):
        microseconds(value)


def table(tmp_path: Path, name: str, text: str) -> SourceFile:
    (tmp_path / name).write_text(text)
    return SourceFile(name, tmp_path / name, "0" * 64, len(text))


def test_a_table_of_cuts(tmp_path):
    file = table(tmp_path, "c.csv", "f,s,e,n,t\na.mp4,0,1500,ann,Hi\na.mp4,5,5,bob,\nb.mp4,x,9,,\nb.mp4,0,1e13,,\n")
    reader = SegmentsReader(Segments(path="x", file="f", start="s", end="e", unit="ms", who="n", text="t"))
    (found,) = reader.read(file, Limits())
    assert [cut[:5] for cut in found.cuts] == [("a.mp4", 0, 1_500_000, "ann", "Hi")]
    assert [r.uri for r in found.refused] == ["c.csv#L3", "c.csv#L4", "c.csv#L5"]
    assert "is the unit right?" in found.refused[2].detail


def test_a_table_of_boxes(tmp_path):
    file = table(
        tmp_path, "b.csv", "f,x,y,w,h,n\na.jpg,1,2,30.5,40,ann\na.jpg,0,0,0,9,\nb.jpg,1,,2,2,\nb.jpg,1,2,2,x,\n"
    )
    reader = SegmentsReader(Segments(path="x", file="f", box=("x", "y", "w", "h"), who="n"))
    (found,) = reader.read(file, Limits())
    assert found.cuts == (Cut("a.jpg", None, None, "ann", None, "b.csv#L2", (1.0, 2.0, 30.5, 40.0)),)
    assert [r.uri for r in found.refused] == ["b.csv#L3", "b.csv#L4", "b.csv#L5"]
    assert "has no size" in found.refused[0].detail


def test_a_table_of_cuts_needs_to_say_of_what(tmp_path):
    (found,) = SegmentsReader(Segments(path="x")).read(table(tmp_path, "c.csv", "start,end\n0,1\n"), Limits())
    assert "needs one of file, stem and key" in found.refused[0].detail


SIDECAR = Sidecar(
    path="x", file="f", speaker="who", keep=("age",), consent=Consent(publish_media="pub", train="tr"), expires="until"
)
CSV = "f,who,age,pub,tr,until\na.mp4,ann,30,yes,,2027-01-31\nb.mp4,bob,,no,1,\nc.mp4,cid,,maybe,,\nd.mp4,dan,,,,soon\n"
SAID = {
    "a.mp4": {"who": "ann", "age": 30, "pub": True, "tr": None, "until": "2027-01-31"},
    "b.mp4": {"who": "bob", "pub": "no", "tr": 1},
}
JSON, LINES = json.dumps(SAID), "".join(json.dumps({"f": of, **row}) + "\n" for of, row in SAID.items())


@pytest.mark.parametrize(("name", "text"), [("s.csv", CSV), ("s.json", JSON), ("s.jsonl", LINES)])
def test_a_sidecar(tmp_path, name, text):
    (found,) = SidecarReader(SIDECAR).read(table(tmp_path, name, text), Limits())
    assert [(said.of, said.values) for said in found.said] == [
        ("a.mp4", {"speaker": "ann", "publish_media": True, "expires": date(2027, 1, 31), "extra": {"age": "30"}}),
        (
            "b.mp4",
            {"speaker": "bob", "publish_media": False, "train": True}
            | ({"extra": {"age": ""}} if name == "s.csv" else {}),
        ),
    ]
    assert [r.uri for r in found.refused] == (["s.csv#L4", "s.csv#L5"] if name == "s.csv" else [])


def test_a_sidecar_of_parquet(tmp_path):
    rows = {"f": ["a.mp4"], "who": [7], "age": [1.5], "pub": [True], "tr": [None], "until": [date(2027, 1, 31)]}
    pq.write_table(pa.table(rows), tmp_path / "s.parquet")
    (found,) = SidecarReader(SIDECAR).read(SourceFile("s.parquet", tmp_path / "s.parquet", "0", 9), Limits())
    expected = {"speaker": "7", "publish_media": True, "expires": date(2027, 1, 31), "extra": {"age": "1.5"}}
    assert [(said.of, said.values) for said in found.said] == [("a.mp4", expected)]


@pytest.mark.parametrize(("day", "told"), [("  ", {}), ("2027-01-31T10:00", {"expires": date(2027, 1, 31)})])
def test_days_and_answers_as_programs_write_them(tmp_path, day, told):
    text = f"f,who,age,pub,tr,until\na.mp4,ann,,1.0, ,{day}\nb.mp4,bob,,,,2027-01-3100\n"
    (found,) = SidecarReader(SIDECAR).read(table(tmp_path, "s.csv", text), Limits())
    expected = {"speaker": "ann", "publish_media": True, "extra": {"age": ""}} | told
    assert [(said.of, said.values) for said in found.said] == [("a.mp4", expected)]
    assert [r.uri for r in found.refused] == ["s.csv#L3"]


def test_numbers_that_are_missing_say_nothing(tmp_path):
    nan = float("nan")
    pq.write_table(
        pa.table({n: [nan] for n in ("age", "pub", "tr", "until")} | {"f": ["a"], "who": ["b"]}), tmp_path / "s.parquet"
    )
    (found,) = SidecarReader(SIDECAR).read(SourceFile("s.parquet", tmp_path / "s.parquet", "0", 9), Limits())
    assert [said.values for said in found.said] == [{"speaker": "b"}]


@pytest.mark.parametrize(("row", "reason"), [("7", "bad_row"), ('{"f": "\\ud800"}', "bad_encoding")])
def test_a_bad_object_of_json_costs_no_other(tmp_path, row, reason):
    text = f'[{{"f": "a", "who": "b", "age": 1, "pub": null, "tr": null, "until": null}}, {row}]'
    (found,) = SidecarReader(SIDECAR).read(table(tmp_path, "s.json", text), Limits())
    assert ([said.of for said in found.said], [r.reason for r in found.refused]) == (["a"], [reason])


def test_who_is_described_twice_in_one_object_is_nobody(tmp_path):
    text = '{"a.mp4": {"tr": false}, "a.mp4": {"tr": true}}'
    (found,) = SidecarReader(SIDECAR).read(table(tmp_path, "s.json", text), Limits())
    assert found.said == () and "'a.mp4' is there twice" in found.refused[0].detail


@pytest.mark.parametrize("text", ["{", "3", "[1]", '[{"f": "a"}]'])
def test_a_json_file_of_another_shape(tmp_path, text):
    (found,) = SidecarReader(SIDECAR).read(table(tmp_path, "s.json", text), Limits())
    assert (found.said, len(found.refused)) == ((), 1)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"sidecar": {"path": "s.csv"}}, "give one of file, stem, key, subject"),
        ({"sidecar": {"path": "s.csv", "file": "f", "key": "k"}}, "give one of"),
        ({"sidecar": {"path": "s.csv", "file": "f", "consent": {"fly": "x"}}}, "fly"),
        ({"segments": {"path": "c.csv", "file": "f", "stem": "k"}}, "give one of"),
        ({"segments": {"path": "c.csv", "unit": "h"}}, "'s', 'ms' or 'us'"),
    ],
)
def test_wrong_parameters_are_told(given, message):
    with pytest.raises(ValidationError, match=message):
        TypeAdapter(FolderSource).validate_python({"path": "x", **given})
