"""From a sample back to its file, and on to every opinion and label about it."""

import contextlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from affectory.pipelines.finding import Chain, span, the_one
from affectory.pipelines.following.answers import Answer, answers_about
from affectory.pipelines.following.held import Held, held, published_from
from affectory.pipelines.history import BuildRecord
from affectory.pipelines.release.places import files_of
from affectory.pipelines.runner.stage import Stage
from affectory.pipelines.scan import load_scan
from affectory.pipelines.store.workspace import Workspace
from affectory.schemas.errors import AffectoryError
from affectory.schemas.ledgers import SOURCES
from affectory.schemas.parquet import read_parquet

_MEDIA = ("video", "audio", "image")
_VAD = ("valence", "arousal", "dominance")


@dataclass(frozen=True)
class Trace:
    """All that is known of one sample."""

    sample: dict[str, Any]
    source: dict[str, Any]
    """The file as the build's scan found it."""
    stages: tuple[str, ...]
    notes: tuple[dict[str, Any], ...]
    opinions: tuple[dict[str, Any], ...]
    labels: tuple[dict[str, Any], ...]
    split: str
    label_names: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """By taxonomy, as far as they are known."""
    answers: tuple[Answer, ...] = ()
    """What models replied about it on its way."""
    held: tuple[Held, ...] = ()
    """The versions that hold it."""

    def facts(self) -> dict[str, Any]:
        return asdict(self)

    def as_text(self) -> str:
        sample, anchor = self.sample, self.sample["anchor"]
        lines = [f"{sample['sample_id']}  {sample['kind']}  split {self.split or 'none'}"]
        key = f"  key {sample['key']}" if sample.get("key") is not None else ""
        lines += [f"  record   {anchor['record']}{key}  {span(anchor)}", f"  file     {self._file()}"]
        lines += [f"  text     {sample['text']}"] if sample["text"] else []
        lines += [f"  stages   {' -> '.join(self.stages)}"]
        lines += [f"  note     {_note(n)}" for n in self.notes]
        lines += [f"  answer   {answer.line()}" for answer in self.answers]
        for opinion in self.opinions:
            lines += [f"  opinion  {_opinion(opinion)}", *(f"           {told}" for told in _asked(opinion))]
        lines += [f"  label    {self._label(v)}" for v in self.labels]
        return "\n".join([*lines, *(f"  release  {held.line()}" for held in self.held)])

    def _file(self) -> str:
        source = self.source
        if source.get("uri") is None:
            published = ", ".join(asset[:16] for asset in source.get("assets") or ())
            told = f"; publishes sha256 {published}" if published else ""
            return f"{source['source']}: releases do not name files{told}"
        row = "" if source.get("row") is None else f"#L{source['row']}"
        place = f"{source['source']}: {source['uri']}{row}"
        if not source.get("asset_id"):
            return place
        seen = "sha256" if source["kind"] in _MEDIA else "first read from a file of sha256"
        return f"{place}  {seen} {source['asset_id'][:16]}"

    def _label(self, label: Mapping[str, Any]) -> str:
        names = self.label_names.get(label["taxonomy"], ())
        if len(names) != len(label["values"]):
            said = ["-" if v is None else f"{v:.3f}" for v in label["values"]]
        elif label["space"] == "continuous":
            said = [f"{n} {v:+.2f}" for n, v in zip(names, label["values"], strict=True) if v is not None]
        else:
            said = [f"{n} {v:.2f}" for n, v in zip(names, label["values"], strict=True) if v]
        made = f"{label['pool']} ({label['rule']}, n={label['count']})"
        return f"{label['taxonomy']} {label['perspective']} by {made}: {', '.join(said) or 'none'}"


def trace(workspace: Workspace, build: BuildRecord, wanted: str, steps: Sequence[Stage] = ()) -> Trace:
    """The trace of a sample, given by its id, by that of an opinion or record about it, by key or by file.

    With the stages of its recipe the answers of models are looked for too.
    """
    found = the_one(workspace, build, wanted)
    return _trace(workspace, build, found.chain, found.sample_id, steps)


def _part(workspace: Workspace, key: str, name: str, sample: str) -> tuple[dict[str, Any], ...]:
    table = workspace.commits().read(workspace.commits().get(key), name)
    if table is None:
        return ()
    mine = table.filter(pc.equal(table.column("sample_id"), sample))
    return tuple(mine.to_pylist(maps_as_pydicts="lossy"))


