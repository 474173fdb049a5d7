"""A published row back to where it comes from, by what its release alone tells."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import yaml

from affectory.pipelines.following.held import Held
from affectory.pipelines.release.diff import Side
from affectory.pipelines.release.features import NOTE_PREFIX
from affectory.pipelines.release.places import ReleaseFiles, files_of
from affectory.pipelines.trace import Trace
from affectory.schemas.derived import TABLES
from affectory.schemas.errors import UserError
from affectory.schemas.types import ANCHOR
from affectory.schemas.urls import Location

_MOST = 20
_OPINION_IDS = ("opinion_id", "judgement_id")
_SLOTS = ("number", "text", "vector", "places")
_ENDS = {"start_us": "start_s", "end_us": "end_s"}


@dataclass(frozen=True)
class _Release:
    place: Location
    side: Side
    files: ReleaseFiles
    lineage: pa.Table

    @classmethod
    def of(cls, place: Location) -> "_Release":
        files = files_of(place)
        with files.open("lineage.parquet") as file, pq.ParquetFile(file) as lineage:
            return cls(place, Side.of(place), files, lineage.read(use_threads=False))

    def rows(self, config: str, sample: str) -> tuple[dict[str, Any], ...]:
        """Those about a sample, without media bytes; none where the release has no such config."""
        content = self.side.content
        if config not in content.features:
            return ()
        columns = [name for name in content.features[config] if config != "default" or name not in content.media]
        key = ("sample_id",) if config == "default" else TABLES[config].key
        return tuple(self.side.rows(config, columns, [sample], key).values())


def trace_in(place: Location, wanted: str) -> Trace:
    """The trace of a published row, by the id of a sample, record or opinion, by key, or by the sha256 of its media."""
    release = _Release.of(place)
    row = _the_one(release, wanted)
    [default] = release.rows("default", row["sample_id"])
    sample = {**default, "anchor": _anchor(default)}
    source = {"source": row["source"], "uri": None, "assets": row["assets"]}
    labels = release.rows("labels", row["sample_id"]) or _label(release, default)
    names = {release.side.content.taxonomy["name"]: tuple(release.side.content.taxonomy["labels"])}
    return Trace(
        sample, source, _stages(release), tuple(_notes(release, default)), release.rows("opinions", row["sample_id"]),
        labels, row["split"], names, held=(Held(release.side.name, str(place), ((row["split"], 1),)),),
    )  # fmt: skip


def _the_one(release: _Release, wanted: str) -> dict[str, Any]:
    """The lineage of the sample that is meant."""
    lineage = release.lineage
    found = lineage.filter(_named(lineage, wanted))
    if not found.num_rows and (samples := list(_of_opinion(release, wanted))):
        found = lineage.filter(pc.is_in(lineage["sample_id"], value_set=pa.array(samples, pa.string())))
    if not found.num_rows:
        hint = "a sample, record, opinion, key, or the whole sha256 of media; files are known to the workspace alone"
        raise UserError(f"{release.side.name} publishes nothing that is called {wanted!r}", hint)
    if found.num_rows > 1:
        ids = found["sample_id"].to_pylist()
        more = f" and {len(ids) - _MOST} more" if len(ids) > _MOST else ""
        raise UserError(f"{wanted!r} leads to {len(ids)} samples: name one of them", ", ".join(ids[:_MOST]) + more)
    row: dict[str, Any] = found.to_pylist()[0]
    return row


def _named(lineage: pa.Table, wanted: str) -> Any:
    by_id = pc.or_(pc.equal(lineage["sample_id"], wanted), pc.equal(lineage["record_id"], wanted))
    by_key = pc.fill_null(pc.equal(lineage["key"], wanted), False)
    assets = lineage["assets"].combine_chunks()
    holding = pc.list_parent_indices(assets).filter(pc.equal(pc.list_flatten(assets), wanted))
    rows = pa.array(range(lineage.num_rows), pa.int64())
    return pc.or_(pc.or_(by_id, by_key), pc.is_in(rows, value_set=holding.cast(pa.int64())))


def _of_opinion(release: _Release, wanted: str) -> Iterator[str]:
    if "opinions" not in release.side.content.features:
        return
    for name in release.files.names("data/opinions"):
        with release.files.open(name) as file, pq.ParquetFile(file) as shard:
            rows = shard.read(columns=["sample_id", *_OPINION_IDS], use_threads=False)
        for column in _OPINION_IDS:
            mine = rows.filter(pc.fill_null(pc.equal(rows[column], wanted), False))
            yield from pc.unique(mine["sample_id"]).to_pylist()


def _anchor(row: Mapping[str, Any]) -> dict[str, Any]:
    """Where the sample lies in its record, as the workspace says it."""
    times = {name: None if row[column] is None else round(row[column] * 1e6) for name, column in _ENDS.items()}
    known = {"record": row["record_id"], **times, **{name: row.get(name) for name in ("char_start", "char_end", "box")}}
    return {name: known.get(name) for name in ANCHOR.names}


def _stages(release: _Release) -> tuple[str, ...]:
    """The steps that the recipe names, in their order, and its rule."""
    recipe = yaml.safe_load(release.files.read("recipe.yaml")) or {}
    steps = [_name(step) for verb in ("ingest", "assist") for step in recipe.get(verb) or ()]
    return (*steps, "label")


def _name(step: Any) -> str:
    return next(iter(step), "") if isinstance(step, Mapping) else str(step)


def _rule(release: _Release) -> str:
    said = ((yaml.safe_load(release.files.read("recipe.yaml")) or {}).get("label") or {}).get("rule") or "vote_share"
    return _name(said)


def _notes(release: _Release, default: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    if found := release.rows("notes", default["sample_id"]):
        yield from found
        return
    for column, value in default.items():
        if column.startswith(NOTE_PREFIX) and value is not None:
            slot = "text" if isinstance(value, str) else "number" if isinstance(value, int | float) else "vector"
            yield {**dict.fromkeys(_SLOTS), "name": column.removeprefix(NOTE_PREFIX), slot: value, "stage": ""}


def _label(release: _Release, row: Mapping[str, Any]) -> tuple[dict[str, Any], ...]:
    """The published label as a row of labels."""
    if row["distribution"] is None:
        return ()
    told = {"taxonomy": release.side.content.taxonomy["name"], "rule": _rule(release), "values": row["distribution"]}
    columns = {"pool": "label_pool", "count": "label_count", "space": "label_space", "perspective": "perspective"}
    return ({**told, **{name: row[column] for name, column in columns.items()}},)
