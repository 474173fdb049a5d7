"""Looking for people and members in tables, batch by batch."""

import re
from collections.abc import Iterable, Iterator, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from affectory.pipelines.consent import PERSON
from affectory.schemas.parquet import Part, in_turn

_ROWS = 8192
_LIKE_A_PERSON = f"^(?:{PERSON.pattern})$"


def batches(parts: Sequence[Part], columns: Sequence[str]) -> Iterator[pa.Table]:
    """The rows of part files, some at a time."""
    for file in in_turn(parts):
        for batch in file.iter_batches(_ROWS, columns=list(columns), use_threads=False):
            yield pa.Table.from_batches([batch]).combine_chunks()


def strings(found: Iterable[str | None]) -> pa.Array:
    """Each once, in order."""
    return pa.array(sorted({name for name in found if name is not None}), pa.string())


def with_any(lists: pa.ChunkedArray, wanted: pa.Array) -> pa.Array:
    """Which rows have any of these in their list."""
    whole = lists.combine_chunks()
    rows = pc.list_parent_indices(whole).filter(pc.is_in(pc.list_flatten(whole), value_set=wanted))
    found = np.zeros(len(whole), bool)
    found[rows.to_numpy(zero_copy_only=False)] = True
    return pa.array(found)


def grouped(batch: pa.Table, column: str, name: str) -> Iterator[tuple[int, str]]:
    """One field of what is in lists, with the row that it is in."""
    lists = batch[column].combine_chunks()
    values, rows = pc.struct_field(pc.list_flatten(lists), name), pc.list_parent_indices(lists)
    kept = pc.is_valid(values)
    yield from zip(rows.filter(kept).to_pylist(), values.filter(kept).to_pylist(), strict=True)


def names(batch: pa.Table, *columns: str) -> Iterator[tuple[int, str]]:
    """Whom rows name, in places and outright."""
    for column in columns:
        plain = batch.schema.field(column).type == pa.string()
        found = enumerate(batch[column].to_pylist()) if plain else grouped(batch, column, "who")
        yield from ((row, who) for row, who in found if who and re.match(_LIKE_A_PERSON, who))
