"""How the columns of a table become ratings."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

from affectory.transforms.ratings._cells import Words, chosen, scale
from affectory.transforms.ratings._forms import (
    Answers,
    ByLabel,
    ByRater,
    Digits,
    Form,
    Long,
    Shares,
    Votes,
    columns_of_raters,
    said_twice,
)
from affectory.transforms.ratings._parameters import MOST_PEOPLE, RatingParameters
from affectory.transforms.ratings._scales import DIMENSIONS, range_of, scaled
from affectory.transforms.ratings.base import RATINGS, Ratings
from affectory.transforms.sources import _columns as columns
from affectory.transforms.sources._columns import Problems
from affectory.transforms.sources._tables import Chunk, Columns, flat, shown_columns
from affectory.transforms.sources.base import Limits, Refused, SourceFile, build

Convert = Callable[[Any], Any]
Roles = Mapping[str, tuple[Columns, Convert, str]]
"""Which column a rating's part comes from, how it is read, and the reason for refusing what does not fit."""

_LONGEST_S = 9e12
"""Microseconds beyond this many seconds do not fit 64 bits."""
_seconds = columns.within(columns.number, 0, _LONGEST_S)
_side = columns.within(columns.number, -1e6, 1e6)
_place = columns.within(columns.whole, 0, 2**62)
_SPANS = (("start_us", "end_us"), ("char_start", "char_end"))
PUBLISHED = "published"


def seconds_to_us(value: Any) -> int | None:
    """A time in seconds as whole microseconds."""
    seconds = _seconds(value)
    return None if seconds is None else round(seconds * 1_000_000)


_CONVERT: Mapping[str, Convert] = {
    "target_key": columns.required(columns.name),
    "target_file": columns.required(columns.word),
    "start_us": seconds_to_us,
    "end_us": seconds_to_us,
    "char_start": _place,
    "char_end": _place,
    "rater": columns.required(columns.name),
    "confidence": columns.within(columns.number, 0, 1),
    "rationale": columns.word,
    "occasion": columns.name,
    "spent_s": columns.within(columns.number, 0),
    "people": columns.required(columns.within(columns.whole, 0, MOST_PEOPLE)),
}
_FIELDS = {"target_key": "target", "target_file": "file", "start_us": "start", "end_us": "end"}
_REASONS = {"target_key": "missing_key", "target_file": "missing_key"}


