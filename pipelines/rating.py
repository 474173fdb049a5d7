"""Rows of rating files are gathered into judgements: one per person, place, question and occasion."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from affectory.pipelines.store.ledger import Ledger
from affectory.schemas.ids import canonical, record_id_from_key
from affectory.schemas.taxonomy import Taxonomy
from affectory.schemas.urls import Location
from affectory.transforms.ratings.base import RATINGS
from affectory.transforms.sources.base import Refused

Problem = tuple[str, str]
"""Reason and detail."""

ONCE = ("valence", "arousal", "dominance", "confidence", "rationale", "spent_s")
"""What a judgement says once, however many rows name its labels."""

_LARGEST = 3.4e38
"""Larger numbers do not fit the ledger's 32 bits."""


@dataclass(frozen=True)
class RatingEntry:
    """A bound entry of the recipe's ratings; `reader` has the constants of its ratings."""

    name: str
    reader: Any
    root: Location
    identity: str

    @cached_property
    def question(self) -> str:
        """What tells its judgements from those of other questions about the same place."""
        return f"{self.reader.perspective}: {self.reader.question}"


class Rating(NamedTuple):
    """A row of `RATINGS`."""

    target_key: str | None
    target_file: str | None
    start_us: int | None
    end_us: int | None
    char_start: int | None
    char_end: int | None
    rater: str
    label: str | None
    intensity: float | None
    valence: float | None
    arousal: float | None
    dominance: float | None
    confidence: float | None
    rationale: str | None
    occasion: str | None
    spent_s: float | None
    row: int

    def once(self) -> list[Any]:
        return [*self[9:14], self.spent_s]

    def too_large(self) -> bool:
        return max(self.intensity or 0.0, self.spent_s or 0.0) > _LARGEST


class Act(NamedTuple):
    """Who judged which place, asked what, on which occasion."""

    person: str
    record: str
    start_us: int | None
    end_us: int | None
    char_start: int | None
    char_end: int | None
    question: str
    occasion: str

    def anchor(self) -> dict[str, Any]:
        places = ("start_us", "end_us", "char_start", "char_end")
        return {"record": self.record, **dict(zip(places, self[2:6], strict=True)), "box": None}


@dataclass(slots=True)
class Said:
    """What one person said of one place, from all rows that say it; `once` is aligned with `ONCE`."""

    entry: RatingEntry
    once: list[Any]
    chosen: dict[str, float | None]

    def add(self, rating: Rating, label: str | None) -> Problem | None:
        """Take in one more row, unless it contradicts an earlier one."""
        new = rating.once()
        pairs = list(zip(ONCE, self.once, new, strict=True))
        clash = [name for name, old, now in pairs if old is not None and now is not None and old != now]
        if label in self.chosen and self.chosen[label] != rating.intensity:
            clash.append("intensity")
        if clash:
            why = f"an earlier row of this person, place and question says another {', '.join(clash)}"
            return "bad_row", f"{why}; a column of `occasion` tells two sittings apart"
        self.once = [now if old is None else old for _, old, now in pairs]
        if label is not None:
            self.chosen[label] = rating.intensity
        return None


@dataclass(frozen=True)
class Targets:
    """The records of one source entry, by declared key and by file; also those that it had once."""

    source: str
    places: pa.Table
    sources: Ledger | None = None
    """Where to look for records that are gone."""

    @classmethod
    def of(cls, index: pa.Table, aliases: pa.Table, source: str, sources: Ledger | None = None) -> "Targets":
        names = ["key", "uri", "record_id"]
        tables = [t.filter(pc.equal(t.column("source"), source)).select(names) for t in (aliases, index)]
        return cls(source, pa.concat_tables(tables), sources)

    @cached_property
    def by_key(self) -> dict[str, str]:
        """What holds a key itself comes after aliases, and so before them."""
        pairs = zip(self.places.column("key").to_pylist(), self.places.column("record_id").to_pylist(), strict=True)
        return {key: record for key, record in pairs if key is not None}

    @cached_property
    def by_file(self) -> dict[str, set[str]]:
        return _by_file(self.places)

    @cached_property
    def former(self) -> dict[str, set[str]]:
        """Records that were seen in this source at some time, by file."""
        if self.sources is None:
            return {}
        seen = self.sources.read(["source", "uri", "record_id"])
        return _by_file(seen.filter(pc.equal(seen.column("source"), self.source)))

    @cached_property
    def _known(self) -> set[str]:
        return set().union(*self.former.values())

    def find(self, key: str | None, file: str | None) -> str | None:
        """The record that is meant, also where it is gone: a judgement of it waits for its return."""
        if key is not None:
            return self.by_key.get(key) or self._once_under(key)
        records = self.by_file.get(file or "") or self.former.get(file or "", set())
        return min(records) if len(records) == 1 else None

    def _once_under(self, key: str) -> str | None:
        record = record_id_from_key(self.source, key)
        return record if record in self._known else None

    def problem(self, key: str | None, file: str | None) -> Problem:
        """Why nothing was found."""
        several = 0 if key is not None else len(self.by_file.get(file or "", ()))
        if several:
            return "bad_row", f"{file!r} names {several} records; use `target`"
        return "unknown_record", f"{self.source} has no record {key if key is not None else file!r}"


