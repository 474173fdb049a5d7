"""Existing ratings enter the judgement ledger: one judgement per person, place, question and occasion."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa

from affectory.pipelines.code_hash import code_hash
from affectory.pipelines.hashes import hash_files
from affectory.pipelines.people import note_people
from affectory.pipelines.reading import batches
from affectory.pipelines.runner.child import Child
from affectory.pipelines.scan import Scan, reject_row
from affectory.pipelines.store.commits import Commit, Counts
from affectory.pipelines.store.workspace import Workspace
from affectory.schemas.derived import REJECTS
from affectory.schemas.ids import canonical, digest, judgement_id
from affectory.schemas.ledgers import JUDGEMENTS
from affectory.schemas.taxonomy import Taxonomy
from affectory.transforms.sources.base import Limits, Refused, SourceFile, uri_of

Key = tuple[str, str, str, str]
"""Who, about what, asked what from which perspective, on which occasion."""

_ONCE = ("valence", "arousal", "dominance", "confidence", "rationale", "spent_s")
"""What a judgement says once, however many rows name its labels."""


@dataclass(frozen=True)
class RatingEntry:
    """A bound entry of the recipe's ratings; `source` is the reader, with the constants of its ratings."""

    name: str
    reader: Any
    root: Path
    identity: str


@dataclass
class _Judgement:
    """What one person said of one place, gathered from the rows that say it."""

    entry: RatingEntry
    person: str
    anchor: dict[str, Any]
    row: dict[str, Any]
    chosen: dict[str, float | None]

    def add(self, row: Mapping[str, Any], label: str | None) -> tuple[str, str] | None:
        """Take in one more row, unless it contradicts an earlier one."""
        said = {name: row[name] for name in _ONCE if row[name] is not None and row[name] != self.row[name]}
        clash = [name for name in said if self.row[name] is not None]
        if label in self.chosen and self.chosen[label] != row["intensity"]:
            clash.append("intensity")
        if clash:
            why = f"an earlier row of this person, place and question says another {', '.join(clash)}"
            return "bad_row", f"{why}; a column of `occasion` tells two sittings apart"
        self.row.update(said)
        if label is not None:
            self.chosen[label] = row["intensity"]
        return None

    def weight(self, label: str) -> float:
        """A label that was rated with intensity 0 was not chosen."""
        return 0.0 if label not in self.chosen or self.chosen[label] == 0 else 1.0


@dataclass
class _Gathered:
    """What rating files say: judgements by who, what and when, rows taken, rows refused."""

    judgements: dict[Key, _Judgement] = field(default_factory=dict)
    refused: list[tuple[str, Refused]] = field(default_factory=list)
    taken: int = 0