def _trace(workspace: Workspace, build: BuildRecord, chain: Chain, sample: str, steps: Sequence[Stage]) -> Trace:
    samples, notes, opinions, labels = (
        _part(workspace, chain[-1], name, sample) for name in ("samples", "notes", "opinions", "labels")
    )
    stages = tuple(workspace.commits().get(key).stage for key in chain)
    source = _source(workspace, build, samples[0])
    names, split = _names(workspace, opinions, labels), _split(workspace, build, sample)
    answers, versions = answers_about(workspace, steps, chain, sample), held(workspace, [sample])
    return Trace(samples[0], source, stages, notes, opinions, labels, split, names, answers, versions)


def _source(workspace: Workspace, build: BuildRecord, sample: Mapping[str, Any]) -> dict[str, Any]:
    """The ledger's row of what the record is now, at the place where the scan found it."""
    record = sample["anchor"]["record"]
    place = {"source": sample["source"], "uri": sample["uri"], "kind": sample["kind"]}
    if not workspace.commits().has(build.scan):
        return place
    index = load_scan(workspace, build.scan).index(workspace)
    found = index.filter(pc.equal(index.column("record_id"), record)).to_pylist()
    if not found:
        return place
    now = {name: found[0][name] for name in ("source", "uri", "row", "kind", "key", "fingerprint")}
    return {**_ledger_row(workspace, record, now["fingerprint"]), **now}


def _ledger_row(workspace: Workspace, record: str, fingerprint: str) -> dict[str, Any]:
    for path in workspace.ledger("sources").segments():
        ids = read_parquet(path, list(SOURCES.key))
        mine = pc.and_(pc.equal(ids.column("record_id"), record), pc.equal(ids.column("fingerprint"), fingerprint))
        if pc.any(mine).as_py():
            row: dict[str, Any] = read_parquet(path).filter(mine).to_pylist()[0]
            return {name: row.get(name) for name in SOURCES.schema.names}
    return {}


def _names(
    workspace: Workspace, opinions: Sequence[Mapping[str, Any]], labels: Sequence[Mapping[str, Any]]
) -> dict[str, tuple[str, ...]]:
    """Label names by taxonomy: as raters were asked; in the order of the latest release, should that differ."""
    asked = {o["asked"]["taxonomy"]: tuple(o["asked"]["labels"] or ()) for o in opinions}
    published = dict(_published(workspace))
    found: dict[str, tuple[str, ...]] = {"vad": _VAD}
    for label in (v for v in labels if v["taxonomy"] not in found):
        name, count = label["taxonomy"], len(label["values"])
        offered, known = asked.get(name, ()), published.get(name, ())
        if len(known) == count and (len(offered) != count or sorted(known) == sorted(offered)):
            found[name] = known
        elif len(offered) == count:
            found[name] = offered
    return {name: found[name] for name in sorted({v["taxonomy"] for v in labels} & set(found))}


def _published(workspace: Workspace) -> Iterable[tuple[str, tuple[str, ...]]]:
    """Taxonomies of what was published from here, the latest last."""
    for _, place in published_from(workspace):
        # What was published may be gone, or out of reach from here.
        with contextlib.suppress(OSError, AffectoryError):
            taxonomy = json.loads(files_of(place).read("taxonomy.json"))
            yield taxonomy["name"], tuple(taxonomy["labels"])


def _split(workspace: Workspace, build: BuildRecord, sample: str) -> str:
    table: pa.Table | None = workspace.commits().read(workspace.commits().get(build.splits), "splits")
    found = [] if table is None else table.filter(pc.equal(table.column("sample_id"), sample)).to_pylist()
    return str(found[0]["split"]) if found else ""


def _note(note: Mapping[str, Any]) -> str:
    value = next((note[k] for k in ("number", "text", "vector", "places") if note[k] is not None), None)
    value = f"{value:.6g}" if isinstance(value, float) else value
    return f"{note['name']} = {value}{f'  ({stage})' if (stage := note['stage']) else ''}"


def _opinion(opinion: Mapping[str, Any]) -> str:
    asked, answer = opinion["asked"], opinion["answer"]
    said = [f"{label} {w:.2f}" for label, w in zip(asked["labels"] or (), answer["weights"] or (), strict=False) if w]
    vad = answer["vad"] or {}
    said += [f"{name} {value:+.2f}" for name, value in vad.items() if value is not None]
    return f"{opinion['rater']} ({opinion['rater_kind']}, {opinion['perspective']}): {', '.join(said) or 'none'}"


def _asked(opinion: Mapping[str, Any]) -> Iterator[str]:
    """By which prompt a model was asked, and what one can look an opinion up by."""
    told = (opinion["shown"] or {}).get("instructions")
    ids = [opinion["opinion_id"], *([opinion["judgement_id"]] if opinion["judgement_id"] else [])]
    yield ", ".join([*dict.fromkeys(ids), *([told] if told else [])])
