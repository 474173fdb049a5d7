"""How the columns of a table become ratings."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Any, ClassVar, Literal

from pydantic import ConfigDict, Field

from affectory.transforms.base import STRICT
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
)
from affectory.transforms.ratings._scales import DIMENSIONS, Ranges, checked_ranges, range_of, scaled
from affectory.transforms.ratings.base import RATINGS, Ratings
from affectory.transforms.sources import _columns as columns
from affectory.transforms.sources._columns import Problems
from affectory.transforms.sources._files import Pattern
from affectory.transforms.sources._tables import Chunk, ColumnName, Columns, Table, flat, shown_columns
from affectory.transforms.sources.base import Limits, Refused, SourceFile, build

Name = ColumnName | None
Finite = Annotated[float, Field(allow_inf_nan=False)]
Convert = Callable[[Any], Any]
Roles = Mapping[str, tuple[Columns, Convert, str]]
"""Which column a rating's part comes from, how it is read, and the reason for refusing what does not fit."""
Word = Annotated[str, Field(min_length=1, max_length=500)]
ByLabels = Mapping[Word, ColumnName] | None

_LONGEST_S = 9e12
"""Microseconds beyond this many seconds do not fit 64 bits."""
_MOST_PEOPLE = 2**31 - 1
_seconds = columns.within(columns.number, 0, _LONGEST_S)
_place = columns.within(columns.whole, 0, 2**62)
_SPANS = (("start_us", "end_us"), ("char_start", "char_end"))
_FORMS = ("columns", "votes", "vote_digits", "distribution", "wide")
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
    "people": columns.required(columns.within(columns.whole, 0, _MOST_PEOPLE)),
}
_FIELDS = {"target_key": "target", "target_file": "file", "start_us": "start", "end_us": "end"}
_REASONS = {"target_key": "missing_key", "target_file": "missing_key"}


