"""Taking a person out of ledgers: rows about them or by them go, others lose what names or quotes them."""

import hashlib
import io
from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from affectory.pipelines.forget.traces import Traces
from affectory.pipelines.store.answers import MEDIA, look_anew
from affectory.pipelines.store.files import Files, PartFile
from affectory.pipelines.store.workspace import Workspace
from affectory.schemas.ids import digest
from affectory.schemas.ledgers import ANSWERS, LEDGERS
from affectory.schemas.migrate import upgrade
from affectory.schemas.parquet import read_open, read_parquet

Change = Callable[[pa.Table], pa.Table]
"""The rows of a segment as they shall be; the very table where nothing changes."""
_BY = {
    "people": {"person_id": "person"},
    "sources": {"record_id": "records"},
    "judgements": {"rater": "person", "anchor.record": "records", "judgement_id": "acts"},
    "asks": {"rater": "person", "anchor.record": "records", "task": "tasks"},
    "returns": {"rater": "person", "task": "tasks"},
}
"""What a row is known by to be about a person, or by them."""


def take_out(workspace: Workspace, traces: Traces) -> None:
    """Take a person out of all ledgers and of the answers of models."""
    for name in _BY:
        rewrite(workspace, name, lambda table, name=name: _changed(table, name, traces))  # type: ignore[misc]
    _take_out_answers(workspace.files("ledgers/answers"), traces)
    look_anew()


def count(workspace: Workspace, traces: Traces) -> dict[str, int]:
    """How many rows of each ledger will go."""
    known = {name: sorted({column.partition(".")[0] for column in _BY[name]}) for name in _BY}
    found = {name: int(_mine(workspace.ledger(name).read(known[name]), name, traces).sum()) for name in _BY}
    files = workspace.files("ledgers/answers")
    rows = (answers_in(files, name) for name in files.names() if name.endswith(".parquet"))
    return {**found, "answers": sum(int(_answered(table, traces).sum()) for table in rows)}


def rewrite(workspace: Workspace, name: str, change: Change) -> None:
    """Put other segments in the place of those that a change touches, the new ones first: a kill in between leaves
    both, and the removal is taken up again."""
    ledger, files = workspace.ledger(name), workspace.files(f"ledgers/{name}")
    for part in list(ledger.segments()):
        before = upgrade(read_parquet(part), LEDGERS[name])
        after = change(before)
        if after is not before:
            replace_segment(files, part.name, after, LEDGERS[name].key)


def replace_segment(files: Files, old: str, rows: pa.Table, key: tuple[str, ...]) -> None:
    """The name tells the new segment from all others, also where its keys are those of one that was there."""
    folder = old.rpartition("/")[0]
    if rows.num_rows:
        buffer = io.BytesIO()
        pq.write_table(rows, buffer, compression="zstd")
        data = buffer.getvalue()
        name = f"{digest(list(key), hashlib.sha256(data).hexdigest())}.parquet"
        files.create(f"{folder}/{name}" if folder else name, data)
    files.discard([old])


def _changed(table: pa.Table, name: str, traces: Traces) -> pa.Table:
    mine = _mine(table, name, traces)
    if not mine.any() and not traces.kept.in_table(table):
        return table
    return _redacted(table.filter(pa.array(~mine)), traces)


def _mine(table: pa.Table, name: str, traces: Traces) -> np.ndarray[Any, np.dtype[np.bool_]]:
    mine = np.zeros(table.num_rows, bool)
    for column, what in _BY[name].items():
        values = getattr(traces, what)
        top, _, inner = column.partition(".")
        found = pc.struct_field(table.column(top), inner) if inner else table.column(top)
        wanted = pa.array([values] if isinstance(values, str) else list(values), pa.string())
        mine |= np.asarray(pc.is_in(found, value_set=wanted).combine_chunks(), bool)
    return mine


def _redacted(table: pa.Table, traces: Traces) -> pa.Table:
    """What others said stays, without the words and ids of the person in it."""
    for name in table.column_names:
        column = table.column(name)
        if traces.kept.in_table(table.select([name])):
            values = [traces.kept.without(value) for value in column.to_pylist()]
            at = table.column_names.index(name)
            table = table.set_column(at, table.schema.field(name), pa.array(values, column.type))
    return table


def _take_out_answers(files: Files, traces: Traces) -> None:
    """Answers that name or quote the person, or that notes about them quote; then media that no answer names."""
    named = set[str]()
    for name in list(files.names()):
        if not name.endswith(".parquet"):
            continue
        table = answers_in(files, name)
        gone = _answered(table, traces)
        if gone.any():
            table = table.filter(pa.array(~gone))
            replace_segment(files, name, table, ANSWERS.key)
        folder = name.partition("/")[0]
        named |= {f"{folder}/{MEDIA}/{one}" for one in table.column("media").drop_null().to_pylist()}
    files.discard([name for name in files.names() if name.split("/")[1:2] == [MEDIA] and name not in named])


def answers_in(files: Files, name: str) -> pa.Table:
    with PartFile(files.location, name).open() as file:
        return upgrade(read_open(file), ANSWERS)


def _answered(table: pa.Table, traces: Traces) -> np.ndarray[Any, np.dtype[np.bool_]]:
    return traces.answers.rows(table.select(["text", "media"]))
