"""Old releases that hold a person still: they are named, and never rewritten."""

from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from affectory.pipelines.forget.traces import Traces
from affectory.pipelines.release.places import files_of
from affectory.pipelines.release.shelf import list_releases
from affectory.schemas.urls import Location


def held_by(releases: Location, traces: Traces) -> dict[str, int]:
    """For each version that holds rows of a person, how many samples those are, or opinions that they gave."""
    found = {release.version: _rows(release.path, traces) for release in list_releases(releases)}
    return {version: rows for version, rows in found.items() if rows}


def _rows(place: Location, traces: Traces) -> int:
    files = files_of(place)
    names = list(files.names())
    samples = _matching(files, "lineage.parquet", {"record_id": traces.records})
    for config, column in (("default", "speaker"), ("opinions", "rater")):
        mine = [name for name in names if name.startswith(f"data/{config}/")]  # records are unknown the second time
        samples = samples or sum(_matching(files, name, {column: (traces.person,)}) for name in mine)
    return samples


def _matching(files: Any, name: str, wanted: dict[str, tuple[str, ...]]) -> int:
    with files.open(name) as file:
        parquet = pq.ParquetFile(file)
        rows = 0
        for column, values in wanted.items():
            if column in parquet.schema_arrow.names:
                for batch in parquet.iter_batches(columns=[column], use_threads=False):
                    known = pc.is_in(batch.column(column), value_set=pa.array(values, pa.string()))
                    rows += pc.sum(known).as_py() or 0
    return rows
