"""Delimited text: every row is a record or a refusal, and a cell is what stands between the delimiters."""

import csv
import gzip
import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from affectory.transforms.sources.base import Limits
from affectory.transforms.sources.csv import CsvSource

PLAIN = CsvSource(path="x")


def rows_of(take_bytes, source, text):
    rows, refused = take_bytes(source, text.encode())
    assert refused == []
    return rows


def test_words_that_look_like_missing_values_are_words(take_bytes):
    source = CsvSource(path="x", key="id", speaker="who", keep=("level",))
    rows = rows_of(take_bytes, source, "id,who,level,text\nNA,None,null,nan\nNaN,N/A,NA,None\n")
    assert [(r["key"], r["speaker"], r["extra"]["level"], r["text"]) for r in rows] == [
        ("NA", "None", "null", "nan"),
        ("NaN", "N/A", "NA", "None"),
    ]


def test_quoted_line_breaks_and_doubled_quotes(take_bytes):
    rows = rows_of(take_bytes, PLAIN, 'text,x\r\n"a\r\nb ""c"", d",1\r\n\r\ne,2\r\n')
    assert [(r["text"], r["row"]) for r in rows] == [('a\r\nb "c", d', 2), ("e", 5)]


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_auto_finds_the_delimiter_by_the_columns_asked_for(take_bytes, delimiter):
    source = CsvSource(path="x", text="text, said", speaker="who")
    rows = rows_of(take_bytes, source, f'"who"{delimiter}"text, said"\nann{delimiter}hi\n')
    assert [(r["text"], r["speaker"]) for r in rows] == [("hi", "ann")]


def test_auto_is_not_misled_by_a_delimiter_that_cuts_more(take_bytes):
    rows = rows_of(take_bytes, PLAIN, "text\ta,b,c,d\nhi\t1,2,3,4\n")
    assert rows[0]["text"] == "hi"


def test_the_delimiter_can_be_said(take_bytes):
    rows = rows_of(take_bytes, CsvSource(path="x", delimiter="tab"), "text\tb,c,d\na,b\t1\n")
    assert rows[0]["text"] == "a,b"


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_any_line_end_will_do(take_bytes, end):
    assert [r["row"] for r in rows_of(take_bytes, PLAIN, f"text{end}a{end}b")] == [2, 3]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "UTF8"])
def test_the_mark_before_utf8_is_no_part_of_the_header(take_bytes, encoding):
    source = CsvSource(path="x", encoding=encoding)
    assert rows_of(take_bytes, source, '\ufeff"text"\né\n')[0]["text"] == "é"


@pytest.mark.parametrize("encoding", ["latin-1", "cp1252", "utf-16", "utf-16-le"])
def test_other_encodings_are_read_when_named(take_bytes, encoding):
    rows, _ = take_bytes(CsvSource(path="x", encoding=encoding), "text\nça va\n".encode(encoding))
    assert rows[0]["text"] == "ça va"


def test_latin1_refuses_the_whole_file_and_says_what_to_do(take_bytes):
    data = b"text\n" + b"plain\n" * 10_000 + "naïve\n".encode("latin-1") + b"plain\n"
    rows, (refused,) = take_bytes(PLAIN, data)
    assert (rows, refused.reason, refused.uri, refused.row) == ([], "bad_encoding", "file.txt", "")
    assert refused.detail == ("byte 60007 (line 10002) is not utf-8; if that is its encoding, set `encoding: latin-1`")


def test_the_place_is_right_beyond_a_block_and_across_its_edge(take_bytes):
    data = b"text\n" + b"x" * (2**20 - 6) + "é".encode() + b"\n\xff"
    _, (refused,) = take_bytes(PLAIN, data)
    assert refused.detail.startswith(f"byte {len(data) - 1} (line 3) ")


def test_utf16_is_recognised_by_its_mark(take_bytes):
    _, (refused,) = take_bytes(PLAIN, "text\nä\n".encode("utf-16"))
    assert "set `encoding: utf-16`" in refused.detail


@pytest.mark.parametrize("name", ["no-such", "hex", "rot13", "idna", "unicode_escape", "utf-7", ""])
def test_what_is_no_encoding_of_files_is_refused_in_the_recipe(name):
    with pytest.raises(ValidationError, match="utf-8, latin-1, cp1252 and utf-16 are"):
        TypeAdapter(CsvSource).validate_python({"path": "x", "encoding": name})


