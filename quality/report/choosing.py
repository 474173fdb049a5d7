"""The rows of a page: chosen samples, what was said of them, and as many of their media as the page may hold."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from affectory.quality.report.released import MEDIA, ROWS, Released
from affectory.schemas.derived import OPINIONS_TABLE
from affectory.schemas.parquet import in_turn

_MOST_GROUPS = 8
"""Row groups that are read for one medium: of a large release few samples of a group are wanted."""
_FRAMES = 3
Bytes = dict[str, tuple[str, list[bytes]]]
"""By sample the column and what it holds."""


class Spot(NamedTuple):
    """Where a row lies."""

    path: Path
    row: int


@dataclass(frozen=True)
class Chosen:
    """Rows of the default config in the order of their ids, media as their names only."""

    rows: pa.Table
    splits: Sequence[str]
    spots: Sequence[Spot]
    sources: Mapping[str, str]
    opinions: pa.Table


def choose(release: Released, ids: Sequence[str]) -> Chosen:
    """All that is told of these samples."""
    wanted = pa.array(sorted(ids), pa.string())
    parts, splits, spots = [], list[str](), list[Spot]()
    for split, path, first, rows in _numbered(release):
        mine = np.flatnonzero(pc.is_in(rows["sample_id"], value_set=wanted).to_numpy())
        parts.append(rows.take(pa.array(mine)))
        splits += [split] * len(mine)
        spots += [Spot(path, first + row) for row in mine.tolist()]
    rows = pa.concat_tables(parts)
    order = pc.sort_indices(rows["sample_id"])
    splits, spots = [splits[i] for i in order.to_pylist()], [spots[i] for i in order.to_pylist()]
    return Chosen(rows.take(order), splits, spots, _sources(release, wanted), _opinions(release, wanted))


def _numbered(release: Released) -> Iterator[tuple[str, Path, int, pa.Table]]:
    """All rows without bytes, with the number of the first in its file."""
    for shard in release.shards("default"):
        first = 0
        with pq.ParquetFile(shard.path) as file:
            for batch in file.iter_batches(ROWS, columns=leaves(release), use_threads=False):
                yield shard.split, shard.path, first, pa.Table.from_batches([batch])
                first += batch.num_rows


def leaves(release: Released) -> list[str]:
    """The columns, but of media the names of their files only."""
    names = {name: f"{name}.list.element.path" if name == "frames" else f"{name}.path" for name in release.media}
    return [*release.light, *names.values()]


def _sources(release: Released, wanted: pa.Array) -> dict[str, str]:
    found: dict[str, str] = {}
    for lines in release.lineage(["sample_id", "source"]):
        mine = lines.filter(pc.is_in(lines["sample_id"], value_set=wanted))
        found.update(zip(mine["sample_id"].to_pylist(), mine["source"].to_pylist(), strict=True))
    return found


def _opinions(release: Released, wanted: pa.Array) -> pa.Table:
    parts = [OPINIONS_TABLE.schema.empty_table()]
    for file in in_turn([shard.path for shard in release.shards("opinions")]):
        for batch in file.iter_batches(ROWS, use_threads=False):
            mine = pa.Table.from_batches([batch])
            parts.append(OPINIONS_TABLE.cast(mine.filter(pc.is_in(mine["sample_id"], value_set=wanted))))
    return pa.concat_tables(parts).sort_by("sample_id").combine_chunks()


def media_of(chosen: Chosen, budget: int) -> Bytes:
    """Bytes of those whose ids come first, as many as fit: each medium has its share of what is left."""
    waiting = _by_medium(chosen)
    found: Bytes = {}
    for number, (column, rows) in enumerate(waiting.items()):
        share = budget // (len(waiting) - number)
        for sample, values in _read(chosen, column, rows, share):
            found[sample] = column, values
            budget -= sum(map(len, values))
    return found


def _by_medium(chosen: Chosen) -> dict[str, list[int]]:
    """The rows that show each medium, the one that shows most of each row; small media come first."""
    found: dict[str, list[int]] = {}
    there = [name for name in MEDIA if name in chosen.rows.column_names]
    columns = {name: chosen.rows[name].to_pylist() for name in there}
    for row in range(chosen.rows.num_rows):
        name = next((name for name in there if columns[name][row]), None)
        if name:
            found.setdefault(name, []).append(row)
    return {name: found[name] for name in ("image", "frames", "audio", "video") if name in found}


def _read(chosen: Chosen, column: str, rows: Sequence[int], share: int) -> Iterator[tuple[str, list[bytes]]]:
    groups: dict[tuple[Path, int], list[tuple[int, int]]] = {}
    starts: dict[Path, Any] = {}
    for row in rows:
        path, number = chosen.spots[row]
        if path not in starts:
            starts[path] = starts_of(path)
        group = int(np.searchsorted(starts[path], number, side="right")) - 1
        groups.setdefault((path, group), []).append((row, number - int(starts[path][group])))
    ids = chosen.rows["sample_id"].to_pylist()
    for (path, group), wanted in list(groups.items())[:_MOST_GROUPS]:
        with pq.ParquetFile(path) as file:
            given = file.read_row_group(group, columns=[column], use_threads=False)[column]
        for row, at in wanted:
            values = bytes_of(given[at].as_py())
            if values and sum(map(len, values)) <= share:
                share -= sum(map(len, values))
                yield ids[row], values


def starts_of(path: Path) -> Any:
    """The number of the first row of each row group of a file."""
    with pq.ParquetFile(path) as file:
        sizes = [file.metadata.row_group(group).num_rows for group in range(file.metadata.num_row_groups)]
    return np.cumsum([0, *sizes[:-1]])


def bytes_of(value: Any) -> list[bytes]:
    """What a cell of media holds; of frames the first few."""
    values = value[:_FRAMES] if isinstance(value, list) else [value]
    return [one["bytes"] for one in values if one and one.get("bytes")]
