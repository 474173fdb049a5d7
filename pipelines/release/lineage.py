"""Where each published row comes from, a hash that moves with anything published of it, and what was not kept."""

import hashlib
import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

import pyarrow as pa
import pyarrow.compute as pc

from affectory.pipelines.release.columns import public_rows
from affectory.pipelines.release.gather import Window
from affectory.pipelines.release.shards import parquet_writer
from affectory.pipelines.release.withheld import Withheld, nameless
from affectory.schemas.derived import REJECTS
from affectory.schemas.parquet import Part, read_all

LINEAGE = pa.schema(
    [
        ("sample_id", pa.string()),
        ("split", pa.string()),
        ("record_id", pa.string()),
        ("key", pa.string()),
        ("source", pa.string()),
        ("assets", pa.list_(pa.string())),
        ("row_hash", pa.string()),
    ]
)
_GROUP_ROWS = 50_000
_REJECTS = ("stage", "outcome", "reason", "detail", "sample_id", "record_id", "source")
PUBLIC_REJECTS = pa.schema([(name, REJECTS.schema.field(name).type) for name in _REJECTS])
_OF_INPUTS = ("scan", "ratings")
_FILE = re.compile(r" \(.*\)\Z", re.DOTALL)
"""Where what a duplicate is the same as lies."""
_ABSOLUTE = re.compile(r"(?<![\w.:/])/(?:[^/\s'\"]+/)+([^/\s'\"]*)")


class LineageWriter:
    """`lineage.parquet`, in row groups that do not tell by which windows its rows came."""

    def __init__(self, path: Path) -> None:
        self._file = parquet_writer(path, LINEAGE)
        self._rows = LINEAGE.empty_table()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._flush(self._rows.num_rows)
        self._file.close()

    def write(self, rows: pa.Table) -> None:
        """Append rows."""
        self._rows = pa.concat_tables([self._rows, rows])
        while self._rows.num_rows >= _GROUP_ROWS:
            self._flush(_GROUP_ROWS)

    def _flush(self, rows: int) -> None:
        if rows:
            self._file.write_table(self._rows.slice(0, rows).combine_chunks(), row_group_size=rows)
        self._rows = self._rows.slice(rows)


def lineage_rows(window: Window, default: pa.Table, configs: Sequence[str], media: Sequence[str]) -> pa.Table:
    """The lineage of a window's samples; `default` are their rows without media bytes."""
    samples = window.tables["samples"]
    columns = [
        window.ids,
        pa.array([window.split] * len(window.ids)),
        default["record_id"],
        default["key"],
        samples["source"],
        pa.array(_assets(default, media), pa.list_(pa.string())),
        pa.array(_row_hashes(window, default, configs)),
    ]
    return pa.table(columns, schema=LINEAGE)


def _assets(default: pa.Table, media: Sequence[str]) -> list[list[str]]:
    columns = [default[f"{name}_sha256"].to_pylist() for name in media]
    flat = ([a for v in row for a in (v if isinstance(v, list) else [v]) if a] for row in zip(*columns, strict=True))
    return [sorted(set(assets)) for assets in flat] if columns else [[]] * default.num_rows


def _row_hashes(window: Window, default: pa.Table, configs: Sequence[str]) -> list[str]:
    """Over the default row, whose media stand by their sha256, and the rows about it in every other config.

    A null counts as absent, so that a new column changes only the rows that have a value in it.
    """
    hashes = [hashlib.blake2b(digest_size=20) for _ in window.ids]
    for config in sorted(configs):
        rows = default if config == "default" else public_rows(window.tables[config], config)
        at = pc.index_in(rows["sample_id"], value_set=window.ids).to_pylist()
        for index, row in zip(at, rows.to_pylist(), strict=True):
            filled = {name: value for name, value in row.items() if value is not None}
            hashes[index].update(f"{config} {plain_json(filled)}\n".encode())
    return [h.hexdigest() for h in hashes]


def plain_json(value: Any) -> str:
    """One spelling of a row, NaN allowed: notes are measurements."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def reject_rows(parts: Sequence[Part], withheld: Withheld | None = None) -> pa.Table:
    """What was not kept, in an order of its own: without uris and rows, which name files and people, and without the
    details of files that were not taken and of rows that failed, which quote them and what models answered, and the
    folders of whoever built it. Of whom something is withheld nothing tells."""
    withheld = withheld or Withheld()
    tables = [table.cast(PUBLIC_REJECTS) for table in read_all(parts, _REJECTS)]
    rows = pa.concat_tables(
        [PUBLIC_REJECTS.empty_table(), *tables, withheld.rejects().select(_REJECTS).cast(PUBLIC_REJECTS)]
    )
    rows = nameless(rows, withheld)
    found = zip(*(rows[name].to_pylist() for name in ("stage", "outcome", "reason", "detail")), strict=True)
    detail = [
        None if text is None or stage in _OF_INPUTS or outcome == "failed" else _plain(reason, text)
        for stage, outcome, reason, text in found
    ]
    rows = rows.set_column(_REJECTS.index("detail"), "detail", pa.array(detail, pa.string()))
    return rows.sort_by([(name, "ascending") for name in _REJECTS]).cast(PUBLIC_REJECTS).combine_chunks()


def _plain(reason: str, text: str) -> str:
    return without_folders(_FILE.sub("", text) if reason == "duplicate" else text)


def without_folders(text: str) -> str:
    """Absolute paths shortened to their last part."""
    return _ABSOLUTE.sub(lambda match: match[1] or "", text)
