"""What a release is made from, and what is made."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa

from affectory.pipelines.release.withheld import Withheld
from affectory.schemas.errors import AffectoryError, UserError
from affectory.schemas.parquet import Part
from affectory.schemas.taxonomy import Taxonomy
from affectory.schemas.urls import Location

Told = Callable[[str, int, int, str], None]
"""Hears how far a part of publishing is: what is done, how much of it, of how much, in which unit."""

CONFIGS = ("default", "opinions", "labels", "notes", "samples")
MEDIA = ("image", "audio", "video", "frames")
_SPLIT_ORDER = ("train", "validation", "test")
_SPLIT_NAME = re.compile(r"^\w+(\.\w+)*$")
_MOST_BYTES = 1 << 30
"""A column chunk of binary values ends at 2 GiB, so no row group may come near it."""


@dataclass(frozen=True)
class ReleaseInputs:
    """Everything that is published, as tables and plain data; it knows no plan, engine or workspace."""

    dataset: str
    card: Mapping[str, Any]
    recipe: Mapping[str, Any]
    taxonomy: Taxonomy
    tables: Mapping[str, Sequence[Part]]
    """Part files of samples, notes, opinions, labels and rejects, in any order and any chunking."""
    splits: pa.Table
    """sample_id, split. A sample that is absent here is not published."""
    open_asset: Callable[[str, str], bytes]
    """(sha256, format) -> bytes, which are verified here."""
    configs: Sequence[str]
    media: Sequence[str]
    shard_bytes: int
    row_group_bytes: int = 100_000_000
    label_rule: str = "vote_share"
    """The rule whose labels stand in the config `default`."""
    label_pools: Sequence[str] = ("human", "group", "model")
    versions: Mapping[str, str] = field(default_factory=dict)
    """Of the toolchain: written in the manifest, not hashed."""
    gate: Mapping[str, Any] | None = None
    """What suites, rules and audits found, and what was allowed for which reason, as plain data."""
    statement: Mapping[str, str] = field(default_factory=dict)
    """The data statement that the recipe makes, by the names of its fields."""
    licences: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """By source, the licences that its records declare."""
    finish: Callable[[Path], None] | None = None
    """Writes pages into the finished release, whose manifest names its version already."""

    withheld: Withheld = field(default_factory=Withheld)
    """What is not published of these, for whose sake; `splits` name no sample that is withheld as a whole."""
    people: pa.Table | None = None
    """Who speaks and judges, as the config `people` tells of them."""
    because: Sequence[str] = ()
    """What else changed this version, beside what comparing shows: why people were taken out."""

    def __post_init__(self) -> None:
        _known("config", self.configs, CONFIGS)
        _known("media column", self.media, MEDIA)
        if "default" not in self.configs:
            raise UserError("a release without the config 'default' cannot be loaded", "add it to `publish.configs`")
        if not 0 < self.row_group_bytes <= _MOST_BYTES or self.shard_bytes <= 0:
            raise UserError(f"row_group_bytes must lie between 1 and {_MOST_BYTES}, shard_bytes above 0")


def _known(what: str, given: Sequence[str], allowed: Sequence[str]) -> None:
    for name in given:
        if name not in allowed:
            raise UserError(f"unknown {what} {name!r}", f"allowed: {', '.join(allowed)}")


@dataclass(frozen=True)
class Release:
    """One published version."""

    version: str
    path: Location
    hash: str
    rows: Mapping[str, Mapping[str, int]]
    """By config and split."""
    bump: str
    reasons: tuple[str, ...]
    unchanged: bool = False
    why: str = ""
    """The rule by which it has this version."""


def split_rank(split: str) -> tuple[int, str]:
    """The usual splits in their usual order, then the others by name."""
    if not _SPLIT_NAME.match(split):
        raise UserError(f"split name {split!r} cannot be published", "use letters, digits and underscores")
    return (_SPLIT_ORDER.index(split) if split in _SPLIT_ORDER else len(_SPLIT_ORDER)), split


@dataclass(eq=False)
class AssetMismatch(AffectoryError):
    """The bytes of an asset are not those that its name promises."""

    asset: str
    sample: str
    column: str
    given: str

    def __str__(self) -> str:
        return f"{self.column} of sample {self.sample}: the bytes of asset {self.asset} hash to {self.given}"


@dataclass(eq=False)
class LoadTestFailed(AffectoryError):
    """What was written does not load as it should; nothing was published."""

    problems: tuple[str, ...]

    def __str__(self) -> str:
        return "the release does not load as intended, so it is not published:\n  " + "\n  ".join(self.problems)
