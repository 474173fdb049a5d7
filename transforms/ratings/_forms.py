"""The forms in which tables hold ratings: one a row, a column for each label or rater, votes, shares."""

import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from affectory.transforms.ratings._cells import Words, plain
from affectory.transforms.sources import _columns as columns
from affectory.transforms.sources._columns import Problems
from affectory.transforms.sources._tables import Chunk

MOST_VOTES = 1000
"""A row that counts more is a mistake, or an attempt to fill the memory."""
Weighed = dict[str, Any]
"""A label with its weight and intensity."""


@dataclass(frozen=True)
class Answers:
    """What the rows of a chunk say: `at` is the row of each rating, `said` its label, labels, intensity or rater.

    `ignored` are rows whose only word is no answer.
    """

    at: Sequence[int]
    said: Mapping[str, list[Any]]
    ignored: Mapping[int, str] = field(default_factory=dict)


class Form(Protocol):
    """Which columns it needs, and what their rows say."""

    def wanted(self) -> tuple[str, ...]: ...

    def answers(self, chunk: Chunk, problems: Problems) -> Answers: ...


Convert = Callable[[Any], float | None]


@dataclass(frozen=True)
class Long:
    """One rating a row: a word, or several in one cell, and how strong it is."""

    label: str | None
    intensity: str | None
    words: Words
    scale: Convert

    def wanted(self) -> tuple[str, ...]:
        return tuple(name for name in (self.label, self.intensity) if name is not None)

    def answers(self, chunk: Chunk, problems: Problems) -> Answers:
        said: dict[str, list[Any]] = {}
        if self.intensity is not None:
            said["intensity"] = columns.converted(chunk.values(self.intensity), self.scale, self.intensity, problems)
        ignored: dict[int, str] = {}
        if self.label is not None and self.words == Words():
            said["label"] = columns.converted(chunk.values(self.label), columns.word, self.label, problems)
        elif self.label is not None:
            read = columns.converted(chunk.values(self.label), self.words.read, self.label, problems)
            ignored = {i: str(chunk.values(self.label)[i]) for i, found in enumerate(read) if found == []}
            said |= self._named(read)
        return Answers(range(len(chunk.numbers)), said, ignored)

    def _named(self, read: Sequence[list[str] | None]) -> dict[str, list[Any]]:
        one = [found[0] if found and len(found) == 1 else None for found in read]
        if not self.words.lists:
            return {"label": one}
        several = [[_weighed(word, 1.0) for word in found] if found and len(found) > 1 else None for found in read]
        return {"label": one, "labels": several}


@dataclass(frozen=True)
class ByLabel:
    """A column for each label: yes or no, or how strong."""

    columns: Mapping[str, str]
    cell: Convert
    is_scale: bool

    def wanted(self) -> tuple[str, ...]:
        return tuple(self.columns.values())

    def answers(self, chunk: Chunk, problems: Problems) -> Answers:
        cells = [columns.converted(chunk.values(c), self.cell, c, problems) for c in self.columns.values()]
        rows = zip(*cells, strict=True)
        labels = [_answered(zip(self.columns, row, strict=True), self.is_scale) for row in rows]
        return Answers(range(len(chunk.numbers)), {"labels": labels})


@dataclass(frozen=True)
class Shares:
    """A column for each label with its share, of which the sum is one vote."""

    columns: Mapping[str, str]

    def wanted(self) -> tuple[str, ...]:
        return tuple(self.columns.values())

    def answers(self, chunk: Chunk, problems: Problems) -> Answers:
        share = columns.within(columns.number, 0)
        cells = [columns.converted(chunk.values(c), share, c, problems) for c in self.columns.values()]
        rows = (list(zip(self.columns, row, strict=True)) for row in zip(*cells, strict=True))
        return Answers(range(len(chunk.numbers)), {"labels": [_divided(row) for row in rows]})


@dataclass(frozen=True)
class Votes:
    """How many chose each label. Who they were is not known, nor whether they are those of another row."""

    columns: Mapping[str, str]

    def wanted(self) -> tuple[str, ...]:
        return tuple(self.columns.values())

    def answers(self, chunk: Chunk, problems: Problems) -> Answers:
        count = columns.within(columns.whole, 0, MOST_VOTES)
        cells = [columns.converted(chunk.values(c), count, c, problems) for c in self.columns.values()]
        return _counted(tuple(self.columns), zip(*cells, strict=True))


@dataclass(frozen=True)
class Digits:
    """The same as digits of one cell: `2000030`."""

    column: str
    labels: tuple[str, ...]

    def wanted(self) -> tuple[str, ...]:
        return (self.column,)

    def answers(self, chunk: Chunk, problems: Problems) -> Answers:
        none = (0,) * len(self.labels)
        counts = columns.converted(chunk.values(self.column), self._counts, self.column, problems)
        return _counted(self.labels, (row or none for row in counts))

    def _counts(self, value: Any) -> tuple[int, ...] | None:
        digits = columns.word(value)
        if digits is None:
            return None
        if len(digits) != len(self.labels) or not re.fullmatch("[0-9]+", digits, re.ASCII):
            raise ValueError(f"{columns.quoted(value)} is not one digit for each of {len(self.labels)} labels")
        return tuple(map(int, digits))


