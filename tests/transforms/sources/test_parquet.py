"""Parquet: every row is a record or a refusal."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from affectory.transforms.sources import _parquet
from affectory.transforms.sources.base import Limits, SourceFile
from affectory.transforms.sources.csv import CsvSource
from affectory.transforms.sources.jsonl import JsonlSource
from affectory.transforms.sources.parquet import ParquetSource

PLAIN = ParquetSource(path="x")


@pytest.fixture
def take_table(take, tmp_path):
    def read(source, table, limits=None, **options):
        path = tmp_path / "file.parquet"
        pq.write_table(table, path, **options)
        return take(source, path, limits)

    return read


@pytest.mark.parametrize("dtype", [pa.string(), pa.large_string(), pa.dictionary(pa.int8(), pa.string())])
def test_rows_across_row_groups(take_table, dtype):
    table = pa.table({"text": pa.array(["a", "b", "é\x00"], pa.string()).cast(dtype), "n": [1, 2, 3]})
    source = ParquetSource(path="x", key="n", position="n")
    rows, refused = take_table(source, table, row_group_size=2)
    assert refused == []
    assert [(r["text"], r["key"], r["position"], r["row"]) for r in rows] == [
        ("a", "1", 1, 1),
        ("b", "2", 2, 2),
        ("é\x00", "3", 3, 3),
    ]


def test_rows_that_do_not_fit(take_table):
    table = pa.table({"text": ["a", None, "c"], "id": ["x", "y", None]})
    rows, refused = take_table(ParquetSource(path="x", key="id"), table)
    assert [r["row"] for r in rows] == [1]
    assert [(r.uri, r.reason) for r in refused] == [("file.parquet#L2", "bad_row"), ("file.parquet#L3", "missing_key")]
    assert refused[1].row == '{"text": "c", "id": null}'


def test_a_column_that_is_not_text(take_table):
    rows, refused = take_table(PLAIN, pa.table({"text": [b"a", b"b"]}))
    assert rows == []
    assert [r.detail for r in refused] == ["column 'text': a value of type bytes, not text"] * 2


def test_a_column_that_is_not_there(take_table):
    rows, (refused,) = take_table(PLAIN, pa.table({"body": ["a"]}))
    assert (rows, refused.reason) == ([], "bad_row")
    assert refused.detail == "no column 'text'; the file has 'body'"


def test_text_that_is_not_utf8_is_refused_alone(take_table):
    text = pa.array([b"good", b"caf\xe9", b"fine"]).view(pa.string())
    rows, (refused,) = take_table(PLAIN, pa.table({"text": text}))
    assert [(r["text"], r["row"]) for r in rows] == [("good", 1), ("fine", 3)]
    assert (refused.uri, refused.reason) == ("file.parquet#L2", "bad_encoding")


@pytest.mark.parametrize("dtype", [pa.string(), pa.string_view(), pa.dictionary(pa.int8(), pa.string())])
def test_long_rows_are_refused_alone(take_table, dtype):
    table = pa.table({"text": pa.array(["a", "x" * 5_000_000, "b"]).cast(dtype)})
    rows, (refused,) = take_table(PLAIN, table)
    assert [(r["text"], r["row"]) for r in rows] == [("a", 1), ("b", 3)]
    assert (refused.uri, refused.reason) == ("file.parquet#L2", "too_large")


def test_a_long_list_counts_as_well(take_table):
    table = pa.table({"text": ["a", "b"], "tags": [["x"], ["y" * 1000] * 2000]})
    rows, (refused,) = take_table(ParquetSource(path="x", keep=("tags",)), table)
    assert ([r["text"] for r in rows], refused.reason) == (["a"], "too_large")


def test_a_value_repeated_often_is_handed_on_in_parts(take_table, monkeypatch):
    monkeypatch.setattr(_parquet, "CHUNK_BYTES", 1000)
    table = pa.table({"text": ["x" * 100] * 95, "n": list(range(95))})
    rows, _ = take_table(ParquetSource(path="x", keep=("n",)), table)
    assert [(r["row"], r["occurrence"], r["extra"]) for r in rows] == [(n + 1, 0, {"n": str(n)}) for n in range(95)]


def test_the_batches_are_bounded(take_table, tmp_path, monkeypatch):
    monkeypatch.setattr(_parquet, "CHUNK_BYTES", 1000)
    monkeypatch.setattr(_parquet, "FEWEST_ROWS", 2)
    path = tmp_path / "f.parquet"
    pq.write_table(pa.table({"text": ["x" * 100] * 95}), path)
    sizes = [b.rows.num_rows for b in PLAIN.read(SourceFile("f", path, "0", path.stat().st_size), Limits())]
    assert sum(sizes) == 95
    assert max(sizes) <= 11


def test_a_file_that_unpacks_to_too_much(take_table):
    table = pa.table({"text": [f"{i}" + "x" * 1000 for i in range(2000)]})
    rows, (refused,) = take_table(PLAIN, table, Limits(file_bytes=1_000_000), use_dictionary=False)
    assert (rows, refused.reason) == ([], "too_large")
    assert "unpacked" in refused.detail


def test_zero_rows(take_table):
    rows, (refused,) = take_table(PLAIN, pa.table({"text": pa.array([], pa.string())}))
    assert (rows, refused.reason) == ([], "empty")


@pytest.mark.parametrize("data", [b"PAR1", b"PAR1" + b"\x00" * 50 + b"PAR1", b"text\na\n"])
def test_a_damaged_file_is_unreadable(take_bytes, data):
    rows, (refused,) = take_bytes(PLAIN, data)
    assert (rows, refused.reason) == ([], "unreadable")


def test_a_file_damaged_behind_its_first_rows_says_how_many_were_taken(take, tmp_path):
    path = tmp_path / "f.parquet"
    pq.write_table(pa.table({"text": [f"{i:0100}" for i in range(20_000)]}), path, use_dictionary=False)
    data = bytearray(path.read_bytes())
    start = len(data) // 3
    data[start : start + 30_000] = bytes(30_000)
    path.write_bytes(data)
    rows, refused = take(PLAIN, path)
    assert [r.reason for r in refused] == ["unreadable"]
    assert ("after" in refused[0].detail) == bool(rows)


def test_kept_columns_become_text(take_table):
    at = datetime(2024, 2, 29, 12, tzinfo=UTC)
    row = {"text": "a", "day": date(2024, 2, 29), "at": at, "price": Decimal("1.50"), "yes": True, "x": float("nan")}
    names = ("day", "at", "price", "yes", "tags", "x")
    (found,), _ = take_table(ParquetSource(path="x", keep=names), pa.Table.from_pylist([{**row, "tags": ["b", "a"]}]))
    assert found["extra"] == {
        "at": "2024-02-29T12:00:00+00:00",
        "day": "2024-02-29",
        "price": "1.50",
        "tags": '["b","a"]',
        "yes": "true",
    }


def test_times_of_no_known_zone_are_refused(take_table):
    when = pa.array([0, None], pa.timestamp("us", "Nowhere/X"))
    table = pa.table({"text": ["a", "b"], "when": when})
    rows, (refused,) = take_table(ParquetSource(path="x", keep=("when",)), table)
    assert [r["text"] for r in rows] == ["b"]
    assert (refused.reason, refused.detail) == ("bad_row", "no time zone is called 'Nowhere/X'")


def test_bytes_can_not_be_kept(take_table):
    rows, (refused,) = take_table(ParquetSource(path="x", keep=("b",)), pa.table({"text": ["a"], "b": [b"x"]}))
    assert (rows, refused.reason) == ([], "bad_row")


def test_equal_rows_have_equal_content_in_every_format(take_table, take_bytes):
    columns = {"key": "id", "speaker": "who", "position": "turn", "keep": ("n",)}
    (one,), _ = take_table(
        ParquetSource(path="x", **columns), pa.table({"id": [7], "text": ["é"], "who": ["a"], "turn": [2], "n": [5]})
    )
    (two,), _ = take_bytes(CsvSource(path="x", **columns), "id,text,who,turn,n\n7,é,a,2,5\n".encode())
    (three,), _ = take_bytes(
        JsonlSource(path="x", **columns), '{"id": 7, "text": "é", "who": "a", "turn": 2, "n": 5}'.encode()
    )
    assert one["content"] == two["content"] == three["content"]


@pytest.mark.parametrize("position", range(0, 400, 7))
def test_a_changed_byte_in_the_footer_never_ends_the_process(take, tmp_path, position):
    path = tmp_path / "f.parquet"
    pq.write_table(pa.table({"text": ["a", "b"], "list": [[1], [2]]}), path)
    data = bytearray(path.read_bytes())
    data[-9 - position % (len(data) - 9)] ^= 0xFF
    path.write_bytes(data)
    rows, refused = take(PLAIN, path)
    assert rows or refused