@dataclass(frozen=True, kw_only=True)
class VoteDigits:
    """Votes written as one cell with a digit for each label, such as 2000030."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT

    column: Annotated[ColumnName, Field(description="column with the digits")]
    labels: Annotated[tuple[Word, ...], Field(min_length=1, description="whose votes they count, in their order")]


@dataclass(frozen=True, kw_only=True)
class RatingTable(Table):
    """Which columns hold what; one rating a row."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT

    of: Annotated[str, Field(min_length=1, description="name of the source that is rated")]
    target: Annotated[
        Columns | None,
        Field(description="column with the declared key of the record, or several as in `key` (this or `file`)"),
    ] = None
    file: Annotated[Name, Field(description="column with its file, relative to that source (this or `target`)")] = None
    where: Annotated[
        Mapping[str, Pattern] | None,
        Field(description="rows that these ratings are: by column, a regular expression that its whole value fits"),
    ] = None
    rater: Annotated[Columns | None, Field(description="column with who rated, or several")] = None
    rater_name: Annotated[
        Annotated[str, Field(min_length=1)] | None, Field(description="who rated all of it, such as published")
    ] = None
    anonymous: Annotated[
        bool, Field(description="whether each rating is somebody's whom nothing names: nobody is taken for the same")
    ] = False
    people: Annotated[
        Annotated[int, Field(ge=0, le=_MOST_PEOPLE)] | ColumnName | None,
        Field(description="how many people each rating sums up, or a column with it; 0 where nobody said"),
    ] = None
    start: Annotated[Name, Field(description="column with where the rated stretch starts, in seconds")] = None
    end: Annotated[Name, Field(description="column with where it ends, in seconds")] = None
    char_start: Annotated[Name, Field(description="column with the first character that is rated, from 0")] = None
    char_end: Annotated[Name, Field(description="column with the character after the last one rated")] = None
    label: Annotated[Name, Field(description="column with the emotion's word, as the taxonomy knows it")] = None
    separator: Annotated[
        Annotated[str, Field(min_length=1, max_length=9)] | None,
        Field(description="what separates several labels in one cell"),
    ] = None
    columns: Annotated[
        ByLabels, Field(description="by label, the column that says whether it was chosen, or how strong it is")
    ] = None
    votes: Annotated[ByLabels, Field(description="by label, the column that counts who chose it")] = None
    vote_digits: Annotated[VoteDigits | None, Field(description="the same where one column has a digit a label")] = None
    distribution: Annotated[
        ByLabels, Field(description="by label, the column with its share: the summed answer of a group")
    ] = None
    wide: Annotated[
        Annotated[tuple[ColumnName, ...], Field(min_length=1)] | Pattern | None,
        Field(
            description="columns of one rater each, or a regular expression that whole names of columns fit, with "
            "groups (?P<rater>...) and, where columns are also of one label each, (?P<label>...)"
        ),
    ] = None
    labels: Annotated[
        Mapping[Word, Word] | None, Field(description="how words of the data are spelled in the taxonomy")
    ] = None
    ignore: Annotated[tuple[Word, ...], Field(description="words of the data that are no answer")] = ()
    options: Annotated[
        tuple[Word, ...], Field(description="the labels that raters could choose from, where not all of the taxonomy")
    ] = ()
    intensity: Annotated[Name, Field(description="column with how strong it is, from 0 (with `label`)")] = None
    intensity_max: Annotated[
        Annotated[float, Field(gt=0, allow_inf_nan=False)] | None, Field(description="highest intensity of the scale")
    ] = None
    levels: Annotated[
        tuple[Word, ...], Field(description="words for how strong it is, from the lowest, which is 0")
    ] = ()
    valence: Annotated[Name, Field(description="column with how pleasant")] = None
    arousal: Annotated[Name, Field(description="column with how excited")] = None
    dominance: Annotated[Name, Field(description="column with how much in control")] = None
    vad_range: Annotated[
        tuple[Finite, Finite] | Ranges,
        Field(description="lowest and highest value of these three, or of each by name; scaled to -1 to 1"),
    ] = (-1.0, 1.0)
    confidence: Annotated[Name, Field(description="column with the rater's own confidence, 0 to 1")] = None
    rationale: Annotated[Name, Field(description="column with the reason given")] = None
    occasion: Annotated[Name, Field(description="column with which time this person was asked")] = None
    spent_s: Annotated[Name, Field(description="column with the time taken, in seconds")] = None
    perspective: Annotated[
        Literal["expressed", "perceived", "elicited", "felt", "intended"], Field(description="whose side was asked for")
    ] = "perceived"
    modalities: Annotated[
        tuple[Literal["video", "audio", "image", "text", "signal"], ...],
        Field(description="what the raters could see, hear or read; empty where unknown"),
    ] = ()
    question: Annotated[str, Field(min_length=1, description="what the raters were asked")] = (
        "Which emotion do you perceive?"
    )
    rater_kind: Annotated[Literal["human", "author", "adjudicator"], Field(description="what the raters are")] = "human"
    rater_relation: Annotated[
        Literal["self", "parent", "clinician", "crowd", "expert"] | None,
        Field(description="how the raters stand to those rated"),
    ] = None

    lists: ClassVar[bool] = False
    """Whether a cell may hold a list of labels."""

    def __post_init__(self) -> None:
        if (self.target is None) == (self.file is None):
            raise ValueError("give either `target` (column with the record's key) or `file` (column with its file)")
        self._check_rated()
        self._check_raters()
        if self.intensity_max is not None and self.levels:
            raise ValueError("`levels` are a scale in words, `intensity_max` ends one of numbers: give one of them")
        if not self._is_scale() and self.intensity_max is not None:
            raise ValueError("`intensity_max` belongs to `intensity`, `columns` or `wide`: give that too")
        checked_ranges(self.vad_range)

    def _check_rated(self) -> None:
        forms = [name for name in _FORMS if getattr(self, name) is not None]
        if len(forms) > 1:
            raise ValueError(f"{' and '.join(forms)}: a table has one form, give one of them")
        if not forms and not any(getattr(self, role) for role in ("label", *DIMENSIONS)):
            raise ValueError(f"nothing is rated: give at least one of label, {', '.join((*DIMENSIONS, *_FORMS))}")
        if self.label is not None and forms not in ([], ["wide"]):
            raise ValueError(f"`label` is the column of a label a row, `{forms[0]}` has the labels of all: give one")
        if self.intensity is not None and (self.label is None or forms):
            raise ValueError("`intensity` is that of a label: give `label` too, and no other form")
        if self.separator is not None and self.intensity is not None:
            raise ValueError("`intensity` is that of one label: give no `separator`")
        if isinstance(self.wide, str) and "rater" not in (groups := re.compile(self.wide).groupindex) and groups:
            raise ValueError("the pattern of `wide` needs a group (?P<rater>...)")

    def _check_raters(self) -> None:
        counted = self.votes is not None or self.vote_digits is not None
        named = [name for name in ("rater", "rater_name", "anonymous", "wide") if getattr(self, name)]
        if counted and named:
            raise ValueError(f"votes are of people who are only counted: leave out `{named[0]}`")
        if len(named) > 1:
            raise ValueError(f"{' and '.join(named)}: give one of them")
        if not named and not counted and self.people is None and self.distribution is None:
            raise ValueError("say who rated: `rater` (a column), `rater_name`, `anonymous: true` or `wide`")
        if self.people is not None and (counted or self.anonymous or self.wide is not None):
            raise ValueError("`people` are summed up by a rating of `rater` or `rater_name`, or a `distribution`")

    @property
    def each_label(self) -> bool:
        pattern = isinstance(self.wide, str) and "label" in re.compile(self.wide).groupindex
        about_one = self.wide is not None and (self.label is not None or pattern)
        return self.columns is not None or self.distribution is not None or about_one

    @property
    def offered(self) -> tuple[str, ...]:
        named = self.columns or self.votes or self.distribution or ()
        return self.options or tuple(named) or (self.vote_digits.labels if self.vote_digits else ())

    @property
    def response(self) -> str | None:
        if self.votes is not None or self.vote_digits is not None or self.distribution is not None:
            return "simplex"
        return "multi-label" if self.each_label or self.separator is not None else None

    @property
    def asks_intensity(self) -> bool:
        return self.intensity is not None

    @property
    def also(self) -> tuple[str, ...]:
        """Columns that a kind reads in its own way."""
        return ()

    def words(self) -> Mapping[tuple[str | int, ...], str]:
        """The words that the recipe itself wants the taxonomy to know, by their keys."""
        by_label = {(form, label): label for form in ("columns", "votes", "distribution")
                    for label in getattr(self, form) or ()}  # fmt: skip
        spelled = {("labels", word): label for word, label in (self.labels or {}).items()}
        digits = self.vote_digits.labels if self.vote_digits else ()
        counted = {("vote_digits", "labels", i): label for i, label in enumerate(digits)}
        return {**by_label, **spelled, **counted, **{("options", i): label for i, label in enumerate(self.options)}}

    def read(self, file: SourceFile, limits: Limits) -> Iterator[Ratings]:
        header = self.header(file, limits) if isinstance(self.wide, str) else ()
        if isinstance(self.wide, str) and header and not columns_of_raters(self.wide, header):
            yield Ratings(refused=(Refused(file.uri, "bad_row", f"no column fits {self.wide!r} of `wide`"),))
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
            yield Ratings(refused=(Refused(file.uri, "empty", f"none of {rows} rows fits `where`"),))

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
            return ByRater(columns_of_raters(self.wide, header), self.label, words, cell, is_scale)
        if self.votes is not None:
            return Votes(self.votes)
        if self.vote_digits is not None:
            return Digits(self.vote_digits.column, self.vote_digits.labels)
        if self.distribution is not None:
            return Shares(self.distribution)
        return Long(self.label, self.intensity, words, scale(self.intensity_max, self.levels))

    def _is_scale(self) -> bool:
        return self.intensity is not None or self.columns is not None or self.wide is not None

    def _roles(self) -> Roles:
        special = {name: scaled(*range_of(self.vad_range, name)) for name in DIMENSIONS}
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
        """Further parts of ratings that a kind reads in its own way."""
        return {}

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
