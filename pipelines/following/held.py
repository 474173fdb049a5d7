"""Which versions that were published from a workspace hold samples, and in which split."""

import contextlib
import json
from collections.abc import Collection, Iterator
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from affectory.pipelines.release.places import files_of
from affectory.pipelines.release.shelf import shelf_at
from affectory.pipelines.release.version import FIRST, Version
from affectory.pipelines.store.workspace import Workspace
from affectory.schemas.errors import AffectoryError
from affectory.schemas.urls import Location, as_location


@dataclass(frozen=True)
class Held:
    """One version, where it lies, and how many of the samples it holds in each split; none where it is out of reach."""

    version: str
    place: str
    splits: tuple[tuple[str, int], ...]
    reached: bool = True

    def line(self) -> str:
        """For people."""
        said = ", ".join(f"{name} {count:,}" if count > 1 else name for name, count in self.splits)
        return f"{self.version}  {said if self.reached else 'gone, or out of reach from here'}  {self.place}"


def published_from(workspace: Workspace) -> list[tuple[str, Location]]:
    """The versions and places of all that was published from here, oldest first."""
    files = workspace.records()
    records = [json.loads(files.read(name)) for name in files.names("published")]
    found = {(record["version"], record["releases"]) for record in records}
    in_order = sorted(found, key=lambda one: (Version.parse(one[0]) or FIRST, one[1]))
    return [(version, shelf_at(as_location(place)).place(version)) for version, place in in_order]


def held(workspace: Workspace, samples: Collection[str]) -> tuple[Held, ...]:
    """The versions that hold any of these samples; of those that cannot be read nobody knows."""
    wanted = pa.array(sorted(samples), pa.string())
    return tuple(_held(workspace, wanted))


def _held(workspace: Workspace, wanted: pa.Array) -> Iterator[Held]:
    for version, place in published_from(workspace):
        splits: list[tuple[str, int]] | None = None
        # What was published may be gone, or out of reach from here.
        with contextlib.suppress(OSError, AffectoryError):
            splits = _splits(place, wanted)
        if splits is None:
            yield Held(version, str(place), (), reached=False)
        elif splits:
            yield Held(version, str(place), tuple(splits))


def _splits(place: Location, wanted: pa.Array) -> list[tuple[str, int]]:
    with files_of(place).open("lineage.parquet") as file, pq.ParquetFile(file) as lineage:
        table = lineage.read(columns=["sample_id", "split"], use_threads=False)
    mine = table.filter(pc.is_in(table["sample_id"], value_set=wanted))["split"].value_counts().to_pylist()
    return sorted((found["values"], found["counts"]) for found in mine)
