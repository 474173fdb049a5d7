"""Rows of many part files in canonical order, window by window, so that memory does not grow with the dataset."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from affectory.pipelines.columns import Lookup
from affectory.pipelines.release.model import split_rank
from affectory.pipelines.release.withheld import Withheld
from affectory.schemas.derived import TABLES
from affectory.schemas.errors import UserError
from affectory.schemas.parquet import Part, in_turn
from affectory.schemas.tables import TableSpec
from affectory.schemas.types import PLACES

GATHERED = ("samples", "notes", "labels", "opinions")
WINDOW_BYTES = 64 << 20
_MOST_WINDOWS = 256
"""Each has an open file while a table is dealt out."""
_BATCH_ROWS = 4096


@dataclass(frozen=True)
class Window:
    """Some published samples of one split in order, and all rows about them, each table in the order of its key."""

    split: str
    ids: pa.Array
    tables: Mapping[str, pa.Table]
    withheld: Withheld = field(default_factory=Withheld)
    """What the tables lack already."""


class Gathered:
    """The published rows, dealt out to files by window; windows follow the order of split, then sample id."""

    def __init__(
        self, tables: Mapping[str, Sequence[Part]], splits: pa.Table, spill: Path, withheld: Withheld | None = None
    ) -> None:
        self._spill, self._withheld = spill, withheld or Withheld()
        parts = {name: tuple(tables.get(name, ())) for name in GATHERED}
        self._keys = _place(splits, _window_count(parts))
        for name in GATHERED:
            _deal(parts[name], TABLES[name], self._keys, spill / name)

    @property
    def rows(self) -> dict[str, int]:
        """Published samples by split, in publishing order."""
        counted = self._keys["split"].value_counts().to_pylist()
        return {c["values"]: c["counts"] for c in counted}

    def windows(self, split: str) -> Iterator[Window]:
        """The windows of one split."""
        keys = self._keys.filter(pc.equal(self._keys["split"], split))
        for window in pc.unique(keys["window"]).to_pylist():
            ids = keys.filter(pc.equal(keys["window"], window))["sample_id"].combine_chunks()
            tables = {name: self._withheld.left_of(name, self._load(name, window, ids)) for name in GATHERED}
            yield Window(split, ids, tables, self._withheld)

    def _load(self, name: str, window: int, ids: pa.Array) -> pa.Table:
        path = self._spill / name / f"{window}.arrow"
        spec = TABLES[name]
        table = spec.empty()
        if path.exists():
            with pa.memory_map(str(path)) as source:
                table = pa.ipc.open_stream(source).read_all()
        order = [(key, "ascending") for key in _order(spec)]
        table = table.take(pc.sort_indices(table, sort_keys=order))
        _check_unique(table, spec)
        if name == "samples" and table.num_rows != len(ids):
            lost = pc.filter(ids, pc.invert(pc.is_in(ids, value_set=table["sample_id"].combine_chunks())))
            raise UserError(f"{len(lost)} samples have a split but no row, such as {lost[0]}")
        return table


def _order(spec: TableSpec) -> tuple[str, ...]:
    return ("sample_id", *(key for key in spec.key if key != "sample_id"))


def _window_count(parts: Mapping[str, Sequence[Part]]) -> int:
    size = sum(_size(file) for found in parts.values() for file in in_turn(found))
    return min(_MOST_WINDOWS, max(1, math.ceil(size / WINDOW_BYTES)))


def _size(file: pq.ParquetFile) -> int:
    groups = (file.metadata.row_group(number) for number in range(file.metadata.num_row_groups))
    return sum(int(group.total_byte_size) for group in groups)


def _place(splits: pa.Table, windows: int) -> pa.Table:
    """The published samples in publishing order, each with its window; no window spans two splits."""
    keys = splits.select(["sample_id", "split"]).sort_by([("split", "ascending"), ("sample_id", "ascending")])
    if not keys.num_rows:
        raise UserError("there is nothing to publish", "no sample was given a split")
    if keys["sample_id"].null_count or keys["split"].null_count:
        raise UserError("the splits name no sample or no split in some row")
    if pc.count_distinct(keys["sample_id"]).as_py() != keys.num_rows:
        raise UserError("a sample was given two splits")
    names = sorted(pc.unique(keys["split"]).to_pylist(), key=split_rank)
    size, placed, first = math.ceil(keys.num_rows / windows), [], 0
    for name in names:
        part = keys.filter(pc.equal(keys["split"], name))
        numbers = first + np.arange(part.num_rows) // size
        placed.append(part.append_column("window", pa.array(numbers)))
        first = int(numbers[-1]) + 1
    return pa.concat_tables(placed)


def _deal(parts: Sequence[Part], spec: TableSpec, keys: pa.Table, folder: Path) -> None:
    """Rows about published samples, appended to the file of their sample's window."""
    folder.mkdir(parents=True)
    ids, numbers = Lookup(keys["sample_id"]), keys["window"].combine_chunks()
    writers: dict[int, pa.ipc.RecordBatchStreamWriter] = {}
    try:
        for batch in _batches(parts, spec):
            window = numbers.take(ids.find(batch["sample_id"]))
            for number in pc.unique(window).drop_null().to_pylist():
                if number not in writers:
                    writers[number] = pa.ipc.new_stream(str(folder / f"{number}.arrow"), spec.schema)
                writers[number].write_table(batch.filter(pc.equal(window, number)))
    finally:
        for writer in writers.values():
            writer.close()


def _batches(parts: Sequence[Part], spec: TableSpec) -> Iterator[pa.Table]:
    for file in in_turn(parts):
        for batch in file.iter_batches(_BATCH_ROWS, use_threads=False):
            yield spec.cast(pa.Table.from_batches([batch]))


def _check_unique(table: pa.Table, spec: TableSpec) -> None:
    if table.num_rows < 2:
        return
    counted = table.select(list(spec.key)).group_by(list(spec.key)).aggregate([([], "count_all")])
    if counted.num_rows != table.num_rows:
        double = counted.filter(pc.greater(counted["count_all"], 1)).to_pylist()[0]
        raise UserError(f"{spec.name} holds a key twice: {', '.join(f'{k} {double[k]}' for k in spec.key)}")


def note_types(parts: Sequence[Part]) -> dict[str, pa.DataType]:
    """The names of all notes with the type of their values; a note that never had a value is text."""
    kinds = {"number": pa.float64(), "text": pa.string(), "vector": pa.list_(pa.float32()), "places": PLACES}
    found: dict[str, str | None] = {}
    for batch in _batches(parts, TABLES["notes"]):
        for name, *filled in zip(batch["name"].to_pylist(), *_filled(batch, kinds), strict=True):
            for kind in (k for k, has in zip(kinds, filled, strict=True) if has):
                if found.get(name) not in (None, kind):
                    raise UserError(f"note {name!r} is a {found[name]} in one row and a {kind} in another")
                found[name] = kind
            found.setdefault(name, None)
    return {name: kinds[found[name] or "text"] for name in sorted(found)}


def _filled(batch: pa.Table, kinds: Mapping[str, pa.DataType]) -> list[list[bool]]:
    return [pc.is_valid(batch[kind]).to_pylist() for kind in kinds]
