"""From a file, record or key forward: every sample made of it, what was said of each, and where it is published."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from affectory.pipelines.finding import Chain, all_of, span
from affectory.pipelines.following.held import Held, held
from affectory.pipelines.history import BuildRecord, rejects
from affectory.pipelines.store.workspace import Workspace

_MOST, _TEXT = 50, 60


@dataclass(frozen=True)
class Row:
    """One sample of it."""

    sample_id: str
    record_id: str
    kind: str
    uri: str
    begins: int
    """Where in its record: microseconds, or characters."""
    where: str
    text: str
    opinions: Mapping[str, int]
    """How many there are, by kind of rater."""
    labels: int
    notes: int

    def line(self) -> str:
        """For people."""
        said = ", ".join(f"{count} {kind}" for kind, count in self.opinions.items()) or "no opinions"
        text = self.text if len(self.text) <= _TEXT else f"{self.text[: _TEXT - 3]}..."
        return f"{self.sample_id}  {self.kind}  {self.where}  {said}, {self.labels} labels  {text}".rstrip()


@dataclass(frozen=True)
class Forward:
    """All that came of something."""

    wanted: str
    rows: tuple[Row, ...]
    rejected: tuple[dict[str, Any], ...]
    """What was not kept of the same records, and why."""
    held: tuple[Held, ...]

    def facts(self) -> dict[str, Any]:
        return asdict(self)

    def as_text(self) -> str:
        lines = [f"{self.wanted}: {len(self.rows):,} samples"]
        for uri in dict.fromkeys(row.uri for row in self.rows[:_MOST]):
            lines += [f"  file     {uri}", *(f"    {row.line()}" for row in self.rows[:_MOST] if row.uri == uri)]
        lines += [f"    ... and {len(self.rows) - _MOST:,} more"] if len(self.rows) > _MOST else []
        lines += [f"  not kept {_rejected(row)}" for row in self.rejected[:_MOST]]
        lines += [f"           and {len(self.rejected) - _MOST:,} more"] if len(self.rejected) > _MOST else []
        return "\n".join([*lines, *(f"  release  {held.line()}" for held in self.held)])


def _rejected(row: Mapping[str, Any]) -> str:
    return f"{row['outcome']} at {row['stage']}: {row['reason']}{', ' + row['detail'] if row['detail'] else ''}"


def forward(workspace: Workspace, build: BuildRecord, wanted: str) -> Forward:
    """What came of a file (by path or sha256), a record or a key; of an id, its one sample."""
    by_chain: dict[Chain, list[str]] = {}
    for found in all_of(workspace, build, wanted):
        by_chain.setdefault(found.chain, []).append(found.sample_id)
    rows = [row for chain, ids in by_chain.items() for row in _rows(workspace, chain[-1], ids)]
    in_order = tuple(sorted(rows, key=lambda row: (row.uri, row.begins, row.sample_id)))
    records = sorted({row.record_id for row in in_order})
    lost = rejects(workspace, build)
    lost = lost.filter(pc.is_in(lost["record_id"], value_set=pa.array(records, pa.string())))
    told = lost.select(["stage", "outcome", "reason", "detail", "sample_id", "record_id"]).to_pylist()
    return Forward(wanted, in_order, tuple(told), held(workspace, [row.sample_id for row in in_order]))


def _rows(workspace: Workspace, key: str, ids: Sequence[str]) -> Iterator[Row]:
    wanted = pa.array(ids, pa.string())
    samples = _of(workspace, key, "samples", ["sample_id", "kind", "anchor", "uri", "text"], wanted)
    opinions = Counter[tuple[str, str]]()
    for row in _of(workspace, key, "opinions", ["sample_id", "rater_kind"], wanted):
        opinions[row["sample_id"], row["rater_kind"]] += 1
    labels, notes = (
        Counter(row["sample_id"] for row in _of(workspace, key, name, ["sample_id"], wanted))
        for name in ("labels", "notes")
    )
    kinds = sorted({kind for _, kind in opinions})
    for row in samples:
        mine = row["sample_id"]
        said = {kind: opinions[mine, kind] for kind in kinds if opinions[mine, kind]}
        text = " ".join((row["text"] or "").split())
        anchor = row["anchor"]
        begins = anchor["start_us"] or anchor["char_start"] or 0
        place = (row["kind"], row["uri"], begins, span(anchor), text)
        yield Row(mine, anchor["record"], *place, said, labels[mine], notes[mine])


def _of(workspace: Workspace, key: str, name: str, columns: list[str], wanted: pa.Array) -> list[dict[str, Any]]:
    """Rows of a partition's table that are about some samples."""
    commits = workspace.commits()
    table = commits.read(commits.get(key), name, columns)
    found: list[dict[str, Any]] = []
    if table is not None:
        found = table.filter(pc.is_in(table["sample_id"], value_set=wanted)).to_pylist()
    return found
