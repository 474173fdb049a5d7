"""Reads one file of ratings, as the import would."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pydantic import TypeAdapter

from affectory.transforms.ratings.base import RATINGS, RatingsReader
from affectory.transforms.sources.base import Limits, Refused, SourceFile

LEAST = {"path": "p", "of": "s", "target": "id", "rater": "who", "label": "emotion"}
Outcome = tuple[list[dict[str, Any]], list[Refused]]


@pytest.fixture(scope="session")
def reader() -> Callable[..., Any]:
    """A reader of the kind given as a recipe would make it, with the least that it needs and some changes."""

    def make(kind: type, **changes: Any) -> Any:
        return TypeAdapter(kind).validate_python({**LEAST, **changes})

    return make


@pytest.fixture(scope="session")
def take() -> Callable[[RatingsReader, Path], Outcome]:
    """The ratings of a file as dictionaries and what was refused, each batch checked against its schema."""

    def read(reader: RatingsReader, path: Path) -> Outcome:
        file = SourceFile(path.name, path, "0" * 64, path.stat().st_size)
        batches = list(reader.read(file, Limits()))
        for batch in batches:
            assert batch.rows.schema.equals(RATINGS)
            batch.rows.validate(full=True)
        rows = pa.concat_tables([RATINGS.empty_table(), *(b.rows for b in batches)]).to_pylist()
        return rows, [r for b in batches for r in b.refused]

    return read


@pytest.fixture
def take_bytes(take: Callable[[RatingsReader, Path], Outcome], tmp_path: Path) -> Callable[..., Outcome]:
    """Reads bytes as a file of ratings."""

    def read(reader: RatingsReader, data: bytes) -> Outcome:
        path = tmp_path / "file.txt"
        path.write_bytes(data)
        return take(reader, path)

    return read