@dataclass(frozen=True, kw_only=True)
class RatingTable(RatingParameters):
    """Reads the ratings of a table."""

    lists: ClassVar[bool] = False
    """Whether a cell may hold a list of labels."""

    @property
    def also(self) -> tuple[str, ...]:
        """Columns that are read together, or in a kind's own way."""
        return self.box or ()

    def read(self, file: SourceFile, limits: Limits) -> Iterator[Ratings]:
        header = self.header(file, limits) if isinstance(self.wide, str) else ()
        if wrong := self._misfit(header):
            yield Ratings(refused=(Refused(file.uri, "bad_row", f"{wrong} {self.wide!r} of `wide`"),))
            return
        form, roles = self._form(header), self._roles()
        wanted = flat((*(name for name, _, _ in roles.values()), *form.wanted(), *(self.where or ()), *self.also))
        rows = chosen_rows = 0
        for chunk in self.chunks(file, limits, wanted):
            rows += len(chunk.numbers)
            kept = self._of_these(chunk)
            chosen_rows += len(kept.numbers)
            yield self._ratings(kept, file.uri, form, roles)
        if rows and not chosen_rows:
            yield Ratings(refused=(Refused(file.uri, "bad_row", f"none of {rows} rows fits `where`"),))

    def _misfit(self, header: Sequence[str]) -> str:
        """What is wrong with the columns that a pattern finds, or nothing."""
        if not isinstance(self.wide, str) or not header:
            return ""
        found = columns_of_raters(self.wide, header)
        twice = said_twice(found)
        return f"{twice}, by" if twice else "" if found else "no column fits"

    def _of_these(self, chunk: Chunk) -> Chunk:
        """The rows that `where` chooses."""
        if self.where is None:
            return chunk
        tests = [(re.compile(pattern), chunk.values(name)) for name, pattern in self.where.items()]
        fits = [all(p.fullmatch(_as_text(v[i])) for p, v in tests) for i in range(len(chunk.numbers))]
        kept = [i for i, fit in enumerate(fits) if fit]
        values = {name: [column[i] for i in kept] for name, column in chunk.columns.items()}
        return replace(
            chunk, numbers=[chunk.numbers[i] for i in kept], columns=values, whole=lambda i: chunk.whole(kept[i])
        )

    def _form(self, header: Sequence[str]) -> Form:
        words = Words.of(self.labels, self.ignore, self.separator, self.lists)
        is_scale = self.intensity_max is not None or bool(self.levels)
        cell = scale(self.intensity_max, self.levels) if is_scale else chosen
        if self.columns is not None:
            return ByLabel(self.columns, cell, is_scale)
        if self.wide is not None:
            named = columns_of_raters(self.wide, header)
            return ByRater(named, self.label, words, cell, is_scale, self._scales())
        if self.votes is not None:
            return Votes(self.votes)
        if self.vote_digits is not None:
            return Digits(self.vote_digits.column, self.vote_digits.labels)
        if self.distribution is not None:
            return Shares(self.distribution)
        return Long(self.label, self.intensity, words, scale(self.intensity_max, self.levels))

    def _scales(self) -> dict[str, Callable[[Any], float | None]]:
        return {name: scaled(*range_of(self.vad_range, name)) for name in DIMENSIONS}

    def _roles(self) -> Roles:
        special = self._scales()
        named = {part: getattr(self, _FIELDS.get(part, part)) for part in (*_CONVERT, *DIMENSIONS)}
        if isinstance(self.people, int):
            del named["people"]
        return {
            part: (column, special.get(part) or _CONVERT[part], _REASONS.get(part, "bad_row"))
            for part, column in named.items()
            if column is not None
        }

    def _ratings(self, chunk: Chunk, uri: str, form: Form, roles: Roles) -> Ratings:
        problems: Problems = {}
        found = {
            role: columns.converted(chunk.values(name), convert, shown_columns(name), problems, reason)
            for role, (name, convert, reason) in roles.items()
        }
        found |= self._beside(chunk, problems)
        answers = form.answers(chunk, problems)
        _check_spans(found, problems)
        _check_rated(found, answers, len(chunk.numbers), problems)
        refused = tuple(chunk.refuse(i, uri, *problems[i]) for i in sorted(problems))
        rows = _rows(found, answers, [*chunk.numbers], problems)
        count = len(rows["row"])
        return Ratings(build(RATINGS, {**self._constants(count), **rows}, count), (*chunk.refused, *refused))

    def _beside(self, chunk: Chunk, problems: Problems) -> dict[str, list[Any]]:
        """Further parts of ratings, read together or in a kind's own way."""
        if self.box is None:
            return {}
        sides = [columns.converted(chunk.values(name), _side, name, problems) for name in self.box]
        return {"box": [_boxed(i, box, problems) for i, box in enumerate(zip(*sides, strict=True))]}

    def _constants(self, count: int) -> dict[str, list[Any]]:
        is_group = self.people is not None or self.distribution is not None
        name = self.rater_name or (PUBLISHED if is_group and self.rater is None else None)
        found: dict[str, list[Any]] = {"rater": [name] * count} if name else {}
        if is_group:
            found["people"] = [self.people if isinstance(self.people, int) else 0] * count
        return found


def _rows(
    found: dict[str, list[Any]], answers: Answers, numbers: list[int], problems: Problems
) -> dict[str, list[Any]]:
    """The rows of all ratings that can be taken; what a row says once is said by all of its ratings."""
    found["row"] = numbers
    at, said = answers.at, dict(answers.said)
    if problems:
        kept = [place for place, i in enumerate(at) if i not in problems]
        at = [at[place] for place in kept]
        said = {name: [values[place] for place in kept] for name, values in said.items()}
    if at != range(len(numbers)):
        found = {name: [values[i] for i in at] for name, values in found.items()}
    return {**found, **said}


def _boxed(row: int, box: tuple[float | None, ...], problems: Problems) -> list[float | None] | None:
    """A whole box, or none; what is half of one is a problem of its row."""
    if None not in box and min(box[2] or 0, box[3] or 0) > 0:
        return [*box]
    if any(side is not None for side in box):
        problems.setdefault(row, ("bad_row", f"the box {box} has no size"))
    return None


def _as_text(value: Any) -> str:
    return "" if value is None else str(value)


def _check_spans(found: dict[str, list[Any]], problems: Problems) -> None:
    for start, end in _SPANS:
        for i, (first, last) in enumerate(zip(found.get(start, ()), found.get(end, ()), strict=False)):
            if first is not None and last is not None and last <= first:
                problems.setdefault(i, ("bad_row", f"the stretch ends ({last}) where or before it starts ({first})"))


def _check_rated(found: dict[str, list[Any]], answers: Answers, rows: int, problems: Problems) -> None:
    """Every row must say something."""
    given = [answers.said[part] for part in ("label", "labels") if part in answers.said]
    if len(answers.at) == rows and any(None not in values for values in given) and answers.at == range(rows):
        return
    said = {i for values in given for i, value in zip(answers.at, values, strict=True) if value is not None}
    placed = [found[name] for name in DIMENSIONS if name in found]
    for i in range(rows):
        if i in said or any(values[i] is not None for values in placed):
            continue
        if i in answers.ignored:
            word = columns.quoted(answers.ignored[i])
            problems.setdefault(i, ("filtered", f"{word} is no answer, as the recipe says (`ignore`)"))
        else:
            problems.setdefault(i, ("bad_row", "nothing is rated"))
