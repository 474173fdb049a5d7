"""JSON lines: every line that is not blank is a record or a refusal."""

import gzip
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from affectory.schemas.ids import canonical
from affectory.transforms.sources.base import Limits, SourceFile
from affectory.transforms.sources.jsonl import JsonlSource

SOURCE = JsonlSource(path="x", text="body", key="id", speaker="who", dialogue="d", position="turn", language="lang")
PLAIN = JsonlSource(path="x", text="body")


def test_maps_columns_to_a_record(take_bytes):
    line = {"id": 7, "body": " Hé\r\n ", "who": "ann", "d": "c1", "turn": 3, "lang": "fr", "other": [1]}
    (row,), refused = take_bytes(SOURCE, json.dumps(line).encode())
    assert refused == []
    assert {k: v for k, v in row.items() if k != "content" and v is not None} == {
        "kind": "text",
        "key": "7",
        "occurrence": 0,
        "row": 1,
        "text": " Hé\r\n ",
        "speaker": "ann",
        "dialogue": "c1",
        "position": 3,
        "language": "fr",
    }
    contributed = {"key": "7", "text": " Hé\r\n ", "speaker": "ann", "dialogue": "c1", "position": 3, "language": "fr"}
    assert row["content"] == canonical(contributed)


def test_a_row_names_its_session(take_bytes):
    source = JsonlSource(path="x", text="body", session="site")
    (row,), _ = take_bytes(source, json.dumps({"body": "a", "site": "lab", "day": 3}).encode())
    assert row["session"] == "lab"


@pytest.mark.parametrize(
    ("line", "reason", "detail"),
    [
        ('{"id": "a", "body": 3}', "bad_row", "column 'body': a value of type int, not text"),
        ('{"id": "a", "body": null}', "bad_row", "column 'body': no value"),
        ('{"id": "a"}', "bad_row", "column 'body': no value"),
        ('{"id": "a", "body": ["x"]}', "bad_row", "a list, not text"),
        ('{"id": "a", "body": "\\ud800"}', "bad_row", "not JSON"),
        ('{"body": "x"}', "missing_key", "column 'id': no value"),
        ('{"id": "", "body": "x"}', "missing_key", "column 'id': no value"),
        ('{"id": 1.5, "body": "x"}', "missing_key", "column 'id'"),
        ('{"id": true, "body": "x"}', "missing_key", "a truth value, not text"),
        ('{"id": "a", "body": "x", "turn": "two"}', "bad_row", "'two' is not a whole number"),
        ('{"id": "a", "body": "x", "turn": 2147483648}', "bad_row", "is not between"),
        ('{"id": "a", "body": "x", "who": {}}', "bad_row", "column 'who': an object, not text"),
        ('{"id": "a", "body": "x", "n": NaN}', "bad_row", "not JSON"),
        ('{"id": "a", "body": "x"', "bad_row", "not JSON: EOF while parsing an object at column 23"),
        ('{"id": "a", "body": "x"} {}', "bad_row", "not JSON: trailing characters"),
        ("[1]", "bad_row", "not a JSON object but list"),
        ('"word"', "bad_row", "not a JSON object but str"),
        ("[" * 100_000, "bad_row", "recursion limit"),
        ('{"id": "a", "body": "x", "deep": ' + "[" * 900 + "]" * 900 + "}", "bad_row", "recursion limit"),
    ],
)
def test_refuses_a_bad_line_and_reads_on(take_bytes, line, reason, detail):
    rows, (refused,) = take_bytes(SOURCE, f'\n{line}\n{{"id": "z", "body": "fine"}}\n'.encode())
    assert [(r["key"], r["row"]) for r in rows] == [("z", 3)]
    assert (refused.uri, refused.reason) == ("file.txt#L2", reason)
    assert detail in refused.detail
    assert json.loads(refused.row) if len(refused.row) < 500 else refused.row


def test_empty_optional_values_are_none(take_bytes):
    data = b'{"id": "a", "body": "", "who": "", "d": null, "turn": "", "lang": ""}'
    (row,), _ = take_bytes(SOURCE, data)
    assert row["text"] == ""
    assert [row[c] for c in ("speaker", "dialogue", "position", "language")] == [None] * 4
    assert row["content"] == '{"key":"a","text":""}'


def test_line_separators_nul_and_mark_inside_text_are_kept(take_bytes):
    text = "a\u2028b\u0085c\x00d\ufeff"
    (row,), _ = take_bytes(PLAIN, b"\xef\xbb\xbf" + json.dumps({"body": text}, ensure_ascii=False).encode() + b"\r\n")
    assert row["text"] == text


def test_too_long_a_line_is_refused_alone(take_bytes):
    long = json.dumps({"body": "x" * 5_000_000})
    data = f'{{"body": "a"}}\n{long}\n{{"body": "b"}}'.encode()
    rows, (refused,) = take_bytes(PLAIN, data)
    assert [(r["text"], r["row"]) for r in rows] == [("a", 1), ("b", 3)]
    assert (refused.uri, refused.reason) == ("file.txt#L2", "too_large")
    assert len(refused.row) == 500


@pytest.mark.parametrize("end", ["", "\n", "\r\n"])
@pytest.mark.parametrize(("spare", "kept"), [(0, 1), (-1, 0)])
def test_the_limit_is_exact(take_bytes, end, spare, kept):
    line = json.dumps({"body": "x" * 50})
    rows, refused = take_bytes(PLAIN, (line + end).encode(), Limits(row_bytes=len(line) + spare))
    assert (len(rows), [r.reason for r in refused]) == (kept, ["too_large"] * (1 - kept))


