"""A release as those read it who label it anew: its taxonomy, what its recipe says of labels, its opinions."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import yaml

from affectory.pipelines.release.manifest import MANIFEST, Content, read_manifest
from affectory.pipelines.release.places import ReleaseFiles, files_of
from affectory.schemas.derived import OPINIONS_TABLE
from affectory.schemas.errors import UserError
from affectory.schemas.taxonomy import Taxonomy, parse_taxonomy
from affectory.schemas.urls import Location, Url, read_location


@dataclass(frozen=True)
class Published:
    """One version, wherever it lies."""

    place: Location

    @cached_property
    def files(self) -> ReleaseFiles:
        return files_of(self.place)

    @cached_property
    def content(self) -> Content:
        return read_manifest(self.place).content

    @cached_property
    def taxonomy(self) -> Taxonomy:
        found = json.loads(self.files.read("taxonomy.json"))
        return parse_taxonomy(found.get("definition") or {name: found[name] for name in ("name", "labels")})

    @cached_property
    def label(self) -> Mapping[str, Any]:
        """What the recipe says of labels."""
        said = yaml.safe_load(self.files.read("recipe.yaml")) or {}
        found: Mapping[str, Any] = said.get("label") or {}
        return found

    @property
    def splits(self) -> tuple[str, ...]:
        return tuple(self.content.rows["default"])

    def ids(self, split: str) -> pa.Array:
        """The samples of a split, in the order of its rows."""
        none = pa.chunked_array([], pa.string())
        columns = [self._column(name, "sample_id") for name in self.shards("default", split)]
        return pa.chunked_array([c for found in (none, *columns) for c in found.chunks], pa.string()).combine_chunks()

    @property
    def has_opinions(self) -> bool:
        return "opinions" in self.content.features

    def speakers(self) -> dict[str, str]:
        """Who speaks in each sample of which somebody said so."""
        found: dict[str, str] = {}
        for name in self.files.names("data/default"):
            with self.files.open(name) as file, pq.ParquetFile(file) as shard:
                rows = shard.read(columns=["sample_id", "speaker"], use_threads=False)
            pairs = zip(rows["sample_id"].to_pylist(), rows["speaker"].to_pylist(), strict=True)
            found |= {sample: speaker for sample, speaker in pairs if speaker}
        return found

    def opinions(self, split: str) -> Iterator[pa.Table]:
        """The opinions of a split in parts, each with all those about each of its samples."""
        if not self.has_opinions:
            hint = "publish them: add `opinions` to `publish.configs`"
            raise UserError(f"{self.place} publishes no opinions, so it cannot be labelled anew", hint)
        held = OPINIONS_TABLE.empty()
        for name in self.shards("opinions", split):
            with self.files.open(name) as file, pq.ParquetFile(file) as shard:
                for group in range(shard.num_row_groups):
                    rows = OPINIONS_TABLE.cast(shard.read_row_group(group, use_threads=False))
                    whole, held = _until_last(pa.concat_tables([held, rows]))
                    if whole.num_rows:
                        yield whole
        if held.num_rows:
            yield held

    def shards(self, config: str, split: str) -> list[str]:
        """The names of the files of a split."""
        start = f"data/{config}/{split}-"
        return [name for name in self.files.names(f"data/{config}") if name.startswith(start)]

    def _column(self, name: str, column: str) -> pa.ChunkedArray:
        with self.files.open(name) as file, pq.ParquetFile(file) as shard:
            return shard.read(columns=[column], use_threads=False).column(0)


def _until_last(rows: pa.Table) -> tuple[pa.Table, pa.Table]:
    """Rows come by sample: those of all samples but the last, about which there may be more."""
    if not rows.num_rows:
        return rows, rows
    ids = rows.column("sample_id")
    first = pc.index(ids, ids[-1]).as_py()
    return rows.slice(0, first), rows.slice(first)


def published(place: Location | str) -> Published:
    """The release at a place; where that holds all versions of a dataset, the newest."""
    where = read_location(place, "release")
    if _is_version(where):
        return Published(where)
    from affectory.pipelines.release.shelf import latest

    newest = latest(where)
    if newest is None:
        hint = (
            "name the folder of one version (releases/v1.0.0) or of all, s3://bucket/releases, hf://datasets/org/name"
        )
        raise UserError(f"there is no release in {place}", hint)
    return Published(newest.path)


def _is_version(where: Location) -> bool:
    if isinstance(where, Path):
        return (where / MANIFEST).is_file()
    if where.scheme == "hf":
        return "@" in where
    return _has_manifest(where)


def _has_manifest(where: Url) -> bool:
    try:
        files_of(where).read(MANIFEST)
    except OSError:
        return False
    return True
