"""Media on the way in and out of a stage: paths for the columns it reads, bytes it wrote into the store."""

from collections.abc import Mapping
from typing import Any

import pyarrow as pa

from affectory.pipelines.store.assets import AssetStore, locate
from affectory.schemas.types import FRAMES, MEDIA
from affectory.transforms.base import Columns
from affectory.transforms.rows import set_column


def hydrate(rows: pa.Table, reads: Columns, store: AssetStore, roots: Mapping[str, str]) -> pa.Table:
    """Fill in the local path of every media value in the columns that a stage reads."""
    places = list(zip(rows.column("source").to_pylist(), rows.column("uri").to_pylist(), strict=True))

    def with_path(value: dict[str, Any] | None, place: tuple[str, str]) -> dict[str, Any] | None:
        if value is None or value["asset"] is None:
            return value
        return {**value, "path": str(locate(store, roots, value["asset"], *place))}

    for name, dtype in reads.items():
        if dtype == MEDIA:
            values = [with_path(v, p) for v, p in zip(rows.column(name).to_pylist(), places, strict=True)]
            rows = set_column(rows, name, pa.array(values, MEDIA))
        elif dtype == FRAMES:
            pairs = zip(rows.column(name).to_pylist(), places, strict=True)
            frames = [None if fs is None else [with_path(f, place) for f in fs] for fs, place in pairs]
            rows = set_column(rows, name, pa.array(frames, FRAMES))
    return rows


def externalise(rows: pa.Table, store: AssetStore) -> pa.Table:
    """Move bytes into the store and leave references, so that no table carries media or paths of this machine."""

    def kept(value: dict[str, Any] | None) -> dict[str, Any] | None:
        if value is None:
            return None
        asset = value["asset"] if value["bytes"] is None else store.put(value["bytes"])
        return {**value, "asset": asset, "bytes": None, "path": None}

    for name in rows.column_names:
        dtype = rows.schema.field(name).type
        if dtype == MEDIA and rows.column(name).null_count < rows.num_rows:
            rows = set_column(rows, name, pa.array([kept(v) for v in rows.column(name).to_pylist()], MEDIA))
        elif dtype == FRAMES and rows.column(name).null_count < rows.num_rows:
            frames = [None if fs is None else [kept(f) for f in fs] for fs in rows.column(name).to_pylist()]
            rows = set_column(rows, name, pa.array(frames, FRAMES))
    return rows
