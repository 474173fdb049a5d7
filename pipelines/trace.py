"""From a sample back to its file, and on to every opinion and label about it."""

from dataclasses import asdict, dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from affectory.pipelines.history import BuildRecord, rejects
from affectory.pipelines.store.workspace import Workspace
from affectory.schemas.errors import UserError
from affectory.schemas.ledgers import SOURCES
from affectory.schemas.parquet import read_parquet


@dataclass(frozen=True)
class Trace:
    """All that is known of one sample."""

    sample: dict[str, Any]
    source: dict[str, Any]
    stages: tuple[str, ...]
    notes: tuple[dict[str, Any], ...]
    opinions: tuple[dict[str, Any], ...]
    labels: tuple[dict[str, Any], ...]
    split: str

    def facts(self) -> dict[str, Any]:
        return asdict(self)

    def as_text(self) -> str:
        sample, anchor = self.sample, self.sample["anchor"]
        lines = [f"{sample['sample_id']}  {sample['kind']}  split {self.split or 'none'}"]
        lines += [f"  record   {anchor['record']}  {_span(anchor)}", f"  file     {self._file()}"]
        lines += [f"  text     {sample['text']}"] if sample["text"] else []
        lines += [f"  stages   {' -> '.join(self.stages)}"]
        lines += [f"  note     {n['name']} = {_value(n)}  ({n['stage']})" for n in self.notes]
        lines += [f"  opinion  {_opinion(o)}" for o in self.opinions]
        return "\n".join([*lines, *(f"  label    {_label(v)}" for v in self.labels)])

    def _file(self) -> str:
        asset = self.source.get("asset_id", "")
        return f"{self.sample['source']}: {self.source.get('uri', self.sample['uri'])}  sha256 {asset[:16]}"


def trace(workspace: Workspace, build: BuildRecord, wanted: str) -> Trace:
    """The trace of a sample, or of the sample that an opinion, judgement or record of this id belongs to."""
    for chain in (c for c in build.chains if workspace.commits().has(c[-1])):
        sample = _sample_of(workspace, chain[-1], wanted)
        if sample is not None:
            return _trace(workspace, build, chain, sample)
    raise UserError(
        f"no sample, record, opinion or judgement {wanted!r} in the last build", _why(workspace, build, wanted)
    )


def _part(workspace: Workspace, key: str, name: str, columns: list[str] | None = None) -> list[dict[str, Any]]:
    table = workspace.commits().read(workspace.commits().get(key), name, columns)
    return [] if table is None else list(table.to_pylist(maps_as_pydicts="lossy"))


def _sample_of(workspace: Workspace, key: str, wanted: str) -> str | None:
    """The sample of a partition that an id leads to; reads ids only."""
    for sample in _part(workspace, key, "samples", ["sample_id", "anchor"]):
        if wanted in (sample["sample_id"], sample["anchor"]["record"]):
            return str(sample["sample_id"])
    for opinion in _part(workspace, key, "opinions", ["sample_id", "opinion_id", "judgement_id"]):
        if wanted in (opinion["opinion_id"], opinion["judgement_id"]):
            return str(opinion["sample_id"])
    return None


def _trace(workspace: Workspace, build: BuildRecord, chain: tuple[str, ...], sample: str) -> Trace:
    names = ("samples", "notes", "opinions", "labels")
    own = {n: tuple(r for r in _part(workspace, chain[-1], n) if r["sample_id"] == sample) for n in names}
    stages = tuple(workspace.commits().get(key).stage for key in chain)
    source = _source(workspace, own["samples"][0]["anchor"]["record"])
    split = _split(workspace, build, sample)
    return Trace(own["samples"][0], source, stages, own["notes"], own["opinions"], own["labels"], split)


def _source(workspace: Workspace, record: str) -> dict[str, Any]:
    for path in reversed(list(workspace.ledger("sources").segments())):
        table = read_parquet(path)
        found = table.filter(pc.equal(table.column("record_id"), record)).to_pylist()
        if found:
            return {name: found[-1][name] for name in SOURCES.schema.names}
    return {}


def _split(workspace: Workspace, build: BuildRecord, sample: str) -> str:
    table: pa.Table | None = workspace.commits().read(workspace.commits().get(build.splits), "splits")
    found = [] if table is None else table.filter(pc.equal(table.column("sample_id"), sample)).to_pylist()
    return str(found[0]["split"]) if found else ""


def _why(workspace: Workspace, build: BuildRecord, wanted: str) -> str:
    table = rejects(workspace, build)
    rows = [r for r in table.to_pylist() if wanted in (r["sample_id"], r["record_id"], r["reject_id"])]
    return "; ".join(f"{r['outcome']} at {r['stage']}: {r['reason']}, {r['detail']}" for r in rows)


def _span(anchor: dict[str, Any]) -> str:
    if anchor["start_us"] is not None:
        return f"{anchor['start_us'] / 1e6:.3f} s to {anchor['end_us'] / 1e6:.3f} s"
    if anchor["char_start"] is not None:
        return f"characters {anchor['char_start']} to {anchor['char_end']}"
    return "the whole of it"


def _value(note: dict[str, Any]) -> Any:
    return next((note[k] for k in ("number", "text", "vector") if note[k] is not None), None)


def _opinion(opinion: dict[str, Any]) -> str:
    asked, answer = opinion["asked"], opinion["answer"]
    said = [f"{label} {w:.2f}" for label, w in zip(asked["labels"] or (), answer["weights"] or (), strict=False) if w]
    vad = answer["vad"] or {}
    said += [f"{name} {value:+.2f}" for name, value in vad.items() if value is not None]
    return f"{opinion['rater']} ({opinion['rater_kind']}, {opinion['perspective']}): {', '.join(said) or 'none'}"


def _label(label: dict[str, Any]) -> str:
    values = ", ".join("-" if v is None else f"{v:.3f}" for v in label["values"])
    return (
        f"{label['taxonomy']} {label['perspective']} by {label['pool']} ({label['rule']}, n={label['count']}): {values}"
    )
