"""Rows of rating files are gathered into judgements: one per person, place, question and occasion."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from affectory.pipelines.store.forgotten import WHY, Forgotten
from affectory.pipelines.store.ledger import Ledger
from affectory.schemas.ids import COUNTED, GROUP, canonical, digest, record_id_from_key
from affectory.schemas.taxonomy import Taxonomy
from affectory.schemas.urls import Location
from affectory.transforms.ratings.base import RATINGS
from affectory.transforms.sources.base import Refused

Problem = tuple[str, str]
"""Reason and detail."""

ONCE = ("valence", "arousal", "dominance", "confidence", "rationale", "spent_s", "people", "evidence")
"""What a judgement says once, however many rows name its labels."""

_LARGEST = 3.4e38
"""Larger numbers do not fit the ledger's 32 bits."""

Answer = tuple[float, float | None]
"""The weight of a label, and its intensity where one was given."""


@dataclass(frozen=True)
class RatingEntry:
    """A bound entry of the recipe's ratings; `reader` has the constants of its ratings."""

    name: str
    reader: Any
    root: Location
    identity: str
    taxonomy: Taxonomy | None = None
    """That of its labels, where it is not the recipe's."""

    @cached_property
    def question(self) -> str:
        """What tells its judgements from those of other questions about the same place."""
        asked = f"{self.reader.perspective}: {self.reader.question}"
        return asked if self.taxonomy is None else f"{asked} ({self.taxonomy.name})"

    @cached_property
    def has_options(self) -> bool:
        return bool(self.reader.offered)

    @cached_property
    def asks_intensity(self) -> bool:
        return bool(self.reader.asks_intensity)


class Rating(NamedTuple):
    """A row of `RATINGS`."""

    target_key: str | None
    target_file: str | None
    start_us: int | None
    end_us: int | None
    char_start: int | None
    char_end: int | None
    rater: str | None
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
    labels: list[dict[str, Any]] | None
    box: list[float] | None
    people: int | None
    evidence: list[dict[str, Any]] | None

    def once(self) -> list[Any]:
        return [*self[9:14], self.spent_s, self.people, self.evidence]

    def too_large(self) -> bool:
        if (self.intensity or 0.0) > _LARGEST or (self.spent_s or 0.0) > _LARGEST:
            return True
        return self.labels is not None and any((label["intensity"] or 0.0) > _LARGEST for label in self.labels)


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

    box: tuple[float, ...] | None = None

    def anchor(self) -> dict[str, Any]:
        places = ("start_us", "end_us", "char_start", "char_end")
        box = None if self.box is None else list(self.box)
        return {"record": self.record, **dict(zip(places, self[2:6], strict=True)), "box": box}

    def is_of_a_person(self) -> bool:
        return not self.person.startswith((COUNTED, GROUP))


@dataclass(slots=True)
class Said:
    """What one person said of one place, from all rows that say it; `once` is aligned with `ONCE`.

    `answers` are by label; None where nothing was said of any.
    """

    entry: RatingEntry
    once: list[Any]
    answers: dict[str, Answer] | None

    def add(self, rating: Rating, answers: dict[str, Answer] | None) -> Problem | None:
        """Take in one more row, unless it contradicts an earlier one."""
        new = rating.once()
        pairs = list(zip(ONCE, self.once, new, strict=True))
        clash = [name for name, old, now in pairs if old is not None and now is not None and old != now]
        known = self.answers or {}
        if any(label in known and known[label] != answer for label, answer in (answers or {}).items()):
            clash.append("intensity")
        if clash:
            why = f"an earlier row of this person, place and question says another {', '.join(clash)}"
            return "bad_row", f"{why}; a column of `occasion` tells two sittings apart"
        self.once = [now if old is None else old for _, old, now in pairs]
        if answers is not None:
            self.answers = {**known, **answers}
        return None


