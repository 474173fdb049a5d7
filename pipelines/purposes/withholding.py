"""What of a build is not published on a day: for the sake of people, licences, personal data, and those in danger."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from affectory.pipelines.bind import Bound
from affectory.pipelines.history import BuildRecord, parts
from affectory.pipelines.purposes.barred import FREE, Barred, Bars, Deciding
from affectory.pipelines.purposes.licences import FREELY, Licences
from affectory.pipelines.purposes.looked_at import careful
from affectory.pipelines.purposes.rows import batches, grouped, names, strings, with_any
from affectory.pipelines.purposes.words import Rules, this_day, words
from affectory.pipelines.records import FILE_KINDS
from affectory.pipelines.release.withheld import MEDIA_COLUMNS, WHY, Withheld
from affectory.pipelines.scan import load_scan
from affectory.pipelines.store.workspace import Workspace
from affectory.schemas.parquet import Part

_OF_SOURCES = ["record_id", "fingerprint", "asset_id", "source", "kind", "licence", "subjects"]
_TRAINING = "train"
_DEEPEST = 4
"""Samples of samples of samples are as deep as anything goes."""


def withheld(bound: Bound, workspace: Workspace, build: BuildRecord, splits: pa.Table, today: date) -> Withheld:
    """What of a finished build is not published on a day."""
    spec = bound.recipe.spec
    deciding = Deciding(words(workspace), Rules.of(spec.people), Licences.of(spec.publish), today)
    sources = current_sources(workspace, build)
    bars = Barring.of(deciding, sources)
    tables = {name: parts(workspace, build.finished, name) for name in ("samples", "notes", "opinions")}
    found = Found(tables["samples"])
    if bars.some:
        found.look(bars, tables["notes"])
    noted = {name for stage in bound.stages for name in stage.transform.writes()}
    found.add(careful(spec.people, noted, tables, sources, deciding))
    return found.withheld(splits, bars.records)


def withheld_today(bound: Bound, workspace: Workspace, build: BuildRecord) -> Withheld:
    """What a release of today would hold back of a build."""
    commits = workspace.commits()
    splits = commits.read(commits.get(build.splits), "splits") if build.splits else None
    return Withheld() if splits is None else withheld(bound, workspace, build, splits, this_day())


def current_sources(
    workspace: Workspace, build: BuildRecord, columns: Sequence[str] | None = tuple(_OF_SOURCES)
) -> pa.Table:
    """The ledger's rows of the records that a build is made of, as they are now; `None` gives all columns."""
    return _in(load_scan(workspace, build.scan).index(workspace), workspace, columns)


def held_back(bound: Bound, workspace: Workspace, index: pa.Table, today: date) -> tuple[str, ...]:
    """Of how many records something would not be published, and why; nobody looks at what is written in them."""
    spec = bound.recipe.spec
    deciding = Deciding(words(workspace), Rules.of(spec.people), Licences.of(spec.publish), today)
    sources = _in(index, workspace)
    barring = Barring.of(deciding, sources)
    barred = barring.records.values()
    seen = {*sources.filter(pc.not_equal(sources["kind"], "text"))["record_id"].to_pylist()}
    some = [one for one in barred if not one.whole]
    counts = {
        "": Counter(one.whole for one in barred),
        "the media of ": Counter(one.media for name, one in barring.records.items() if not one.whole and name in seen),
        "from training ": Counter(one.train for one in some),
    }
    return tuple(
        f"{what}{n} record{'s' * (n != 1)} ({why})"
        for what, counted in counts.items()
        for why, n in sorted(counted.items(), key=lambda item: (-item[1], item[0]))
        if why
    )


def _in(index: pa.Table, workspace: Workspace, columns: Sequence[str] | None = tuple(_OF_SOURCES)) -> pa.Table:
    sources = workspace.ledger("sources").read(columns)
    here = (pc.is_in(sources[name], value_set=index[name].combine_chunks()) for name in ("record_id", "fingerprint"))
    return sources.filter(pc.and_(*here))