def _by_file(places: pa.Table) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for uri, record in zip(places.column("uri").to_pylist(), places.column("record_id").to_pylist(), strict=True):
        found.setdefault(uri, set()).add(record)
    return found


@dataclass
class Gathering:
    """What rating files say: judgements by act, rows taken, rows refused. A preview passes over unknown records."""

    taxonomy: Taxonomy
    pseudonym: Callable[[str], str]
    preview: bool = False
    judgements: dict[Act, Said] = field(default_factory=dict)
    refused: list[tuple[str, Refused]] = field(default_factory=list)
    taken: int = 0
    _people: dict[str, str] = field(default_factory=dict)
    _labels: dict[str, str | None] = field(default_factory=dict)

    def add(self, entry: RatingEntry, targets: Targets, uri: str, rows: pa.Table) -> None:
        """Some rows of one file."""
        columns = (rows.column(name).to_pylist() for name in RATINGS.names)
        for rating in map(Rating._make, zip(*columns, strict=True)):
            problem = self._take(entry, rating, targets)
            if problem is None:
                self.taken += 1
            elif not (self.preview and problem[0] == "unknown_record"):
                row = canonical(rating._asdict())
                self.refused.append((entry.name, Refused(f"{uri}#L{rating.row}", *problem, row)))

    def relations(self) -> Mapping[str, set[str]]:
        """How the raters stand to those rated, as all entries say."""
        found: dict[str, set[str]] = {}
        for act, said in self.judgements.items():
            relation = said.entry.reader.rater_relation
            found.setdefault(act.person, set()).update([relation] if relation else [])
        return found

    def _take(self, entry: RatingEntry, rating: Rating, targets: Targets) -> Problem | None:
        """Add one rating; the reason and detail where it cannot be taken."""
        record = targets.find(rating.target_key, rating.target_file)
        if record is None:
            return targets.problem(rating.target_key, rating.target_file)
        label = self._label(rating.label) if rating.label else None
        problem = self._unfit(entry, rating, label)
        if problem is not None:
            return problem
        person, occasion = self._person(rating.rater), rating.occasion or ""
        act = Act(person, record, *rating[2:6], entry.question, occasion)
        said = self.judgements.get(act)
        if said is not None:
            return said.add(rating, label)
        self.judgements[act] = Said(entry, rating.once(), {} if label is None else {label: rating.intensity})
        return None

    def _unfit(self, entry: RatingEntry, rating: Rating, label: str | None) -> Problem | None:
        if rating.label and label is None:
            known = ", ".join(self.taxonomy.labels)
            return "unknown_label", f"{rating.label!r} is not in {self.taxonomy.name}: {known}"
        if label and entry.reader.intensity is not None and rating.intensity is None:
            return "bad_row", f"no intensity for {rating.label!r}: unasked is not zero"
        if rating.too_large():
            return "bad_row", f"a number beyond {_LARGEST:g}"
        return None

    def _label(self, word: str) -> str | None:
        if word not in self._labels:
            self._labels[word] = self.taxonomy.resolve(word)
        return self._labels[word]

    def _person(self, name: str) -> str:
        if name not in self._people:
            self._people[name] = self.pseudonym(name)
        return self._people[name]