@dataclass(frozen=True)
class Importer:
    """Imports the rating files of a recipe. A preview of some records leaves ratings of the others for later."""

    workspace: Workspace
    entries: Sequence[RatingEntry]
    taxonomy: Taxonomy
    pseudonym: Callable[[str], str]
    limits: Limits
    scan: Scan
    epoch: int = 0
    preview: bool = False

    def run(self) -> Commit | None:
        """Append what is new to the ledger; files that were imported last time are not read again."""
        if not self.entries:
            return None
        files = [(entry, list(self._files(entry))) for entry in self.entries]
        marks = [[e.identity, [f.asset_id if isinstance(f, SourceFile) else f.detail for f in fs]] for e, fs in files]
        words = self.taxonomy.model_dump_json()
        key = digest("import", code_hash(__name__), self.scan.key, marks, words, self.pseudonym(""))
        commits = self.workspace.commits(self.epoch)
        if not commits.has(key) or self._latest() != key:
            self._commit(key, files)
            self._remember(key)
        return commits.get(key)

    def _latest(self) -> str | None:
        """Which import was the last: of an earlier one other files may have changed the answers since."""
        names = list(self.workspace.records().names("imports"))
        return self.workspace.records().read(names[-1]).decode() if names else None

    def _remember(self, key: str) -> None:
        number = len(list(self.workspace.records().names("imports"))) + 1
        self.workspace.records().create(f"imports/{number:08d}", key.encode())

    def pending(self) -> pa.Table:
        """What an import would add to the ledger; nothing is written."""
        gathered = self._gather_all([(entry, list(self._files(entry))) for entry in self.entries]).judgements
        return revised(self._rows(gathered), self.workspace.ledger("judgements").read())

    def _files(self, entry: RatingEntry) -> Iterator[SourceFile | Refused]:
        found = list(entry.reader.files(entry.root))
        paths = [f for f in found if isinstance(f, Path)]
        for path, sha in zip(paths, hash_files(paths, self.workspace.hashes()), strict=True):
            uri = uri_of(path, entry.root)
            yield (
                Refused(uri, "unreadable", str(sha))
                if isinstance(sha, OSError)
                else SourceFile(uri, path, sha, path.stat().st_size)
            )
        yield from (f for f in found if isinstance(f, Refused))

    def _commit(self, key: str, files: list[tuple[RatingEntry, list[SourceFile | Refused]]]) -> None:
        found = self._gather_all(files)
        added = self._append(found.judgements)
        commits = self.workspace.commits(self.epoch)
        if commits.has(key):
            return
        table = REJECTS.from_rows([reject_row("ratings", name, r) for name, r in found.refused])
        count, refused = len(found.judgements), len(found.refused)
        counts = Counts(found.taken + refused, found.taken, count, refused)
        commits.commit(key, "ratings", counts, {"rejects": table}, {"judgements": count, "new": added})

    def _gather_all(self, files: list[tuple[RatingEntry, list[SourceFile | Refused]]]) -> _Gathered:
        found, child = _Gathered(), Child()
        index = self.scan.index(self.workspace)
        try:
            for entry, listed in files:
                targets = Targets.of(index, entry.reader.of)
                for file in listed:
                    self._gather(entry, file, targets, found, child)
        finally:
            child.stop()
        return found

    def _gather(
        self, entry: RatingEntry, file: SourceFile | Refused, targets: "Targets", found: _Gathered, child: Child
    ) -> None:
        if isinstance(file, Refused):
            found.refused.append((entry.name, file))
            return
        for batch in batches(entry.reader, file, self.limits, child):
            found.refused += [(entry.name, r) for r in batch.refused]
            for row in batch.rows.to_pylist():
                problem = self._take(entry, row, targets, found.judgements)
                if problem is None:
                    found.taken += 1
                elif not (self.preview and problem[0] == "unknown_record"):
                    found.refused.append((entry.name, Refused(f"{file.uri}#L{row['row']}", *problem, canonical(row))))

    def _take(
        self, entry: RatingEntry, row: dict[str, Any], targets: "Targets", gathered: dict[Key, _Judgement]
    ) -> tuple[str, str] | None:
        """Add one rating; the reason and detail where it cannot be taken."""
        record = targets.find(row)
        if record is None:
            named = row["target_key"] if row["target_key"] is not None else row["target_file"]
            return "unknown_record", f"{entry.reader.of} has no record {named!r}"
        label = self.taxonomy.resolve(row["label"]) if row["label"] else None
        if row["label"] and label is None:
            known = ", ".join(self.taxonomy.labels)
            return "unknown_label", f"{row['label']!r} is not in {self.taxonomy.name}: {known}"
        if label and entry.reader.intensity is not None and row["intensity"] is None:
            return "bad_row", f"no intensity for {row['label']!r}: unasked is not zero"
        anchor, person = _anchor(record, row), self.pseudonym(row["rater"])
        key = (person, canonical(anchor), _question(entry.reader), row["occasion"] or "")
        judgement = gathered.setdefault(key, _Judgement(entry, person, anchor, dict(row), {}))
        return judgement.add(row, label)

    def _append(self, gathered: Mapping[Key, _Judgement]) -> int:
        for relation in sorted({j.entry.reader.rater_relation or "" for j in gathered.values()}):
            people = {j.person for j in gathered.values() if (j.entry.reader.rater_relation or "") == relation}
            note_people(self.workspace, {person: {"rater"} for person in people}, relation or None)
        ledger = self.workspace.ledger("judgements")
        return ledger.append(revised(self._rows(gathered), ledger.read()))

    def _rows(self, gathered: Mapping[Key, _Judgement]) -> pa.Table:
        return JUDGEMENTS.from_rows([self._row(key, gathered[key]) for key in sorted(gathered)])

    def _row(self, key: Key, judgement: _Judgement) -> dict[str, object]:
        row, reader = judgement.row, judgement.entry.reader
        return {
            "judgement_id": judgement_id(key[0], judgement.anchor, key[2], key[3], 0),
            "anchor": judgement.anchor,
            "occasion": key[3],
            "revision": 0,
            "retracted": False,
            "rater": judgement.person,
            "rater_kind": reader.rater_kind,
            "perspective": reader.perspective,
            "modalities": list(reader.modalities) or None,
            "asked": self._asked(judgement, reader.question),
            "answer": self._answer(judgement),
            **{name: row[name] for name in ("confidence", "rationale", "spent_s")},
        }

    def _asked(self, judgement: _Judgement, question: str) -> dict[str, object]:
        if not judgement.chosen:
            return {"question": question, "response": "continuous", "taxonomy": "vad"}
        response = "simplex" if len(judgement.chosen) == 1 else "multi-label"
        asked = {"taxonomy": self.taxonomy.name, "taxonomy_hash": self.taxonomy.hash}
        return {"question": question, "response": response, "labels": list(self.taxonomy.labels), **asked}

    def _answer(self, judgement: _Judgement) -> dict[str, object]:
        vad = {d: judgement.row[d] for d in ("valence", "arousal", "dominance")}
        answer: dict[str, object] = {"vad": vad} if any(v is not None for v in vad.values()) else {}
        if judgement.chosen:
            labels = self.taxonomy.labels
            answer["weights"] = [judgement.weight(label) for label in labels]
            if any(v is not None for v in judgement.chosen.values()):
                answer["intensities"] = [judgement.chosen.get(label) for label in labels]
        return answer


