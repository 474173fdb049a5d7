"""The end of a partition: the flowing table becomes samples, notes, opinions and labels."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from affectory.pipelines.finding import span
from affectory.pipelines.runner.attach import attach, standing
from affectory.pipelines.runner.ruled import Ruled, all_labels
from affectory.pipelines.store.files import PartFile
from affectory.pipelines.store.workspace import Workspace
from affectory.schemas.derived import LABELS, NOTES, OPINIONS_TABLE, REJECTS, SAMPLES
from affectory.schemas.ids import canonical, digest, opinion_id
from affectory.schemas.opinion import OPINION_COLUMNS, OPINIONS
from affectory.schemas.parquet import read_parquet
from affectory.schemas.types import PLACES


@dataclass(frozen=True)
class Finish:
    """How a partition ends: which judgements may belong to it, how they attach, which rules label it.

    Where a rule has to know the whole dataset first, there are two commits: the opinions under the key `attached`,
    then the labels, which wait until all fits are known. `fits` are files of these, by the place of their rule.
    """

    key: str
    judgements: str
    least_overlap: float
    rules: tuple[Ruled, ...]
    written_by: Mapping[str, str] = field(default_factory=dict)
    inherit: bool = False
    attached: str = ""
    fits: Mapping[int, str] = field(default_factory=dict)
    waits: bool = False

    @property
    def keys(self) -> tuple[str, ...]:
        """The commits that the partition ends in, as far as fits are known."""
        return tuple(key for key in (self.attached, "" if self.waits else self.key) if key)


def attached(how: Finish, flow: pa.Table, workspace: Workspace) -> tuple[dict[str, pa.Table], dict[str, int]]:
    """The tables of a partition but for its labels, and how many judgements were attached and not."""
    samples = SAMPLES.cast(flow.select(SAMPLES.schema.names))
    judged, lost = _judged(how, flow, workspace)
    opinions = OPINIONS_TABLE.cast(pa.concat_tables([_votes(flow), judged])).sort_by("opinion_id")
    tables = {"samples": samples, "notes": _notes(how, flow), "opinions": opinions}
    facts = {"attached": len(judged.column("judgement_id").unique()), "unattached": lost.num_rows}
    return {**tables, "rejects": lost}, facts


def labelled(how: Finish, opinions: pa.Table | None, workspace: Workspace) -> pa.Table:
    """The labels of a partition's opinions."""
    if opinions is None:
        return LABELS.empty()
    where = workspace.fits().location
    fits = {place: read_parquet(PartFile(where, name)) for place, name in how.fits.items()}
    return all_labels(how.rules, OPINIONS_TABLE.cast(opinions), fits)


def finish(how: Finish, flow: pa.Table, workspace: Workspace) -> tuple[dict[str, pa.Table], dict[str, int]]:
    """All tables of a partition at once."""
    tables, facts = attached(how, flow, workspace)
    return {**tables, "labels": labelled(how, tables["opinions"], workspace)}, facts


def _judged(how: Finish, flow: pa.Table, workspace: Workspace) -> tuple[pa.Table, pa.Table]:
    if not how.judgements:
        return _plain(OPINIONS_TABLE.empty()), REJECTS.empty()
    judgements = standing(read_parquet(PartFile(workspace.records().location, how.judgements)))
    judged, samples = (table.column("anchor").to_pylist() for table in (judgements, flow))
    found = attach(judged, samples, lengths(flow), how.least_overlap, text_lengths(flow), how.inherit)
    pairs = np.array(list(found.pairs()), np.int64).reshape(-1, 2)
    kept = judgements.take(pa.array(pairs[:, 0]))
    ids = flow.column("sample_id").take(pa.array(pairs[:, 1]))
    # Without the revision: what is published does not depend on how often somebody was corrected.
    acts = pc.coalesce(kept.column("act"), kept.column("judgement_id"))
    columns = {"opinion_id": _own_ids(acts, ids) if how.inherit else acts, "sample_id": ids, "judgement_id": acts}
    opinions = pa.table({**columns, **{c.name: kept.column(c.name) for c in OPINION_COLUMNS}})
    lost = np.setdiff1d(np.arange(judgements.num_rows), pairs[:, 0])
    return _plain(opinions), unattached(judgements.take(pa.array(lost)))


def _own_ids(acts: pa.ChunkedArray, samples: pa.ChunkedArray) -> pa.Array:
    """Where one judgement is about many samples, each of these opinions has an id of its own."""
    about = zip(acts.to_pylist(), samples.to_pylist(), strict=True)
    return pa.array(["o_" + digest(act, sample)[:24] for act, sample in about], pa.string())


