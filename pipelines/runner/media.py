"""Media on the way in and out of a stage: paths for the columns it reads, bytes it wrote into the store."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from affectory.pipelines.hashes import unchanged
from affectory.pipelines.store.assets import AssetStore, Place
from affectory.pipelines.store.originals import bring, is_as_hashed, locate
from affectory.schemas.types import FRAMES, MEDIA, MEMBERS
from affectory.transforms.base import Columns, Failed, Result
from affectory.transforms.rows import set_column

SOURCE_CHANGED = Failed(
    0, "SourceChanged", "the file changed while it was read; build again, and it is read as it is then"
)


def hydrate(rows: pa.Table, reads: Columns, store: AssetStore, roots: Mapping[str, str]) -> pa.Table:
    """Fill in the local path of every media value in the columns that a stage reads."""
    reads = _filled(rows, reads)
    if not reads:
        return rows
    places = places_of(rows)
    store.bring(_named(rows, reads))
    own = [name for name, dtype in reads.items() if dtype == MEDIA]
    bring(store, roots, _valued(rows, own, places))

    def with_path(value: dict[str, Any] | None, place: Place) -> dict[str, Any] | None:
        if value is None or value["asset"] is None:
            return value
        return {**value, "path": str(locate(store, roots, value["asset"], place))}

    for name, dtype in reads.items():
        if dtype == MEDIA:
            values = [with_path(v, p) for v, p in zip(rows.column(name).to_pylist(), places, strict=True)]
            rows = set_column(rows, name, pa.array(values, MEDIA))
        elif dtype == FRAMES:
            pairs = zip(rows.column(name).to_pylist(), places, strict=True)
            frames = [None if fs is None else [with_path(f, place) for f in fs] for fs, place in pairs]
            rows = set_column(rows, name, pa.array(frames, FRAMES))
        elif dtype == MEMBERS:
            pairs = zip(rows.column(name).to_pylist(), places, strict=True)
            members = [None if ms is None else [with_path(m, _own_place(p, m)) for m in ms] for ms, p in pairs]
            rows = set_column(rows, name, pa.array(members, MEMBERS))
    return rows


def _filled(rows: pa.Table, reads: Columns) -> Columns:
    """The columns of media that hold any."""
    media = {name: dtype for name, dtype in reads.items() if dtype in (MEDIA, FRAMES, MEMBERS)}
    return {name: dtype for name, dtype in media.items() if rows.column(name).null_count < rows.num_rows}


def _own_place(place: Place, member: Mapping[str, Any]) -> Place:
    """A recording of the same event is a file of the same source."""
    return Place(place.source, member["uri"], member["asset"])


def _named(rows: pa.Table, names: Iterable[str]) -> Iterator[str]:
    """The assets that the media columns among these refer to."""
    for name in names:
        column = rows.column(name)
        if column.type in (MEDIA, FRAMES):
            values = pc.list_flatten(column) if column.type == FRAMES else column
            yield from pc.struct_field(values, "asset").drop_null().to_pylist()


def _valued(rows: pa.Table, names: Iterable[str], places: Sequence[Place]) -> Iterator[tuple[str, Place]]:
    """The assets in these columns, each with where its record lies."""
    for name in names:
        assets = pc.struct_field(rows.column(name), "asset").to_pylist()
        yield from ((asset, place) for asset, place in zip(assets, places, strict=True) if asset)


def places_of(rows: pa.Table) -> list[Place]:
    """Where the records of these samples lie."""
    originals = pc.struct_field(rows.column("original"), "asset").to_pylist()
    sources, uris = (rows.column(name).to_pylist() for name in ("source", "uri"))
    return [Place(*found) for found in zip(sources, uris, originals, strict=True)]


def changed(rows: pa.Table, reads: Columns, memory: Path) -> set[int]:
    """The rows whose own file, read in place by a stage, is no longer what was hashed when it was scanned."""
    media = list(_filled(rows, reads))
    if not media:
        return set()
    own = {place.original for place in places_of(rows) if place.original}
    stale: dict[str, bool] = {}
    found = set()
    for index, value in _read_in_place(rows, media, own):
        path = value["path"]
        if path not in stale:
            stale[path] = not unchanged(Path(path), value["asset"], memory)
        if stale[path]:
            found.add(index)
    return found


def _read_in_place(rows: pa.Table, media: Sequence[str], own: set[str]) -> Iterator[tuple[int, dict[str, Any]]]:
    """Media of these columns that are the users' own files, whose names do not say what they hold."""
    for name in media:
        of_others = rows.schema.field(name).type == MEMBERS
        for index, given in enumerate(rows.column(name).to_pylist()):
            for value in given if isinstance(given, list) else [given]:
                ours = value and value["path"] and (of_others or value["asset"] in own)
                if ours and not is_as_hashed(value["path"], value["asset"]):
                    yield index, value


def without_changed(result: Result, stale: set[int]) -> Result:
    """What became of rows whose file changed while it was read is not to be trusted: they failed."""
    if not stale:
        return result
    keep = np.array([i not in stale for i in result.origin], dtype=bool)
    failed = [x for x in result.failed if x.row not in stale]
    failed += [replace(SOURCE_CHANGED, row=row) for row in sorted(stale)]
    rejected = tuple(x for x in result.rejected if x.row not in stale)
    return Result(result.rows.filter(pa.array(keep)), result.origin[keep], rejected, tuple(failed))


def externalise(rows: pa.Table, store: AssetStore) -> pa.Table:
    """Move bytes into the store and leave references, so that no table carries media or paths of this machine."""

    for name in rows.column_names:
        dtype = rows.schema.field(name).type
        if dtype == MEDIA and rows.column(name).null_count < rows.num_rows:
            rows = set_column(rows, name, pa.array(_kept(rows.column(name).to_pylist(), store), MEDIA))
        elif dtype == FRAMES and rows.column(name).null_count < rows.num_rows:
            lists = rows.column(name).to_pylist()
            kept = iter(_kept([frame for frames in lists if frames for frame in frames], store))
            frames = [None if frames is None else [next(kept) for _ in frames] for frames in lists]
            rows = set_column(rows, name, pa.array(frames, FRAMES))
        elif dtype == MEMBERS and rows.column(name).null_count < rows.num_rows:
            lists = rows.column(name).to_pylist()
            rows = set_column(rows, name, pa.array([ms and [{**m, "path": None} for m in ms] for ms in lists], MEMBERS))
    return rows


def _kept(values: Sequence[dict[str, Any] | None], store: AssetStore) -> list[dict[str, Any] | None]:
    assets = iter(store.put_all([v["bytes"] for v in values if v and v["bytes"] is not None]))
    return [
        v and {**v, "asset": v["asset"] if v["bytes"] is None else next(assets), "bytes": None, "path": None}
        for v in values
    ]