def test_a_column_that_is_not_there_refuses_the_file_and_names_those_that_are(take_bytes):
    rows, (refused,) = take_bytes(CsvSource(path="x", speaker="who"), b"body;name\nhi;ann\n")
    assert (rows, refused.reason, refused.uri) == ([], "bad_row", "file.txt")
    assert refused.detail == "no column 'text', 'who'; the file has 'body', 'name'"
    _, (refused,) = take_bytes(CsvSource(path="x", speaker="who", dialogue="who", text="name"), b"name\nann\n")
    assert refused.detail == "no column 'who'; the file has 'name'"


def test_a_column_that_is_there_twice_refuses_the_file(take_bytes):
    _, (refused,) = take_bytes(PLAIN, b"text,text\na,b\n")
    assert (refused.reason, refused.detail) == ("bad_row", "column 'text' is there twice")


def test_columns_nobody_asked_for_may_repeat(take_bytes):
    assert rows_of(take_bytes, PLAIN, "text,,\na,b,c\n")[0]["text"] == "a"


@pytest.mark.parametrize(
    ("row", "detail", "shown"),
    [
        ("a,b,c", "3 cells where the header has 2", ["a", "b", "c"]),
        ("a", "1 cells where the header has 2", ["a"]),
        ('"a"b,c', "not proper CSV: ',' expected after '\"'", '"a"b,c\n'),
    ],
)
def test_a_row_that_does_not_fit_is_refused_alone(take_bytes, row, detail, shown):
    rows, (refused,) = take_bytes(PLAIN, f"text,x\n{row}\nfine,1\n".encode())
    assert [(r["text"], r["row"]) for r in rows] == [("fine", 3)]
    assert (refused.uri, refused.reason, refused.detail) == ("file.txt#L2", "bad_row", detail)
    assert json.loads(refused.row) == shown


def test_a_quote_that_is_never_closed_is_not_read_as_text(take_bytes):
    rows, (refused,) = take_bytes(PLAIN, b'text,x\na,1\n"b,2\nc,3\nd,4\n')
    assert [r["text"] for r in rows] == ["a"]
    assert (refused.uri, refused.reason) == ("file.txt#L3", "bad_row")
    assert refused.detail == "not proper CSV (lines 3 to 5): unexpected end of data"


def test_a_missing_key_and_a_bad_position(take_bytes):
    source = CsvSource(path="x", key="id", position="turn")
    rows, refused = take_bytes(source, b"id,text,turn\n,a,1\nk,b,x\nl,c,\nm,d,3.0\n")
    assert [(r["key"], r["position"]) for r in rows] == [("l", None), ("m", 3)]
    assert [(r.uri, r.reason) for r in refused] == [("file.txt#L2", "missing_key"), ("file.txt#L3", "bad_row")]
    assert json.loads(refused[1].row) == {"id": "k", "text": "b", "turn": "x"}


@pytest.mark.parametrize("data", [b"", b"\n\n", b"text\n", b"text", b"\xef\xbb\xbftext\r\n\r\n"])
def test_no_rows_is_one_refusal(take_bytes, data):
    rows, (refused,) = take_bytes(PLAIN, data)
    assert (rows, refused.reason, refused.uri) == ([], "empty", "file.txt")


def test_gzip(take_bytes):
    rows, _ = take_bytes(PLAIN, gzip.compress(b"text\na\n"))
    assert rows[0]["text"] == "a"


def test_a_text_of_5_mb_is_refused_alone(take_bytes):
    long = '"' + 'a "" b,\n' * 700_000 + '"'
    rows, (refused,) = take_bytes(PLAIN, f"text,x\na,1\n{long},2\nb,3\n".encode())
    assert [(r["text"], r["row"]) for r in rows] == [("a", 2), ("b", 700_004)]
    assert (refused.uri, refused.reason, len(refused.row)) == ("file.txt#L3", "too_large", 500)


def test_a_header_that_is_too_long_refuses_the_file(take_bytes):
    rows, (refused,) = take_bytes(PLAIN, b"text," + b"x" * 100 + b"\na,1\n", Limits(row_bytes=50))
    assert (rows, refused.reason) == ([], "bad_row")
    assert refused.detail == "line 1, the header: the row is longer than 50 bytes"