@dataclass(frozen=True)
class ByRater:
    """A column for each rater, or for each rater and label. An empty cell says that this rater was not asked."""

    cells: Sequence[tuple[str, str, str | None]]
    """Column, rater, and the label that it is about where that is the column's."""
    label: str | None
    words: Words
    cell: Convert
    is_scale: bool
    scales: Mapping[str, Convert]
    """How columns are read whose label is a dimension."""

    def wanted(self) -> tuple[str, ...]:
        label = () if self.label is None else (self.label,)
        return tuple(dict.fromkeys((*label, *(column for column, _, _ in self.cells))))

    @property
    def names_labels(self) -> bool:
        """Whether its cells are words, rather than what is said of a word that stands elsewhere."""
        return self.label is None and self.cells[0][2] is None

    def answers(self, chunk: Chunk, problems: Problems) -> Answers:
        about, ignored = self._about(chunk, problems)
        at, said = list[int](), dict[str, list[Any]]({name: [] for name in ("rater", "labels", *self.placed)})
        for rater, cells in self._by_rater(chunk, problems).items():
            for i in sorted(set(range(len(chunk.numbers))) - ignored.keys()):
                labels = self._labels([(label or about[i], v[i]) for label, v in cells if label not in self.placed])
                places = [next((v[i] for label, v in cells if label == name), None) for name in self.placed]
                if labels is not None or places.count(None) < len(places):
                    at.append(i)
                    for name, value in zip(said, (rater, labels, *places), strict=True):
                        said[name].append(value)
        return Answers(at, said, ignored)

    @property
    def placed(self) -> tuple[str, ...]:
        """The dimensions that have columns of their own."""
        return tuple(name for name in self.scales if any(label == name for _, _, label in self.cells))

    def _by_rater(self, chunk: Chunk, problems: Problems) -> dict[str, list[tuple[str | None, list[Any]]]]:
        found: dict[str, list[tuple[str | None, list[Any]]]] = {}
        for column, rater, label in self.cells:
            convert = self.words.read if self.names_labels else self.scales.get(label or "", self.cell)
            values = columns.converted(chunk.values(column), convert, column, problems)
            spelled = None if label is None else self.words.spelled.get(plain(label), label)
            found.setdefault(rater, []).append((spelled, values))
        return found

    def _about(self, chunk: Chunk, problems: Problems) -> tuple[Sequence[str | None], dict[int, str]]:
        """The label of each row, and the rows whose word is none."""
        if self.label is None:
            return [None] * len(chunk.numbers), {}
        words = chunk.values(self.label)
        read = columns.converted(words, columns.required(self.words.read), self.label, problems)
        return [f[0] if f else None for f in read], {i: str(words[i]) for i, f in enumerate(read) if not f}

    def _labels(self, cells: Sequence[tuple[str | None, Any]]) -> list[Weighed] | None:
        if self.names_labels:
            return [_weighed(word, 1.0) for word in cells[0][1] or ()] or None
        return _answered(((str(name), value) for name, value in cells), self.is_scale)


def _weighed(label: str, weight: float, intensity: float | None = None) -> Weighed:
    return {"label": label, "weight": weight, "intensity": intensity}


def _answered(cells: Iterator[tuple[str, float | None]], is_scale: bool) -> list[Weighed] | None:
    """The labels that have an answer; None where none has."""
    given = ((label, value) for label, value in cells if value is not None)
    return [_weighed(label, float(value > 0), value if is_scale else None) for label, value in given] or None


def _divided(cells: Sequence[tuple[str, float | None]]) -> list[Weighed] | None:
    total = sum(value or 0.0 for _, value in cells)
    if not 0 < total < math.inf:
        return None
    return [_weighed(label, value / total) for label, value in cells if value is not None]


def _counted(labels: Sequence[str], counts: Iterator[Sequence[int | None]]) -> Answers:
    at: list[int] = []
    said: dict[str, list[Any]] = {"label": []}
    for i, row in enumerate(counts):
        for label, count in zip(labels, row, strict=True):
            at += [i] * (count or 0)
            said["label"] += [label] * (count or 0)
    return Answers(at, said)


def columns_of_raters(given: tuple[str, ...] | str, header: Sequence[str]) -> list[tuple[str, str, str | None]]:
    """Columns named one by one, or all that fit a pattern; with a group `rater` that is who, with one `label` what."""
    if not isinstance(given, str):
        return [(column, column, None) for column in given]
    matches = ((column, re.fullmatch(given, column)) for column in header)
    groups = ((column, match[0], match.groupdict()) for column, match in matches if match)
    return [(column, named.get("rater") or whole, named.get("label")) for column, whole, named in groups]


def said_twice(cells: Sequence[tuple[str, str, str | None]]) -> str:
    """Which columns are of the same rater and label, or nothing: only one of them could count."""
    seen: dict[tuple[str, str | None], str] = {}
    for column, rater, label in cells:
        if (other := seen.setdefault((rater, label), column)) != column:
            return f"columns {other!r} and {column!r} are both what {rater!r} says{f' of {label}' if label else ''}"
    return ""
