"""Rows for exchanges on engines, and what was seen of them. Workers import this module by its name."""

import json
import os
import time
from pathlib import Path

import pyarrow as pa


def noted(folder: str, bucket: int, rows: pa.Table) -> None:
    assert set(rows.column("bucket").to_pylist()) == {bucket}
    text = json.dumps(sorted(rows.column("text").to_pylist()))
    Path(folder, f"{bucket}-{os.getpid()}-{os.urandom(4).hex()}").write_text(text)


def spread(part: int) -> pa.Table:
    """Rows of one part in several buckets; every third part has none."""
    rows = [] if part % 3 == 0 else [(part % 5, f"{part}-{i}") for i in range(part)]
    rows += [(9, f"all-{part}")] if part % 3 else []
    return pa.table(
        {"bucket": pa.array([b for b, _ in rows], pa.int64()), "text": pa.array([t for _, t in rows], pa.string())}
    )


def slowly(part: int) -> pa.Table:
    time.sleep(0.2)
    return spread(part)


def expected(parts: int) -> list[tuple[int, list[str]]]:
    """Each bucket with its rows."""
    rows: dict[int, list[str]] = {}
    for row in pa.concat_tables([spread(part) for part in range(parts)]).to_pylist():
        rows.setdefault(row["bucket"], []).append(row["text"])
    return sorted((bucket, sorted(texts)) for bucket, texts in rows.items())


def found(folder: Path) -> list[tuple[int, list[str]]]:
    """What reducers noted."""
    return sorted((int(p.name.partition("-")[0]), json.loads(p.read_text())) for p in folder.iterdir())
