"""What lies in the folder of a release, read a few rows at a time."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import yaml

from affectory.schemas.errors import UserError
from affectory.schemas.taxonomy import Taxonomy, parse_taxonomy

MEDIA = ("video", "image", "audio", "frames")
"""The columns that hold bytes, the one that shows most first."""
ROWS = 2048
_OF_REJECTS = ("outcome", "reason", "stage")
_SPLITS = ("train", "validation", "test")
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True)
class Shard:
    """One file of a config."""

    path: Path
    split: str


@dataclass(frozen=True)
class Released:
    """A release in a folder."""

    folder: Path

    def __post_init__(self) -> None:
        if not self.shards("default") or not (self.folder / "taxonomy.json").is_file():
            hint = "name the folder of one version: releases/v1.0.0"
            raise UserError(f"{self.folder} holds no release", hint)

    def shards(self, config: str) -> list[Shard]:
        """The files of a config, those of a split together, in publishing order."""
        found = [Shard(path, path.name.rsplit("-", 1)[0]) for path in (self.folder / "data" / config).glob("*.parquet")]
        return sorted(found, key=lambda shard: (_rank(shard.split), shard.path.name))

    @cached_property
    def columns(self) -> pa.Schema:
        """Those of the default config."""
        return pq.read_schema(self.shards("default")[0].path)

    @property
    def media(self) -> list[str]:
        """The columns of media that there are."""
        return [name for name in MEDIA if name in self.columns.names]

    @property
    def light(self) -> list[str]:
        """All columns but those that hold bytes."""
        return [name for name in self.columns.names if name not in MEDIA]

    def rows(self, columns: list[str]) -> Iterator[tuple[Shard, pa.Table]]:
        """The published rows in order, some at a time; columns that are not there are left out."""
        there = [name for name in columns if name in self.columns.names]
        for shard in self.shards("default"):
            for batch in _batches(shard.path, there):
                yield shard, batch

    def lineage(self, columns: list[str]) -> Iterator[pa.Table]:
        """Where rows come from, some at a time; nothing where a release does not say."""
        path = self.folder / "lineage.parquet"
        return _batches(path, columns) if path.is_file() else iter(())

    @cached_property
    def rejects(self) -> Mapping[tuple[str, str, str], int] | None:
        """How many rows were not kept, by outcome, reason and stage; None where a release does not say."""
        path, found = self.folder / "rejects.parquet", Counter[tuple[str, str, str]]()
        if not path.is_file():
            return None
        for rows in _batches(path, list(_OF_REJECTS)):
            for row in rows.group_by(list(_OF_REJECTS)).aggregate([([], "count_all")]).to_pylist():
                found[row["outcome"], row["reason"], row["stage"]] += row["count_all"]
        return found

    @cached_property
    def taxonomy(self) -> Taxonomy:
        """The labels."""
        found = json.loads((self.folder / "taxonomy.json").read_text(encoding="utf-8"))
        return parse_taxonomy(found.get("definition") or {name: found[name] for name in ("name", "labels")})

    @cached_property
    def gate(self) -> Mapping[str, Any]:
        """What the gate found; empty where a release does not say."""
        path = self.folder / "gate.json"
        return dict(json.loads(path.read_text(encoding="utf-8"))) if path.is_file() else {}

    @cached_property
    def recipe(self) -> Mapping[str, Any]:
        """The recipe; empty where a release does not have it."""
        path = self.folder / "recipe.yaml"
        return _mapping(path.read_text(encoding="utf-8")) if path.is_file() else {}

    @cached_property
    def header(self) -> Mapping[str, Any]:
        """What the card's header says: title, licence, languages."""
        path = self.folder / "README.md"
        text = path.read_text(encoding="utf-8") if path.is_file() else ""
        parts = text.split("\n---\n", 1)
        # What follows there are the features of each config, which are many lines that nobody needs here.
        return _mapping(parts[0].split("\ndataset_info:", 1)[0]) if text.startswith("---\n") and len(parts) > 1 else {}

    @property
    def title(self) -> str:
        """What people call it."""
        return str(
            self.header.get("pretty_name") or self.recipe.get("title") or self.recipe.get("dataset") or "Dataset"
        )

    @property
    def licence(self) -> str:
        """Empty where nobody said."""
        header = self.header
        return str(header.get("license_name") or self.recipe.get("licence") or header.get("license") or "")


def _rank(split: str) -> tuple[int, str]:
    return (_SPLITS.index(split) if split in _SPLITS else len(_SPLITS), split)


def _batches(path: Path, columns: list[str]) -> Iterator[pa.Table]:
    with pq.ParquetFile(path) as file:
        for batch in file.iter_batches(ROWS, columns=columns, use_threads=False):
            yield pa.Table.from_batches([batch])


def _mapping(text: str) -> Mapping[str, Any]:
    found = yaml.load(text, _LOADER)
    return found if isinstance(found, dict) else {}