def unlicensed(workspace: Workspace, build: BuildRecord, licences: Licences) -> dict[str, str]:
    """The records of a build of which nothing is published under their licence, each with why."""
    if licences == FREELY:
        return {}
    sources = current_sources(workspace, build)
    barred = {name: licences.bars(name or "") for name in pc.unique(sources["licence"]).to_pylist()}
    rows = zip(sources["record_id"].to_pylist(), sources["licence"].to_pylist(), strict=True)
    return {record: barred[name] for record, name in rows if barred[name]}


@dataclass(frozen=True)
class Barring:
    """Who and what is barred: people, records, and files, of which each record counts as the strictest of them does."""

    deciding: Deciding
    records: Bars = field(default_factory=dict)
    assets: Bars = field(default_factory=dict)
    some: bool = False
    """Whether there may be anything at all."""

    @classmethod
    def of(cls, deciding: Deciding, sources: pa.Table) -> "Barring":
        """By what the ledgers say of records and of the people in them."""
        licences = {name: deciding.of_licence(name or "") for name in pc.unique(sources["licence"]).to_pylist()}
        everybody = pc.unique(pc.list_flatten(sources["subjects"])).to_pylist()
        people = deciding.of_people({*everybody, *deciding.words})
        if not people and not any(licences.values()):
            return cls(deciding, some=bool(deciding.rules.required))
        records = {name: barred for name, barred in _of_records(sources, people, licences).items() if barred}
        assets, shared = _by_asset(sources, records)
        return cls(deciding, {**records, **shared}, assets, some=True)


def _of_records(sources: pa.Table, people: Bars, licences: Mapping[str | None, Barred]) -> dict[str, Barred]:
    """The records in which somebody is barred, or whose licence bars something."""
    held = pc.is_in(sources["licence"], value_set=strings(name for name, barred in licences.items() if barred))
    if licences.get(None):
        held = pc.or_(held, pc.is_null(sources["licence"]))
    rows = sources.filter(pc.or_(held, with_any(sources["subjects"], strings(people)))).to_pylist()
    found: dict[str, Barred] = {}
    for row in rows:
        barred = [licences[row["licence"]], *(people.get(person, FREE) for person in row["subjects"] or ())]
        found[row["record_id"]] = Barred.strictest([found.get(row["record_id"], FREE), *barred])
    return found


def _by_asset(sources: pa.Table, records: Bars) -> tuple[dict[str, Barred], dict[str, Barred]]:
    """By file what its records say of it, and all records of such files with the strictest that is said of these."""
    files = sources.filter(pc.is_in(sources["kind"], value_set=pa.array(FILE_KINDS)))
    assets: dict[str, Barred] = {}
    for row in files.filter(pc.is_in(files["record_id"], value_set=strings(records))).to_pylist():
        assets[row["asset_id"]] = assets.get(row["asset_id"], FREE) | records[row["record_id"]]
    same = files.filter(pc.is_in(files["asset_id"], value_set=strings(assets))).to_pylist()
    shared: dict[str, Barred] = {}
    for row in same:
        already = shared.get(row["record_id"], records.get(row["record_id"], FREE))
        shared[row["record_id"]] = already | assets[row["asset_id"]]
    return assets, shared