def test_gzip_is_unpacked_whatever_its_name(take_bytes):
    rows, refused = take_bytes(PLAIN, gzip.compress(b'{"body": "a"}\n') + gzip.compress(b'{"body": "b"}\n'))
    assert ([r["text"] for r in rows], refused) == (["a", "b"], [])


@pytest.mark.parametrize("keep", [20, -4])
def test_a_damaged_gzip_is_unreadable(take_bytes, keep):
    packed = gzip.compress(b'{"body": "a"}\n' * 1000)
    rows, (refused,) = take_bytes(PLAIN, packed[:keep])
    assert (rows, refused.reason, refused.uri) == ([], "unreadable", "file.txt")


def test_what_unpacks_to_too_much_is_refused_whole(take_bytes):
    packed = gzip.compress(b'{"body": "a"}\n' * 100_000)
    rows, (refused,) = take_bytes(PLAIN, packed, Limits(file_bytes=len(packed)))
    assert (rows, refused.reason) == ([], "too_large")


def test_a_file_larger_than_the_limit_is_refused_unread(take_bytes):
    rows, (refused,) = take_bytes(PLAIN, b'{"body": "a"}', Limits(file_bytes=5))
    assert (rows, refused.reason, refused.detail) == ([], "too_large", "13 bytes, at most 5 are read")


@pytest.mark.parametrize("data", [b"", b"\n", b" \r\n\t\n", b"\xef\xbb\xbf", gzip.compress(b"", mtime=0)])
def test_no_rows_is_one_refusal(take_bytes, data):
    rows, (refused,) = take_bytes(PLAIN, data)
    assert (rows, refused.reason, refused.uri) == ([], "empty", "file.txt")


def test_another_encoding_refuses_the_whole_file(take_bytes):
    data = b'{"body": "a"}\n' * 200_000 + '{"body": "é"}'.encode("latin-1")
    rows, (refused,) = take_bytes(PLAIN, data)
    assert (rows, refused.reason) == ([], "bad_encoding")
    assert refused.detail.startswith("byte 2800010 (line 200001) is not utf-8; ")


def test_a_vanished_file_is_unreadable(tmp_path):
    (found,) = PLAIN.read(SourceFile("gone.jsonl", tmp_path / "gone.jsonl", "0", 10), Limits())
    assert [r.reason for r in found.refused] == ["unreadable"]


def test_kept_columns_become_text(take_bytes):
    source = JsonlSource(path="x", text="body", keep=("n", "list", "word", "absent", "n"))
    (row,), _ = take_bytes(
        source, '{"body": "a", "n": 1.50, "list": {"b": [true, null], "a": "é"}, "word": "w"}'.encode()
    )
    assert row["extra"] == {"list": '{"a":"é","b":[true,null]}', "n": "1.5", "word": "w"}
    assert row["content"] == canonical({"text": "a", "extra": row["extra"]})


def test_an_infinite_number_can_not_be_kept(take_bytes):
    source = JsonlSource(path="x", text="body", keep=("n",))
    rows, (refused,) = take_bytes(source, b'{"body": "a", "n": 1e999}')
    assert (rows, refused.reason) == ([], "bad_row")


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=5,
)
records = st.fixed_dictionaries(
    {},
    optional={
        "body": st.text() | json_values,
        "id": st.text(max_size=3) | json_values,
        "who": st.none() | st.text(max_size=3),
        "turn": st.integers(-3, 3) | json_values,
    },
)


@given(st.lists(records | json_values, max_size=12), st.booleans(), st.booleans(), st.sampled_from(["\n", "\r\n"]))
def test_every_line_is_a_record_or_refused(take, tmp_path_factory, lines, ascii_only, keyed, end):
    path = tmp_path_factory.mktemp("jsonl") / "f.jsonl"
    text = "".join(json.dumps(line, ensure_ascii=ascii_only) + end for line in lines)
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    source = JsonlSource(path="x", text="body", key="id" if keyed else None, speaker="who", position="turn")
    rows, refused = take(source, path)
    if [r.reason for r in refused] in (["bad_encoding"], ["empty"]) and "#" not in refused[0].uri:
        assert rows == []
        return
    places = [r["row"] for r in rows] + [int(r.uri.partition("#L")[2]) for r in refused]
    assert sorted(places) == list(range(1, len(lines) + 1))
    for row in rows:
        given_row = lines[row["row"] - 1]
        assert row["text"] == given_row["body"]
        assert json.loads(row["content"])["text"] == row["text"]
        assert canonical(json.loads(row["content"])) == row["content"]
    good = [i for i, line in enumerate(lines, 1) if _fits(line, keyed)]
    assert [r["row"] for r in rows] == good


def _fits(line: Any, keyed: bool) -> bool:
    if not isinstance(line, dict) or not isinstance(line.get("body"), str):
        return False
    key, turn = line.get("id"), line.get("turn")
    key_fits = not keyed or (isinstance(key, str | int) and not isinstance(key, bool) and key != "")
    return key_fits and _is_position(turn)


def _is_position(turn: Any) -> bool:
    if turn is None or turn == "":
        return True
    if isinstance(turn, str):
        stripped = turn.strip()
        return stripped.isascii() and stripped.lstrip("+-").isdigit() and abs(int(stripped)) < 2**31
    if isinstance(turn, bool) or not isinstance(turn, int | float):
        return False
    return turn == int(turn) and -(2**31) <= turn < 2**31


@given(st.binary(max_size=200))
def test_any_bytes_have_an_outcome(take, tmp_path_factory, data):
    path = tmp_path_factory.mktemp("jsonl") / "f.jsonl"
    path.write_bytes(data)
    rows, refused = take(PLAIN, path, Limits(row_bytes=30))
    assert rows or refused