@dataclass(frozen=True)
class Targets:
    """The records of one source entry, by declared key and by file; also those that it had once."""

    source: str
    places: pa.Table
    sources: Ledger | None = None
    """Where to look for records that are gone."""
    forgotten: Forgotten = field(default_factory=Forgotten)

    @classmethod
    def of(
        cls,
        index: pa.Table,
        aliases: pa.Table,
        source: str,
        sources: Ledger | None = None,
        forgotten: Forgotten | None = None,
    ) -> "Targets":
        names = ["key", "uri", "record_id"]
        tables = [t.filter(pc.equal(t.column("source"), source)).select(names) for t in (aliases, index)]
        return cls(source, pa.concat_tables(tables), sources, forgotten or Forgotten())

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
        if self.forgotten.names(file) or (
            key is not None and self.forgotten.knows(record_id_from_key(self.source, key))
        ):
            return "withheld", WHY
        several = 0 if key is not None else len(self.by_file.get(file or "", ()))
        if several:
            return "bad_row", f"{file!r} names {several} records; use `target`"
        return "unknown_record", f"{self.source} has no record {key if key is not None else file!r}"


def _by_file(places: pa.Table) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for uri, record in zip(places.column("uri").to_pylist(), places.column("record_id").to_pylist(), strict=True):
        found.setdefault(uri, set()).add(record)
    return found


def offered(reader: Any, taxonomy: Taxonomy) -> list[str]:
    """The labels that raters could choose from, in the taxonomy's order."""
    words = {taxonomy.resolve(word) for word in reader.offered}
    return [label for label in taxonomy.labels if not words or label in words]


def misnamed(reader: Any, taxonomy: Taxonomy) -> Iterator[tuple[tuple[str | int, ...], str, str]]:
    """Labels of the recipe that the taxonomy does not know, or that it names twice: key, word and what is wrong."""
    meant: dict[tuple[str | int, str], str] = {}
    for key, word in reader.words().items():
        label = taxonomy.resolve(word)
        if label is None:
            yield key, word, f"no label of {taxonomy.name}"
        elif key[0] != "labels" and meant.setdefault((key[0], label), word) != word:
            yield key, word, f"means {label} in {taxonomy.name}, as {meant[key[0], label]!r} does"


