"""Rows of `labels` from arrays: what all views write alike."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from affectory.schemas.derived import LABELS
from affectory.transforms.views._base import rule_name
from affectory.transforms.views._grouping import Floats, Grouped

Lists = Sequence[Sequence[Any] | None]


def label_rows(view: Any, groups: Grouped, taxonomy: str, space: str, values: Any, **more: Any) -> pa.Table:
    """A row for each group, in the order of the table's key. `values` has a row for each group, NaN becomes null; or it
    is lists, where groups have different numbers of values.

    `more` are further columns of `labels`: arrays of numbers (a row or a number for each group), or plain lists.
    `count` is how many opinions each group has, unless said otherwise.
    """
    rows = groups.size
    if groups.silent is not None and groups.silent.any():
        more["state"] = _with_silent(groups.silent, groups.sizes(), more.get("state"))
    columns = {
        **{name: groups.keys.column(name) for name in groups.keys.column_names},
        **{name: pa.repeat(text, rows) for name, text in _same(view, taxonomy, space)},
        "values": _column("values", values),
        "count": pa.array(groups.sizes(), pa.int32()),
        **{name: _column(name, given) for name, given in more.items()},
    }
    absent = {c.name: pa.nulls(rows, c.type) for c in LABELS.columns if c.name not in columns}
    return in_order(LABELS.cast(pa.table({**columns, **absent})))


def _with_silent(silent: Any, counted: Any, state: Any) -> pa.Array:
    """What is said of each row, and how many of its opinions named none of the labels."""
    numbers = [pa.array(x, pa.int64()).cast(pa.string()) for x in (silent, silent + counted)]
    told = pc.binary_join_element_wise(numbers[0], " of ", numbers[1], " named none of the labels", "")
    known = pa.nulls(len(silent), pa.string()) if state is None else _column("state", state)
    both = pc.coalesce(pc.binary_join_element_wise(known, told, "; "), told)
    return pc.if_else(pa.array(silent > 0), both, known)


def in_order(labels: pa.Table) -> pa.Table:
    """Labels in the order of their key."""
    return labels.sort_by([(name, "ascending") for name in LABELS.key])


def _same(view: Any, taxonomy: str, space: str) -> tuple[tuple[str, str], ...]:
    return (("taxonomy", taxonomy), ("rule", rule_name(view)), ("space", space))


def numbers(values: Floats) -> pa.ListArray:
    """One list a row; NaN is null."""
    return pa.ListArray.from_arrays(
        pa.array(np.arange(len(values) + 1) * values.shape[1], pa.int32()), _small(values.ravel())
    )


def lists(rows: Sequence[Floats]) -> pa.Array:
    """One list a row, of different lengths; NaN is null."""
    flat = np.concatenate(rows) if rows else np.zeros(0)
    offsets = np.concatenate([[0], np.cumsum([len(row) for row in rows])])
    return pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), _small(flat))


def _small(values: Floats) -> pa.Array:
    """In 32 bits; null is what is no number there."""
    with np.errstate(over="ignore"):
        small = values.astype(np.float32)
    return pa.array(small, pa.float32(), mask=~np.isfinite(small))


def _column(name: str, given: Any) -> Any:
    kind = LABELS.schema.field(name).type
    if isinstance(given, np.ndarray) and given.ndim == 2:
        return numbers(given.astype(np.float64))
    if isinstance(given, np.ndarray) and given.dtype.kind == "f":
        return _small(given) if kind == pa.float32() else pa.array(given, kind, mask=np.isnan(given))
    return given if isinstance(given, pa.Array | pa.ChunkedArray) else pa.array(given, kind)


def names_of(names: Sequence[str], rows: int) -> pa.Array:
    """The same names for each row."""
    return pa.array([list(names)], pa.list_(pa.string())).take(pa.array(np.zeros(rows, np.int64)))


def entropy_share(values: Floats) -> Floats:
    """0 where all is on one label, 1 where it is spread evenly over the labels asked; NaN where none was."""
    positive = np.where(values > 0, values, 1.0)
    asked = (~np.isnan(values)).sum(axis=1)
    entropy = np.clip(-(positive * np.log(positive)).sum(axis=1) / np.log(np.maximum(asked, 2)), 0.0, 1.0)
    return np.where(asked > 0, entropy + 0.0, np.nan)  # without -0.0


def chosen_of(mask: Any, labels: Sequence[str]) -> pa.ListArray:
    """For each row the labels that a mask (rows x labels) chooses, in the taxonomy's order."""
    label = np.nonzero(np.asarray(mask, dtype=bool))[1]
    offsets = np.concatenate([[0], np.cumsum(np.asarray(mask, dtype=bool).sum(axis=1))])
    words = pa.array(list(labels), pa.string()).take(pa.array(label.astype(np.int64)))
    return pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), words)


def in_words(*said: tuple[Any, str]) -> pa.Array:
    """For each row the words of the first mask that is true there, null where none is."""
    words = pa.nulls(len(said[0][0]), pa.string())
    for mask, word in reversed(said):
        words = pc.if_else(pa.array(np.asarray(mask, dtype=bool)), pa.scalar(word), words)
    return words