def test_the_limit_counts_bytes_not_characters(take_bytes):
    rows, refused = take_bytes(PLAIN, "text\néééé\nééééé\n".encode(), Limits(row_bytes=9))
    assert ([r["text"] for r in rows], [(r.uri, r.reason) for r in refused]) == (
        ["éééé"],
        [("file.txt#L3", "too_large")],
    )


@pytest.mark.parametrize("spare", [-3, -2, -1, 0])
def test_lines_are_counted_where_a_row_is_cut_at_its_end(take_bytes, spare):
    rows, _ = take_bytes(PLAIN, b"text\r\n" + b"x" * 20 + b"\r\nb\r\n", Limits(row_bytes=20 + spare))
    assert (rows[-1]["text"], rows[-1]["row"]) == ("b", 3)


cells = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
tables = st.lists(st.tuples(cells, cells, cells), max_size=15)


def written(table, delimiter, encoding="utf-8"):
    stream = io.StringIO(newline="")
    writer = csv.writer(stream, delimiter=delimiter, quoting=csv.QUOTE_ALL)
    writer.writerow(("id", "text", "who"))
    writer.writerows(table)
    return stream.getvalue().encode(encoding)


@given(tables, st.sampled_from([",", ";", "\t"]), st.sampled_from(["utf-8", "utf-16"]))
def test_every_cell_comes_back(take, tmp_path_factory, table, delimiter, encoding):
    path = tmp_path_factory.mktemp("csv") / "f.csv"
    path.write_bytes(written(table, delimiter, encoding))
    rows, refused = take(CsvSource(path="x", speaker="who", keep=("id",), encoding=encoding), path)
    assert [(r["extra"]["id"], r["text"], r["speaker"] or "") for r in rows] == table
    assert [r.reason for r in refused] == ([] if table else ["empty"])


@given(tables.filter(bool), st.integers(20, 120), st.sampled_from([",", "\t"]))
def test_long_rows_are_refused_and_the_others_come_back(take, tmp_path_factory, table, row_bytes, delimiter):
    path = tmp_path_factory.mktemp("csv") / "f.csv"
    path.write_bytes(written(table, delimiter))
    rows, refused = take(CsvSource(path="x", keep=("id",)), path, Limits(row_bytes=row_bytes))
    fits = [len(written([row], delimiter)) - len(written([], delimiter)) - 2 <= row_bytes for row in table]
    assert [(r["extra"]["id"], r["text"]) for r in rows] == [row[:2] for row, ok in zip(table, fits, strict=True) if ok]
    assert [r.reason for r in refused] == ["too_large"] * fits.count(False)
    reader = csv.reader(io.StringIO(written(table, delimiter).decode(), newline=""), delimiter=delimiter)
    ends = [reader.line_num for _ in reader]
    starts = [end + 1 for end in ends[:-1]]
    assert [r["row"] for r in rows] == [line for line, ok in zip(starts, fits, strict=True) if ok]


@given(st.text('a",\n\r;é', max_size=60), st.integers(3, 40))
def test_any_text_has_an_outcome_and_no_row_is_invented(take, tmp_path_factory, body, row_bytes):
    path = tmp_path_factory.mktemp("csv") / "f.csv"
    path.write_bytes(("a,b\n" + body).encode())
    source = CsvSource(path="x", text="a", delimiter=",")
    rows, refused = take(source, path, Limits(row_bytes=row_bytes))
    assert rows or refused
    expected = {r[0] for r in csv.reader(io.StringIO(body, newline="")) if len(r) == 2}
    places = [r["row"] for r in rows]
    assert places == sorted(set(places))
    if not any(r.reason == "too_large" or "CSV" in r.detail for r in refused):
        assert {r["text"] for r in rows} == expected


@given(st.binary(max_size=200))
def test_any_bytes_have_an_outcome(take, tmp_path_factory, data):
    path = tmp_path_factory.mktemp("csv") / "f.csv"
    path.write_bytes(data)
    rows, refused = take(CsvSource(path="x", text="text"), path, Limits(row_bytes=30))
    assert rows or refused
