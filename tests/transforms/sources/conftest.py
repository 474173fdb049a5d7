"""Reads one file with a source, as the scan would."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from affectory.transforms.sources.base import RECORDS, Limits, Refused, Source, SourceFile, uri_of

Outcome = tuple[list[dict[str, Any]], list[Refused]]
Take = Callable[..., Outcome]


def taken(source: Source, path: Path, limits: Limits | None = None, uri: str = "") -> Outcome:
    """The records of a file as dictionaries and what was refused, each batch checked against its schema."""
    file = SourceFile(uri or path.name, path, "0" * 64, path.stat().st_size)
    batches = list(source.read(file, limits or Limits()))
    for batch in batches:
        assert batch.rows.schema.equals(RECORDS)
        batch.rows.validate(full=True)
    rows = pa.concat_tables([RECORDS.empty_table(), *(b.rows for b in batches)]).to_pylist(maps_as_pydicts="strict")
    return rows, [r for b in batches for r in b.refused]


@pytest.fixture(scope="session")
def take() -> Take:
    return taken


@pytest.fixture
def take_bytes(tmp_path: Path) -> Take:
    """Reads bytes as a file of the name given."""

    def read(source: Source, data: bytes, limits: Limits | None = None, name: str = "file.txt") -> Outcome:
        path = tmp_path / name
        path.write_bytes(data)
        return taken(source, path, limits)

    return read


@pytest.fixture(scope="session")
def listed() -> Callable[[Source, Path], list[str]]:
    """What a source lists below a root: places, and refusals as `reason place`, in order."""

    def names(source: Source, root: Path) -> list[str]:
        found = list(source.files(root.resolve()))
        return [uri_of(x, root.resolve()) if isinstance(x, Path) else f"{x.reason} {x.uri}" for x in found]

    return names
