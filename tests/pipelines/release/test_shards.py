"""Where rows are cut into files and row groups, and how they are written."""

import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from affectory.pipelines.release.shards import Piece, ShardWriter, parquet_writer, shard_name
from affectory.schemas.ids import sample_id

MEDIA = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
SCHEMA = pa.schema([("sample_id", pa.string()), ("text", pa.string()), ("image", MEDIA)])
SHARD, GROUP = 20_000, 6_000


def ids_of(count: int, seed: int = 1) -> list[str]:
    return sorted(sample_id(f"r_{seed}", n) for n in range(count))


def write(
    folder: Path, ids: Sequence[str], size: int = 700, shard: int = SHARD, group: int = GROUP
) -> dict[str, bytes]:
    """Files by name, of one picture of about `size` bytes a row."""
    writer = ShardWriter(folder, "train", SCHEMA, Piece(shard), Piece(group), media=("image",))
    pictures = [random.Random(i).randbytes(size) for i in ids]
    table = pa.table({"sample_id": ids, "text": [f"text of {i}" for i in ids]})
    writer.write(table, lambda row: {"image": {"bytes": pictures[row], "path": f"{ids[row]}.png"}})
    writer.close()
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def read(folder: Path) -> list[str]:
    files = sorted(folder.iterdir())
    return [i for path in files for i in pq.read_table(path)["sample_id"].to_pylist()]


@pytest.mark.parametrize("place", [0, 3, 150, 299])
def test_a_row_added_moves_only_the_borders_near_it(tmp_path: Path, place: int) -> None:
    ids = ids_of(300)
    fresh = sorted([*ids, f"{ids[place]}0"])
    before, after = write(tmp_path / "a", ids), write(tmp_path / "b", fresh)
    changed = {name for name in {*before, *after} if before.get(name) != after.get(name)}
    assert len(before) > 10
    assert 1 <= len(changed) <= 3


@pytest.mark.parametrize("change", ["add", "remove"])
def test_over_many_changes_few_files_differ(tmp_path: Path, change: str) -> None:
    ids = ids_of(300)
    before = write(tmp_path / "a", ids)
    shares = []
    for seed in range(30):
        other = [*ids, sample_id("r_new", seed)] if change == "add" else [i for n, i in enumerate(ids) if n != seed * 9]
        after = write(tmp_path / str(seed), sorted(other))
        names = {*before, *after}
        shares.append(sum(before.get(n) != after.get(n) for n in names) / len(names))
    assert sum(shares) / len(shares) < 0.15


def test_every_file_keeps_the_budget_and_names_sort_as_rows(tmp_path: Path) -> None:
    ids = ids_of(300)
    write(tmp_path / "a", ids)
    assert read(tmp_path / "a") == ids
    sizes, counts = [], []
    for path in sorted((tmp_path / "a").iterdir()):
        groups = [pq.read_metadata(path).row_group(n) for n in range(pq.read_metadata(path).num_row_groups)]
        sizes.append(sum(700 * group.num_rows for group in groups))
        counts.append(len(groups))
        assert all(group.num_rows * 700 <= GROUP for group in groups)
    assert max(sizes) <= SHARD
    assert min(counts[:-1]) > 1
    assert min(sizes[:-1]) >= SHARD / 2 * 0.85


def test_a_row_larger_than_the_budget_has_a_file_of_its_own(tmp_path: Path) -> None:
    ids = ids_of(5)
    files = write(tmp_path / "a", ids, size=2 * SHARD)
    assert len(files) == 5
    assert read(tmp_path / "a") == ids


@given(names=st.lists(st.text("ab愛", min_size=1, max_size=3), min_size=1, unique=True).map(sorted))
def test_names_rise_whatever_the_ids(names: list[str]) -> None:
    shards = ["00000"]
    for name in names:
        shards.append(shard_name(shards[-1], name))
    assert shards == sorted(set(shards))


def test_the_first_shard_is_named_zero_and_the_next_by_place() -> None:
    assert shard_name("00000", "s_3fa2b7c0aa11223344556677") == "3fa2b"
    assert shard_name("3fa2b", "s_3fa2b7c0aa11223344556677") == "3fa2b7"
    assert shard_name("00000", "s_000000c0aa11223344556677") == "000000"


def test_samples_are_never_torn_apart(tmp_path: Path) -> None:
    schema = pa.schema([("sample_id", pa.string()), ("text", pa.string())])
    writer = ShardWriter(tmp_path / "a", "train", schema, Piece(2000), Piece(500))
    ids = [i for i in ids_of(40) for _ in range(7)]
    writer.write(pa.table({"sample_id": ids, "text": ["x" * 30] * len(ids)}))
    writer.close()
    held = [set(pq.read_table(path)["sample_id"].to_pylist()) for path in sorted((tmp_path / "a").iterdir())]
    assert len(held) > 3
    assert sum(map(len, held)) == len(set().union(*held)) == 40


