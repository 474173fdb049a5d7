"""Records: ids from keys or content, once each, whatever the order of arrival."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from affectory.pipelines.records import Keyed, Origin, RecordRows, keyed
from affectory.pipelines.spill import PLACE
from affectory.schemas.derived import SAMPLES
from affectory.schemas.ids import record_id_from_content, record_id_from_key, sample_id
from affectory.transforms.sources.base import RECORDS, SourceFile, build

Row = dict[str, Any]
ASSET = "a5" * 32


def origin(source: str = "lines", uri: str = "in.jsonl", asset: str = ASSET, **more: Any) -> Origin:
    return Origin(source, SourceFile(uri, Path(uri), asset, 10), **{"licence": "CC0", "scope": source, **more})


def row(content: str | None = '{"text":"hi"}', **columns: Any) -> Row:
    return {"kind": "text", "content": content, "occurrence": 0, "row": 1, "text": "hi", **columns}


def media(kind: str = "audio", **columns: Any) -> Row:
    return {"kind": kind, "content": None, "occurrence": 0, "format": "wav", **columns}


def records(*rows: Row, of: Origin | None = None) -> pa.Table:
    columns = {name: [r.get(name) for r in rows] for name in RECORDS.names}
    return RecordRows.of(build(RECORDS, columns, len(rows)), of or origin(), lambda name: f"p_{name}")


def one(table: pa.Table) -> Row:
    [found] = table.to_pylist()
    return dict(found)


def test_a_declared_key_makes_the_id_within_its_source() -> None:
    record = one(records(row(key="k")))
    assert record["record_id"] == record_id_from_key("lines", "k")
    assert record["record_id"] == one(records(row(key="k", content="other", text="ho")))["record_id"]
    assert record["record_id"] != one(records(row(key="k"), of=origin(scope="other")))["record_id"]


def test_without_a_key_content_and_count_make_the_id() -> None:
    assert one(records(row()))["record_id"] == record_id_from_content('{"text":"hi"}', 0)
    again = one(records(row(occurrence=1)))["record_id"]
    assert again != one(records(row()))["record_id"], "two people saying the same are two records"


def test_a_media_file_is_known_by_its_bytes() -> None:
    here = one(records(media(), of=origin(uri="a.wav")))
    there = one(records(media(), of=origin(uri="sub/b.wav")))
    assert here["record_id"] == there["record_id"] == record_id_from_content(ASSET)


def test_neither_place_nor_row_is_in_a_texts_id_or_fingerprint() -> None:
    here = one(records(row(row=1)))
    there = one(records(row(row=99), of=origin(uri="elsewhere.csv", asset="b6" * 32)))
    assert (here["record_id"], here["fingerprint"]) == (there["record_id"], there["fingerprint"])


@pytest.mark.parametrize(
    ("changed", "of"),
    [
        (row(key="k", content="other"), None),
        (row(key="k", speaker="s"), None),
        (row(key="k", dialogue="d"), None),
        (row(key="k", position=2), None),
        (row(key="k", language="de"), None),
        (row(key="k", extra={"a": "b"}), None),
        (row(key="k"), origin(licence="CC-BY-4.0")),
        (row(key="k"), origin(source="others", scope="lines")),
    ],
)
def test_the_fingerprint_covers_all_that_a_record_contributes(changed: Row, of: Origin | None) -> None:
    before, after = one(records(row(key="k"))), one(records(changed, of=of))
    assert before["record_id"] == after["record_id"]
    assert before["fingerprint"] != after["fingerprint"]


@pytest.mark.parametrize("of", [origin(uri="b.wav"), origin(asset="b6" * 32)], ids=["place", "bytes"])
def test_the_fingerprint_of_a_media_file_covers_its_place_and_bytes(of: Origin) -> None:
    key = {"key": "k"}
    assert one(records(media(**key)))["fingerprint"] != one(records(media(**key), of=of))["fingerprint"]


def test_people_are_recorded_under_pseudonyms() -> None:
    table = records(row(speaker="Ada"), row(speaker=None), row(speaker=""))
    assert table.column("speaker").to_pylist() == ["p_Ada", None, None]


def test_no_rows_have_the_same_columns() -> None:
    assert records().schema.equals(RecordRows.schema())
    assert RecordRows.flow(records()).num_rows == 0
    assert distinct(records()).table.num_rows == 0
    assert set(RecordRows.index_schema().names) == {*RecordRows.index_names(), "root"}


def test_records_enter_the_flow_as_samples_of_the_whole_of_each() -> None:
    table = records(row(key="k", speaker="Ada", position=3, extra={"a": "b"}), media("video", format="mp4"))
    flow = SAMPLES.cast(RecordRows.flow(table)).to_pylist(maps_as_pydicts="strict")
    ids = table.column("record_id").to_pylist()
    assert [s["sample_id"] for s in flow] == [sample_id(i, "whole") for i in ids]
    assert [{k: v for k, v in s["anchor"].items() if v is not None} for s in flow] == [{"record": i} for i in ids]
    text, video = flow
    assert (text["text"], text["speaker"], text["position"], text["extra"]) == ("hi", "p_Ada", 3, {"a": "b"})
    assert (text["key"], video["key"]) == ("k", None), "what is known by its content has no key"
    assert text["original"] is None
    assert video["original"] == video["video"] == {"asset": ASSET, "format": "mp4", "bytes": None, "path": None}
    assert video["audio"] is None


def distinct(rows: pa.Table) -> Keyed:
    """The records of distinct ids, each row at the place where it stands."""
    at = pa.array(range(rows.num_rows), pa.int64())
    return keyed(
        rows.append_column(PLACE, at), lambda places: rows.column("text").take(pa.array(places, pa.int64())).to_pylist()
    )


def places(kept: Any) -> list[tuple[str, int]]:
    return [(r["uri"], r["row"]) for r in kept.table.to_pylist()]


def many(*found: tuple[str, str, int, str]) -> list[pa.Table]:
    """Records (key, uri, row, text), each as a file of its own."""
    return [records(row(key=k, row=r, text=t, content=t), of=origin(uri=u)) for k, u, r, t in found]


def test_the_first_by_place_holds_an_id_and_the_others_say_whom_they_repeat() -> None:
    found = distinct(
        pa.concat_tables(many(("k", "b", 1, "x"), ("k", "a", 7, "x"), ("k", "a", 3, "y"), ("l", "c", 1, "x")))
    )
    assert sorted(places(found)) == [("a", 3), ("c", 1)]
    said = {r.uri: (r.reason, r.detail) for _, r in found.refused}
    assert said == {
        "a#L7": ("duplicate", "the key 'k' is already that of a#L3"),
        "b#L1": ("duplicate", "the key 'k' is already that of a#L3"),
    }


def test_the_same_content_again_is_a_duplicate_of_the_first() -> None:
    twice = [records(media(), of=origin(uri=uri)) for uri in ("z.wav", "a.wav")]
    found = distinct(pa.concat_tables(twice))
    assert found.table.column("uri").to_pylist() == ["a.wav"]
    [(source, refused)] = found.refused
    assert (source, refused.uri, refused.detail) == ("lines", "z.wav", "the same content as a.wav")


KEYS = st.tuples(st.sampled_from("kl"), st.sampled_from("ab"), st.integers(1, 3), st.sampled_from("xy"))


@given(st.lists(KEYS, max_size=8, unique_by=lambda r: r[1:3]), st.randoms(use_true_random=False))
def test_the_order_of_arrival_does_not_matter(found: Sequence[tuple[str, str, int, str]], random: Any) -> None:
    empty = RecordRows.schema().empty_table()
    one_way = distinct(pa.concat_tables([empty, *many(*found)]))
    other = distinct(pa.concat_tables([empty, *many(*random.sample(found, len(found)))]))
    assert one_way.table.drop_columns(PLACE).equals(other.table.drop_columns(PLACE))
    assert one_way.refused == other.refused
    assert one_way.table.num_rows + len(one_way.refused) == len(found)
    ids = one_way.table.column("record_id").to_pylist()
    assert ids == sorted(set(ids))