def lengths(flow: pa.Table) -> list[float | None]:
    """Each sample's record length in microseconds, where a stage measured it."""
    if "duration_s" not in flow.column_names:
        return [None] * flow.num_rows
    return [None if s is None else s * 1e6 for s in flow.column("duration_s").to_pylist()]


def text_lengths(flow: pa.Table) -> list[int | None]:
    """How many characters each sample has, where it has text."""
    found: list[int | None] = pc.utf8_length(flow.column("text")).to_pylist() if "text" in flow.column_names else []
    return found or [None] * flow.num_rows


def unattached(judgements: pa.Table) -> pa.Table:
    """Rejects for judgements without a sample."""
    return REJECTS.from_rows([unattached_row(row) for row in judgements.select(["judgement_id", "anchor"]).to_pylist()])


def unattached_row(judgement: dict[str, Any]) -> dict[str, object]:
    """A judgement that is kept in the ledger but has no sample in this build."""
    anchor = judgement["anchor"]
    where = f"{span(anchor)}, enough (`label.min_overlap`)"
    return {
        "reject_id": "x_" + digest("label", judgement["judgement_id"])[:24],
        "stage": "label",
        "outcome": "rejected",
        "reason": "unattached",
        "detail": f"judgement {judgement['judgement_id']}: no sample of this build overlaps {where}",
        "record_id": anchor["record"],
    }


def _votes(flow: pa.Table) -> pa.Table:
    """The opinions that raters among the stages left in their columns."""
    columns = [f.name for f in flow.schema if f.type == OPINIONS]
    return pa.concat_tables([_plain(OPINIONS_TABLE.empty()), *(_votes_of(flow, name) for name in columns)])


def _votes_of(flow: pa.Table, name: str) -> pa.Table:
    lists = flow.column(name).combine_chunks()
    opinions, parents = pc.list_flatten(lists), pc.list_parent_indices(lists)
    fields = {c.name: pc.struct_field(opinions, c.name) for c in OPINION_COLUMNS}
    samples = flow.column("sample_id").combine_chunks().take(parents)
    asked = pc.struct_field(fields["asked"], "question").to_pylist()
    told = pc.struct_field(fields["shown"], "instructions").to_pylist()
    said = (fields[name].to_pylist() for name in ("modalities", "rater", "perspective", "whose"))
    about = zip(samples.to_pylist(), asked, told, *said, strict=True)
    ids = [
        opinion_id(sample, rater, _told(name, question, how, seen), side, whose or "")
        for sample, question, how, seen, rater, side, whose in about
    ]
    none = pa.nulls(len(ids), pa.string())
    return _plain(
        pa.table({"opinion_id": pa.array(ids, pa.string()), "sample_id": samples, "judgement_id": none, **fields})
    )


def _told(column: str, question: str | None, instructions: str | None, seen: list[str] | None) -> str:
    """What tells one question to a rater from another: of one that is instructed, by whom, how, what it sees."""
    return question or "" if instructions is None else canonical([column, question, instructions, sorted(seen or ())])


def _plain(table: pa.Table) -> pa.Table:
    """One spelling of nullability and metadata, so that tables of different origin can be concatenated."""
    return pa.table(table.columns, schema=pa.schema([pa.field(f.name, f.type) for f in OPINIONS_TABLE.schema]))


def _notes(how: Finish, flow: pa.Table) -> pa.Table:
    extra = [f for f in flow.schema if f.name not in SAMPLES.schema.names and f.type != OPINIONS]
    melted = [_melt(flow, f, how.written_by.get(f.name, "")) for f in extra]
    return pa.concat_tables([NOTES.empty(), *melted]).sort_by([("name", "ascending"), ("sample_id", "ascending")])


def _melt(flow: pa.Table, column: pa.Field, stage: str) -> pa.Table:
    rows = flow.select(["sample_id", column.name]).filter(pc.is_valid(flow.column(column.name)))
    value = rows.column(column.name)
    slot = note_slot(column.type)
    name, by = pa.repeat(column.name, rows.num_rows), pa.repeat(stage, rows.num_rows)
    typed = value.cast(NOTES.schema.field(slot).type)
    return NOTES.cast(pa.table({"sample_id": rows.column("sample_id"), "name": name, slot: typed, "stage": by}))


def note_slot(dtype: pa.DataType) -> str:
    """Where among a note's columns a value of this type goes."""
    if pa.types.is_string(dtype):
        return "text"
    if dtype == PLACES:
        return "places"
    return "vector" if pa.types.is_list(dtype) else "number"
