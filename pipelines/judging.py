"""Existing ratings enter the judgement ledger: one judgement per person, place, question and occasion."""

import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain

import pyarrow as pa
import pyarrow.compute as pc

from affectory.pipelines.acts import NOTHING, Revised, judgements, revised
from affectory.pipelines.code_hash import code_hash
from affectory.pipelines.inputs import Input, inputs_of, local_files
from affectory.pipelines.people import note_people
from affectory.pipelines.rating import Gathering, RatingEntry, Targets
from affectory.pipelines.reading import batches
from affectory.pipelines.runner.child import Child
from affectory.pipelines.scan import Scan, reject_row
from affectory.pipelines.store.commits import Commit, Counts
from affectory.pipelines.store.workspace import Workspace
from affectory.schemas.derived import REJECTS
from affectory.schemas.ids import digest
from affectory.schemas.ledgers import JUDGEMENTS
from affectory.schemas.taxonomy import Taxonomy
from affectory.transforms.sources.base import Limits, Refused, SourceFile

Listed = list[tuple[RatingEntry, list[Input], list[Refused]]]


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
        files = self._listed()
        inputs = self._inputs(files)
        return self._current(inputs) or self._commit(inputs, files)

    def pending(self) -> Revised:
        """What the rating files say now, and what an import would add to the ledger; nothing is written."""
        if not self.entries:
            return NOTHING
        files = self._listed()
        current = self._current(self._inputs(files))
        if current:
            return said_by(self.workspace, current)
        found = self._gathered(files)
        return replace(self._revised(found), refused=Counter(r.reason for _, r in found.refused))

    def _listed(self) -> Listed:
        memory = self.workspace.hashes()
        return [(entry, *inputs_of(entry.reader, entry.root, memory, self.limits)) for entry in self.entries]

    def _inputs(self, files: Listed) -> str:
        """Changes with anything that reading the files again would show."""
        marks = [
            [entry.name, entry.identity, [f.asset_id for f in found] + [r.detail for r in refused]]
            for entry, found, refused in files
        ]
        words, code = self.taxonomy.model_dump_json(), code_hash(__name__)
        limits = (self.limits.row_bytes, self.limits.file_bytes)
        return digest("import", code, self.scan.key, marks, words, limits, self.pseudonym(""))

    def _current(self, inputs: str) -> Commit | None:
        """The last import if it had these inputs and the ledger still has what it said.

        Of an earlier one other files may have changed the answers since.
        """
        records = self.workspace.records()
        names = list(records.names("imported"))
        last = json.loads(records.read(names[-1])) if names else {"inputs": ""}
        commits = self.workspace.commits()
        if last["inputs"] != inputs or not commits.has(last["commit"]):
            return None
        commit = commits.get(last["commit"])
        ids = said_by(self.workspace, commit).ids
        known = self.workspace.ledger("judgements").read(["judgement_id"]).column("judgement_id")
        return commit if pc.all(pc.is_in(ids, value_set=known.combine_chunks()), min_count=0).as_py() else None

    def _remember(self, inputs: str, commit: str) -> None:
        number = len(list(self.workspace.records().names("imported"))) + 1
        record = json.dumps({"inputs": inputs, "commit": commit}).encode()
        self.workspace.records().create(f"imported/{number:08d}.json", record)

    def _commit(self, inputs: str, files: Listed) -> Commit:
        """The key names what is said now, so that going back to earlier files is another import."""
        found = self._gathered(files)
        now = self._revised(found)
        relations = found.relations()
        note_people(self.workspace, {person: {"rater"} for person in relations}, relations)
        self.workspace.ledger("judgements").append(now.fresh)
        ids = now.ids.sort()
        key = digest(inputs, ids.to_pylist())
        commits = self.workspace.commits(self.epoch)
        if not commits.has(key):
            count, refused = len(found.judgements), len(found.refused)
            counts = Counts(found.taken + refused, found.taken, count, refused)
            rejects = REJECTS.from_rows([reject_row("ratings", name, r) for name, r in found.refused])
            tables = {"rejects": rejects, "said": pa.table({"judgement_id": ids})}
            commits.commit(
                key, "ratings", counts, tables, {"judgements": count, "new": now.fresh.num_rows, **_facts(found)}
            )
        # A file may be readable next time.
        unreadable = any(r.reason == "unreadable" for _, r in found.refused)
        self._remember("" if unreadable else inputs, key)
        return commits.get(key)

    def _revised(self, found: Gathering) -> Revised:
        rows = judgements(found.judgements, self.taxonomy)
        return revised(rows, self.workspace.ledger("judgements").read())

    def _gathered(self, files: Listed) -> Gathering:
        found, child = Gathering(self.taxonomy, self.pseudonym, self.preview), Child()
        index, aliases = self.scan.index(self.workspace), self.scan.aliases(self.workspace)
        sources, forgotten = None if self.preview else self.workspace.ledger("sources"), self.workspace.forgotten()
        try:
            for entry, listed, refused in files:
                targets = Targets.of(index, aliases, entry.reader.of, sources, forgotten)
                for file in chain(local_files(entry.reader, listed, self.limits), refused):
                    self._gather(entry, file, targets, found, child)
        finally:
            child.stop()
        return found

    def _gather(
        self, entry: RatingEntry, file: SourceFile | Refused, targets: Targets, found: Gathering, child: Child
    ) -> None:
        if isinstance(file, Refused):
            found.refused.append((entry.name, file))
            return
        for batch in batches(entry.reader, file, self.limits, child):
            found.refused += [(entry.name, r) for r in batch.refused]
            found.add(entry, targets, file.uri, batch.rows)


def said_by(workspace: Workspace, imported: Commit | None) -> Revised:
    """What the rating files said when they were imported."""
    table = workspace.commits().read(imported, "said") if imported else None
    refused = refused_by_reason(imported.facts) if imported else {}
    ids = NOTHING.ids if table is None else table.column("judgement_id")
    return Revised(ids, JUDGEMENTS.empty(), refused)


_TAKEN, _REFUSED = "taken of ", "refused as "
"""What comes before the name of an entry or a reason in the facts of an import."""


def _facts(found: Gathering) -> dict[str, int]:
    refused = Counter(_REFUSED + r.reason for _, r in found.refused)
    return {**{_TAKEN + name: count for name, count in found.taken_of.items()}, **refused}


def taken_of(imported: Commit, entry: str) -> int:
    """How many rows of an entry of ratings were taken."""
    return imported.facts.get(_TAKEN + entry, 0)


def refused_by_reason(facts: Mapping[str, int]) -> dict[str, int]:
    """How many rows of ratings were refused, by reason."""
    return {key.removeprefix(_REFUSED): count for key, count in facts.items() if key.startswith(_REFUSED)}