@dataclass(frozen=True)
class Targets:
    """The records of one source entry, by declared key and by file."""

    by_key: Mapping[str, str]
    by_file: Mapping[str, str]

    @classmethod
    def of(cls, index: pa.Table, source: str) -> "Targets":
        rows = [r for r in index.select(["source", "key", "uri", "record_id"]).to_pylist() if r["source"] == source]
        keys = {r["key"]: r["record_id"] for r in rows if r["key"] is not None}
        return cls(keys, {r["uri"]: r["record_id"] for r in rows})

    def find(self, row: Mapping[str, Any]) -> str | None:
        if row["target_key"] is not None:
            return self.by_key.get(row["target_key"])
        return self.by_file.get(row["target_file"])


def _anchor(record: str, row: Mapping[str, Any]) -> dict[str, Any]:
    places = ("start_us", "end_us", "char_start", "char_end")
    return {"record": record, **{p: row[p] for p in places}, "box": None}


def revised(rows: pa.Table, ledger: pa.Table) -> pa.Table:
    """Rows that say something new: unknown ones, and as a further revision those that changed since."""
    newest: dict[Key, dict[str, Any]] = {}
    for old in sorted(ledger.to_pylist(), key=lambda r: int(r["revision"])):
        newest[_key(old)] = old
    fresh = []
    for row in rows.to_pylist():
        before = newest.get(_key(row))
        if before is None:
            fresh.append(row)
        elif _said(before) != _said(row):
            revision = before["revision"] + 1
            new_id = judgement_id(row["rater"], row["anchor"], _key(row)[2], row["occasion"], revision)
            fresh.append({**row, "judgement_id": new_id, "revision": revision, "supersedes": before["judgement_id"]})
    return JUDGEMENTS.from_rows(fresh)


def _key(row: Mapping[str, Any]) -> Key:
    return row["rater"], canonical(row["anchor"]), f"{row['perspective']}: {row['asked']['question']}", row["occasion"]


def _question(reader: Any) -> str:
    return f"{reader.perspective}: {reader.question}"


def _said(row: Mapping[str, Any]) -> str:
    # Without `retracted`: the old row of a judgement that was taken back does not say it again.
    own = ("judgement_id", "revision", "supersedes", "retracted")
    return canonical({k: v for k, v in row.items() if k not in own})
