"""The default config: one row per sample, with the label of the best pool and a column per note."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from affectory.pipelines.release.features import NOTE_PREFIX, PUBLIC, Shape
from affectory.pipelines.release.gather import Window
from affectory.pipelines.release.withheld import COLUMN as WITHHELD
from affectory.quality.published import check_lengths, decided, first_views, own_views
from affectory.schemas.types import PLACES

_VAD, _VAD_RULE, _VAD_VALUES = "vad", "vad_mean", 3
_COPIED = (
    "sample_id",
    "key",
    "kind",
    "text",
    "language",
    "speaker",
    "dialogue",
    "position",
    "session",
    "duplicates",
    "parent",
)
Columns = dict[str, Any]


def default_rows(window: Window, shape: Shape, schema: pa.Schema) -> pa.Table:
    """The rows without their media bytes, which `embed` adds."""
    columns = _of_samples(window.tables["samples"], shape.media)
    columns[WITHHELD] = window.withheld.column(window.tables["samples"]["sample_id"])
    columns |= label_columns(window.tables["labels"], window.ids, shape)
    columns |= _of_notes(window, shape.notes)
    plain = pa.schema([field for field in schema if field.name not in shape.media])
    return pa.table([_cast(columns[field.name], field.type) for field in plain], schema=plain)


def public_rows(table: pa.Table, config: str) -> pa.Table:
    """What is published of a table as it is."""
    schema = PUBLIC[config]
    columns = [_public(table[name], schema.field(name).type) for name in schema.names]
    return pa.table(columns, schema=schema)


def _public(column: pa.ChunkedArray, kind: pa.DataType) -> Any:
    """Media without bytes and paths; maps, which `datasets` has no type for, as sorted pairs."""
    if column.type == kind:
        return column
    if pa.types.is_map(column.type):
        pairs = (None if row is None else sorted(row) for row in column.to_pylist())
        return pa.array([p and [{"key": k, "value": v} for k, v in p] for p in pairs], type=kind)
    if pa.types.is_struct(column.type) or pa.types.is_list(column.type):
        return pa.array(_without_bytes(column, kind), type=kind)
    return column.cast(kind)


def _without_bytes(column: pa.ChunkedArray, kind: pa.DataType) -> list[Any]:
    if pa.types.is_struct(kind):
        return [row and {f.name: row[f.name] for f in kind} for row in column.to_pylist()]
    return [row and [{f.name: item[f.name] for f in kind.value_type} for item in row] for row in column.to_pylist()]


def _cast(column: Any, kind: pa.DataType) -> Any:
    return column if column.type == kind else column.cast(kind)


def _of_samples(samples: pa.Table, media: Sequence[str]) -> Columns:
    columns: Columns = {name: samples[name] for name in _COPIED}
    columns["record_id"] = pc.struct_field(samples["anchor"], "record")
    for end in ("start", "end"):
        columns[f"{end}_s"] = _seconds(pc.struct_field(samples["anchor"], f"{end}_us"))
        columns[f"char_{end}"] = pc.struct_field(samples["anchor"], f"char_{end}")
    columns["box"] = pc.struct_field(samples["anchor"], "box")
    for name in media:
        columns[f"{name}_sha256"] = _hashes(samples[name])
    if "frames" in media:
        times = [frames and [_second(f["at_us"]) for f in frames] for frames in samples["frames"].to_pylist()]
        columns["frame_times_s"] = pa.array(times, pa.list_(pa.float64()))
    return columns


def _seconds(microseconds: pa.ChunkedArray) -> pa.ChunkedArray:
    return pc.divide(microseconds.cast(pa.float64()), 1e6)


def _second(microseconds: int | None) -> float | None:
    return None if microseconds is None else microseconds / 1e6


def _hashes(media: pa.ChunkedArray) -> pa.Array | pa.ChunkedArray:
    if pa.types.is_struct(media.type):
        return pc.struct_field(media, "asset")
    hashes = [frames and [frame["asset"] for frame in frames] for frames in media.to_pylist()]
    return pa.array(hashes, pa.list_(pa.string()))


def label_columns(views: pa.Table, ids: pa.Array, shape: Shape) -> Columns:
    """The columns that follow from the views of some samples, for each of `ids`."""
    chosen = first_views(own_views(views, shape.taxonomy, shape.rule), shape.pools)
    columns = {"label": decided(chosen, shape.labels), "distribution": chosen["values"]} | {
        "distribution_low": chosen["low"],
        "distribution_high": chosen["high"],
        "label_chosen": chosen["chosen"],
        "label_space": chosen["space"],
        "label_pool": chosen["pool"],
        "label_count": chosen["count"],
        "label_uncertainty": chosen["uncertainty"],
        "label_agreement": chosen["agreement"],
        "label_state": chosen["state"],
        "label_modalities": chosen["modalities"],
        "perspective": chosen["perspective"],
    }
    spread = _spread(columns, chosen["sample_id"], ids)
    vad = first_views(_of_vad(views, shape.rule), shape.pools)
    check_lengths(vad["values"], _VAD_VALUES)
    return spread | _spread({"vad": vad["values"], "vad_pool": vad["pool"]}, vad["sample_id"], ids)


def _of_vad(views: pa.Table, rule: str) -> pa.Table:
    """Places by the recipe's own rule where it gives any, else their means."""
    places = views.filter(pc.equal(views["taxonomy"], _VAD))
    own = places.filter(pc.equal(places["rule"], rule))
    return own if own.num_rows else places.filter(pc.equal(places["rule"], _VAD_RULE))


def _of_notes(window: Window, types: Mapping[str, pa.DataType]) -> Columns:
    notes = window.tables["notes"]
    columns: Columns = {}
    of_kind = {pa.float64(): "number", pa.string(): "text", pa.list_(pa.float32()): "vector", PLACES: "places"}
    for name, kind in types.items():
        rows = notes.filter(pc.equal(notes["name"], name))
        columns |= _spread({NOTE_PREFIX + name: rows[of_kind[kind]]}, rows["sample_id"], window.ids)
    return columns


def _spread(columns: Mapping[str, Any], ids: pa.ChunkedArray, onto: pa.Array) -> Columns:
    """Values of some samples as columns over all of them, null for the others."""
    at = np.full(len(onto), -1, dtype=np.int64)
    at[pc.index_in(ids, value_set=onto).to_numpy()] = np.arange(len(ids))
    take = pa.array(at, mask=at < 0)
    return {name: column.take(take) for name, column in columns.items()}