@pytest.mark.parametrize(("text", "files"), [(40, 4), (20_000, 1)])
def test_rows_in_many_tables_are_the_same_bytes(tmp_path: Path, text: int, files: int) -> None:
    """Small rows fill many files; large ones make a row group of many pages."""
    ids = ids_of(100)
    table = pa.table({"sample_id": ids, "text": [random.Random(i).randbytes(text).hex() for i in ids]})
    pictures = {i: {"bytes": random.Random(i).randbytes(700), "path": f"{i}.png"} for i in ids}
    found = []
    for name, rows in (("whole", 100), ("parts", 7)):
        writer = ShardWriter(tmp_path / name, "train", SCHEMA, Piece(500 * text), Piece(150 * text), media=("image",))
        for start in range(0, 100, rows):
            some = ids[start : start + rows]
            writer.write(table.slice(start, rows), lambda row, some=some: {"image": pictures[some[row]]})
        writer.close()
        found.append({path.name: path.read_bytes() for path in (tmp_path / name).iterdir()})
    assert found[0] == found[1]
    assert len(found[0]) >= files


def test_media_lie_raw_and_the_rest_is_compressed_and_indexed(tmp_path: Path) -> None:
    write(tmp_path / "a", ids_of(50))
    path = sorted((tmp_path / "a").iterdir())[0]
    metadata = pq.read_metadata(path)
    group = metadata.row_group(0)
    columns = {group.column(n).path_in_schema: group.column(n) for n in range(group.num_columns)}
    media = columns.pop("image.bytes"), columns.pop("image.path")
    assert {(c.compression, c.has_dictionary_page, c.is_stats_set) for c in media} == {("UNCOMPRESSED", False, False)}
    assert {c.compression for c in columns.values()} == {"ZSTD"}
    assert all(c.has_offset_index and c.has_column_index for c in columns.values())
    assert b"content_defined_chunking" in metadata.metadata
    picture = pq.read_table(path)["image"][0]["bytes"].as_py()
    assert picture in path.read_bytes()


def test_a_row_inserted_leaves_most_chunks_of_a_file_as_they_were(tmp_path: Path) -> None:
    def pages(name: str, texts: list[str]) -> bytes:
        schema = pa.schema([("text", pa.string())])
        with parquet_writer(tmp_path / name, schema) as writer:
            writer.write_table(pa.table({"text": texts}), row_group_size=len(texts))
        return (tmp_path / name).read_bytes()

    noise = random.Random(5)
    texts = [noise.randbytes(500).hex() for _ in range(8000)]
    before, after = pages("a", texts), pages("b", [*texts[:100], "one more", *texts[100:]])
    step = 64 * 1024
    kept = sum(before[at : at + 256] in after for at in range(0, len(before), step))
    assert kept / len(range(0, len(before), step)) > 0.6


def test_what_viewers_and_streams_need_of_a_release_holds(released: Path, world: Any, tmp_path: Path) -> None:
    """Row groups of at most 100 MB uncompressed and below what 32-bit offsets bear, each of which is fetched alone; a
    page index, so that a page of rows is; media raw, so that one is."""
    inputs = world.inputs(tmp_path)
    assert inputs.row_group_bytes <= 100_000_000 < 2**31
    for path in released.rglob("data/*/*.parquet"):
        metadata = pq.read_metadata(path)
        groups = [metadata.row_group(n) for n in range(metadata.num_row_groups)]
        assert all(group.total_byte_size <= inputs.row_group_bytes for group in groups)
        for column in (group.column(n) for group in groups for n in range(group.num_columns)):
            is_media = column.path_in_schema.endswith((".bytes", ".path"))
            assert column.has_offset_index and column.has_column_index != is_media
            assert (column.compression == "UNCOMPRESSED") == is_media
            assert not (is_media and column.has_dictionary_page)


@pytest.mark.parametrize(("row_group", "shard"), [(40_000, 120_000), (90_000, 90_000)])
def test_media_of_every_size_keep_the_bounds(tmp_path: Path, row_group: int, shard: int) -> None:
    """Whatever the rows weigh, no group and no file is larger, but that of a row which is so alone."""
    ids, draw = ids_of(120), random.Random(7)
    pictures = {i: draw.randbytes(draw.choice((10, 900, 9_000, 60_000))) for i in ids}
    writer = ShardWriter(tmp_path / "a", "train", SCHEMA, Piece(shard), Piece(row_group), media=("image",))
    table = pa.table({"sample_id": ids, "text": ids})
    writer.write(table, lambda row: {"image": {"bytes": pictures[ids[row]], "path": "a.png"}})
    writer.close()
    for path in (tmp_path / "a").iterdir():
        file = pq.ParquetFile(path)
        groups = [file.read_row_group(n)["image"].to_pylist() for n in range(file.num_row_groups)]
        sizes = [[len(row["bytes"]) for row in group] for group in groups]
        assert all(sum(group) <= row_group or len(group) == 1 for group in sizes)
        assert sum(map(sum, sizes)) <= shard or sum(map(len, sizes)) == 1
