"""Partitions: what did not change keeps its key, so that a change costs one partition and not all of them."""

from collections.abc import Sequence
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from affectory.pipelines import columns
from affectory.pipelines.grouping import ROWS, grouped, root_key

Record = tuple[str, str, str]


def table(records: Sequence[Record]) -> pa.Table:
    """Records (fingerprint, source, kind) in the order of their ids, as a scan leaves them."""
    ordered = sorted(records)
    return pa.table(
        {n: pa.array([r[i] for r in ordered], pa.string()) for i, n in enumerate(("fingerprint", "source", "kind"))}
    )


def scan(records: Sequence[Record], previous: pa.Table | None = None, rows: int | None = None) -> pa.Table:
    records_now = table(records)
    return records_now.append_column("root", grouped(records_now, previous, rows))


def texts(count: int, prefix: str = "f") -> list[Record]:
    return [(f"{prefix}{i:04}", "lines", "text") for i in range(count)]


def roots(scanned: pa.Table) -> dict[str, set[str]]:
    """The fingerprints under each root key."""
    found: dict[str, set[str]] = {}
    for print_, root in zip(scanned["fingerprint"].to_pylist(), scanned["root"].to_pylist(), strict=True):
        found.setdefault(root, set()).add(print_)
    return found


records = st.lists(
    st.tuples(st.integers(0, 30).map(lambda i: f"f{i:02}"), st.sampled_from("ab"), st.sampled_from(["text", "video"])),
    max_size=20,
    unique_by=lambda r: r[0],
)


@given(records, st.integers(1, 5))
def test_every_record_is_in_one_partition_of_its_kind_and_source(given_records: list[Record], rows: int) -> None:
    scanned = scan(given_records, rows=rows)
    for key, prints in roots(scanned).items():
        members = [r for r in given_records if r[0] in prints]
        assert len({(source, kind) for _, source, kind in members}) == 1
        assert 1 <= len(members) <= rows
        assert key == root_key(sorted(prints))
    assert scanned["root"].null_count == 0


@given(records, st.integers(1, 5), st.randoms(use_true_random=False))
def test_the_order_of_arrival_does_not_matter(given_records: list[Record], rows: int, random: Any) -> None:
    shuffled = random.sample(given_records, len(given_records))
    assert scan(shuffled, rows=rows).equals(scan(given_records, rows=rows))


@given(records, st.integers(1, 5))
def test_the_same_records_keep_their_partitions(given_records: list[Record], rows: int) -> None:
    first = scan(given_records, rows=rows)
    assert scan(given_records, first, rows).equals(first)


@given(records, records, st.integers(1, 5))
def test_partitions_of_which_nothing_changed_are_kept(before: list[Record], after: list[Record], rows: int) -> None:
    first = scan(before, rows=rows)
    second = scan(after, first, rows)
    now = {r[0] for r in after}
    whole = {root: prints for root, prints in roots(first).items() if prints <= now}
    assert whole.items() <= roots(second).items()
    assert set().union(*roots(second).values()) == now


@pytest.mark.parametrize("rows", [1, 7, 50, None])
def test_one_more_record_makes_exactly_one_more_partition(rows: int | None) -> None:
    first = scan(texts(100), rows=rows)
    second = scan([*texts(100), ("e", "lines", "text")], first, rows)
    fresh = roots(second).keys() - roots(first).keys()
    assert [roots(second)[root] for root in fresh] == [{"e"}]
    assert roots(first).items() <= roots(second).items()


@pytest.mark.parametrize("rows", [2, 7, 50])
def test_one_record_less_regroups_only_its_partition(rows: int) -> None:
    first = scan(texts(100), rows=rows)
    second = scan([r for r in texts(100) if r[0] != "f0030"], first, rows)
    broken = next(prints for prints in roots(first).values() if "f0030" in prints)
    assert {root for root in roots(first) if root not in roots(second)} == {root_key(sorted(broken))}
    assert [roots(second)[r] for r in roots(second).keys() - roots(first).keys()] == [broken - {"f0030"}]


def test_a_changed_record_regroups_only_its_partition() -> None:
    first = scan(texts(20), rows=5)
    changed = [("f0007-changed", "lines", "text") if r[0] == "f0007" else r for r in texts(20)]
    second = scan(changed, first, 5)
    assert len(roots(second).keys() & roots(first).keys()) == 3
    assert {"f0005", "f0006", "f0007-changed", "f0008", "f0009"} in roots(second).values()


def test_records_that_come_back_after_they_were_gone_are_grouped_as_new() -> None:
    first = scan(texts(10), rows=5)
    second = scan(texts(5), first, 5)
    assert roots(scan(texts(10), second, 5)) == roots(first), "and find what was computed for them"


@pytest.mark.parametrize("kind", ROWS)
def test_partitions_are_large_for_small_records_and_small_for_large_ones(kind: str) -> None:
    scanned = scan([(f"f{i:05}", "s", kind) for i in range(ROWS[kind] + 1)])
    assert sorted(map(len, roots(scanned).values())) == [1, ROWS[kind]]


def test_a_kind_of_its_own_has_a_size_too() -> None:
    assert len(roots(scan([("f", "s", "generated")]))) == 1


def test_nothing_has_no_partitions() -> None:
    assert len(grouped(table([]), None, None)) == 0
    assert len(grouped(table([]), scan(texts(3)), None)) == 0


@given(st.lists(st.text(max_size=3), max_size=4), st.lists(st.text(max_size=3), max_size=4))
def test_a_root_is_known_by_what_its_records_contribute(a: list[str], b: list[str]) -> None:
    assert (root_key(a) == root_key(b)) == (sorted(a) == sorted(b))


def test_more_names_than_32_bits_count_come_back_in_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(columns, "_SLICE", 3)
    named = pa.table({"name": [f"n{i}" if i % 4 else None for i in range(8)], "n": range(8)})
    wide = columns.large(named)
    assert wide.schema.field("name").type == pa.large_string()
    assert columns.small(wide.combine_chunks()).equals(named)
    assert columns.small(wide).column("name").num_chunks > 2
    assert columns.small(wide.slice(0, 0)).schema == named.schema