@dataclass
class Found:
    """The samples of which something is withheld, found batch by batch."""

    samples: Sequence[Part]
    barred: dict[str, Barred] = field(default_factory=dict)

    def add(self, found: Iterable[tuple[str, Barred]]) -> None:
        for sample, barred in found:
            if barred:
                self.barred[sample] = self.barred.get(sample, FREE) | barred

    def look(self, bars: Barring, notes: Sequence[Part]) -> None:
        """Samples of barred records, those that name somebody, and those that are made of others or quote them."""
        members: list[tuple[str, str]] = []
        for batch in batches(self.samples, ("sample_id", "anchor", "speaker", "segments", "members")):
            ids, records = batch["sample_id"], pc.struct_field(batch["anchor"], "record")
            self.add((ids[i].as_py(), bars.records[name]) for i, name in _chosen(records, bars.records))
            self.add((ids[i].as_py(), bars.deciding.of_person(who)) for i, who in names(batch, "speaker", "segments"))
            made_of = list(grouped(batch, "members", "sample_id"))
            members += [(ids[i].as_py(), member) for i, member in made_of]
            recorded = [(i, asset) for i, asset in grouped(batch, "members", "asset") if asset in bars.assets]
            self.add((ids[i].as_py(), bars.assets[asset]) for i, asset in recorded)
        for batch in batches(notes, ("sample_id", "places")):
            ids = batch["sample_id"]
            self.add((ids[i].as_py(), bars.deciding.of_person(who).quoted) for i, who in names(batch, "places"))
        for _ in range(_DEEPEST):
            self.add((whole, self.barred[part]) for whole, part in members if part in self.barred)

    def withheld(self, splits: pa.Table, records: Bars) -> Withheld:
        """In words, and as far as it has a split; `records` are those that are barred themselves."""
        whole = strings(name for name, barred in records.items() if barred.whole)
        if not self.barred:
            return Withheld(records=whole)  # rejects may be of them
        mine = splits.filter(pc.is_in(splits["sample_id"], value_set=strings(self.barred)))
        split_of = dict(zip(mine["sample_id"].to_pylist(), mine["split"].to_pylist(), strict=True))
        rows = {"samples": list[dict[str, Any]](), "media": list[dict[str, Any]]()}
        gone_from = set[str]()
        for row in self._rows():
            sample, barred = row["sample_id"], self.barred[row["sample_id"]]
            gone = barred.whole or (barred.train if _trains(split_of.get(sample, "")) else "")
            gone_from |= {row["dialogue"]} if gone and row["dialogue"] else set()
            if sample in split_of and (gone or (barred.media and row["has_media"])):
                told = {"sample_id": sample, "source": row["source"], "why": gone or barred.media}
                rows["samples" if gone else "media"].append(told)
        tables = {name: pa.Table.from_pylist(found, WHY).sort_by("sample_id") for name, found in rows.items()}
        return Withheld(**tables, quoting=self._quoting(gone_from), records=whole)

    def _rows(self) -> Iterator[dict[str, Any]]:
        wanted, told = strings(self.barred), ["sample_id", "source", "dialogue"]
        for batch in batches(self.samples, (*told, "kind", *MEDIA_COLUMNS)):
            some = batch.filter(pc.is_in(batch["sample_id"], value_set=wanted))
            yield from some.select(told).append_column("has_media", _has_media(some)).to_pylist()

    def _quoting(self, dialogues: set[str]) -> pa.Array:
        """Samples of conversations from which somebody's turns are gone: raters saw these beside them."""
        wanted, found = strings(dialogues), list[str]()
        for batch in batches(self.samples, ("sample_id", "dialogue")) if dialogues else ():
            found += batch.filter(pc.is_in(batch["dialogue"], value_set=wanted))["sample_id"].to_pylist()
        return strings(found)


def _has_media(samples: pa.Table) -> pa.ChunkedArray:
    """Which have anything that could be seen or heard; what is written of a text is no medium of its own."""
    found = pc.and_(pc.is_valid(samples["original"]), pc.not_equal(samples["kind"], "text"))
    for column in MEDIA_COLUMNS[1:]:
        there = pc.is_valid(samples[column])
        if pa.types.is_list(samples.schema.field(column).type):
            there = pc.greater(pc.fill_null(pc.list_value_length(samples[column]), 0), 0)
        found = pc.or_(found, there)
    return found


def _trains(split: str) -> bool:
    return split == _TRAINING or split.startswith(f"{_TRAINING}_")


def _chosen(column: pa.ChunkedArray, wanted: Mapping[str, Barred]) -> Iterator[tuple[int, str]]:
    at = pc.indices_nonzero(pc.is_in(column, value_set=strings(wanted)))
    yield from zip(at.to_pylist(), column.take(at).to_pylist(), strict=True)