@dataclass
class Gathering:
    """What rating files say: judgements by act, rows taken, rows refused. A preview passes over unknown records."""

    taxonomy: Taxonomy
    pseudonym: Callable[[str], str]
    preview: bool = False
    judgements: dict[Act, Said] = field(default_factory=dict)
    refused: list[tuple[str, Refused]] = field(default_factory=list)
    taken_of: Counter[str] = field(default_factory=Counter)
    """Rows taken of each entry."""
    _people: dict[str, str] = field(default_factory=dict)
    _labels: dict[tuple[str, str], str | None] = field(default_factory=dict)
    _chosen: dict[str, dict[str, Answer]] = field(default_factory=dict)
    """Most answers are one label, and alike: hundreds of thousands of them share one."""
    _counted: Counter[str] = field(default_factory=Counter)

    def add(self, entry: RatingEntry, targets: Targets, uri: str, rows: pa.Table) -> None:
        """Some rows of one file."""
        columns = (_values(rows.column(name)) for name in RATINGS.names)
        for rating in map(Rating._make, zip(*columns, strict=True)):
            problem = self._take(entry, rating, targets)
            if problem is None:
                self.taken_of[entry.name] += 1
            elif not (self.preview and problem[0] == "unknown_record"):
                row = "" if problem[0] == "withheld" else canonical(rating._asdict())
                self.refused.append((entry.name, Refused(f"{uri}#L{rating.row}", *problem, row)))

    @property
    def taken(self) -> int:
        return self.taken_of.total()

    def relations(self) -> Mapping[str, set[str]]:
        """How the raters stand to those rated, as all entries say."""
        found: dict[str, set[str]] = {}
        for act, said in self.judgements.items():
            relation = said.entry.reader.rater_relation
            if act.is_of_a_person():
                found.setdefault(act.person, set()).update([relation] if relation else [])
        return found

    def _take(self, entry: RatingEntry, rating: Rating, targets: Targets) -> Problem | None:
        """Add one rating; the reason and detail where it cannot be taken."""
        record = targets.find(rating.target_key, rating.target_file)
        if record is None:
            return targets.problem(rating.target_key, rating.target_file)
        answers = self._answers(entry, rating)
        problem = answers if isinstance(answers, tuple) else _unfit(rating, targets)
        if problem is not None or isinstance(answers, tuple):
            return problem
        box = None if rating.box is None else tuple(rating.box)
        asked = (entry.question, rating.occasion or "")
        rater = self._rater(rating, answers, record, *asked)
        if targets.forgotten.knows(rater):
            return "withheld", WHY
        act = Act(rater, record, *rating[2:6], *asked, box)
        said = self.judgements.get(act)
        if said is not None:
            return said.add(rating, answers)
        self.judgements[act] = Said(entry, rating.once(), answers)
        return None

    def _answers(self, entry: RatingEntry, rating: Rating) -> dict[str, Answer] | Problem | None:
        """What was said by label, or why it cannot be taken."""
        if rating.labels is None:
            return self._answer(entry, rating.label, rating.intensity) if rating.label else None
        found: dict[str, Answer] = {}
        for said in rating.labels:
            label = self._label(entry, said["label"])
            if label is None:
                return self._unknown(entry, said["label"])
            if label in found and entry.reader.each_label:
                known = self._taxonomy(entry).name
                return "bad_row", f"{said['label']!r} is not the only one that means {label} in {known}"
            found[label] = (said["weight"], said["intensity"])
        return (self._unoffered(entry, found) if entry.has_options else None) or found

    def _answer(self, entry: RatingEntry, word: str, intensity: float | None) -> dict[str, Answer] | Problem:
        """One word. What was rated 0 was not chosen."""
        label = self._label(entry, word)
        if label is None:
            return self._unknown(entry, word)
        if intensity is None:
            if entry.asks_intensity:
                return "bad_row", f"no intensity for {word!r}: unasked is not zero"
            found = self._chosen.setdefault(label, {label: (1.0, None)})
        else:
            found = {label: (float(intensity != 0), intensity)}
        return (self._unoffered(entry, found) if entry.has_options else None) or found

    def _taxonomy(self, entry: RatingEntry) -> Taxonomy:
        return entry.taxonomy or self.taxonomy

    def _unknown(self, entry: RatingEntry, word: str) -> Problem:
        known = self._taxonomy(entry)
        return "unknown_label", f"{word!r} is not in {known.name}: {', '.join(known.labels)}"

    def _unoffered(self, entry: RatingEntry, answers: dict[str, Answer]) -> Problem | None:
        odd = sorted(answers.keys() - set(offered(entry.reader, self._taxonomy(entry))))
        return ("unknown_label", f"{', '.join(odd)} was not offered, as the recipe says") if odd else None

    def _label(self, entry: RatingEntry, word: str) -> str | None:
        known = self._taxonomy(entry)
        if (known.name, word) not in self._labels:
            self._labels[known.name, word] = known.resolve(word)
        return self._labels[known.name, word]

    def _rater(self, rating: Rating, answers: Mapping[str, Answer] | None, record: str, *asked: str) -> str:
        """Who rated. Those who were only counted are told apart by what they said, and by how many said it before."""
        if rating.rater is not None:
            name = self._person(rating.rater)
            return name if rating.people is None else GROUP + name.partition("_")[2]
        mark = digest("counted", record, rating[2:6], rating.box, asked, answers, rating.once())
        self._counted[mark] += 1
        return COUNTED + digest(mark, self._counted[mark])[:20]

    def _person(self, name: str) -> str:
        if name not in self._people:
            self._people[name] = self.pseudonym(name)
        return self._people[name]


def _values(column: pa.ChunkedArray) -> list[Any]:
    return [None] * len(column) if column.null_count == len(column) else column.to_pylist()


def _unfit(rating: Rating, targets: Targets) -> Problem | None:
    """What else is wrong with it."""
    if rating.too_large():
        return "bad_row", f"a number beyond {_LARGEST:g}"
    return None if rating.evidence is None else _resolve(rating.evidence, targets)


def _resolve(evidence: list[dict[str, Any]], targets: Targets) -> Problem | None:
    """Evidence in other records gets their ids in place of their keys."""
    for place in evidence:
        key = place.pop("key")
        place["record"] = None if key is None else targets.find(key, None)
        if key is not None and place["record"] is None:
            if targets.problem(key, None)[0] == "withheld":
                continue
            return "unknown_record", f"the evidence lies in {key!r}: {targets.problem(key, None)[1]}"
    return None
