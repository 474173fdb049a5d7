"""How the columns of a table become ratings."""

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal

from pydantic import ConfigDict, Field

from affectory.transforms.base import STRICT
from affectory.transforms.ratings.base import RATINGS, Ratings
from affectory.transforms.sources import _columns as columns
from affectory.transforms.sources._tables import Chunk, ColumnName, Table
from affectory.transforms.sources.base import Limits, SourceFile, build

Name = ColumnName | None
Finite = Annotated[float, Field(allow_inf_nan=False)]
Convert = Callable[[Any], Any]

_LONGEST_S = 9e12
"""Microseconds beyond this many seconds do not fit 64 bits."""
_seconds = columns.within(columns.number, 0, _LONGEST_S)
_place = columns.within(columns.whole, 0, 2**62)
_SPANS = (("start_us", "end_us"), ("char_start", "char_end"))
_RATED = ("label", "valence", "arousal", "dominance")


def _microseconds(value: Any) -> int | None:
    seconds = _seconds(value)
    return None if seconds is None else round(seconds * 1_000_000)


_CONVERT: Mapping[str, Convert] = {
    "target_key": columns.required(columns.name),
    "target_file": columns.required(columns.word),
    "start_us": _microseconds,
    "end_us": _microseconds,
    "char_start": _place,
    "char_end": _place,
    "rater": columns.required(columns.name),
    "label": columns.word,
    "confidence": columns.within(columns.number, 0, 1),
    "rationale": columns.word,
    "occasion": columns.name,
    "spent_s": columns.within(columns.number, 0),
}
_FIELDS = {"target_key": "target", "target_file": "file", "start_us": "start", "end_us": "end"}
_REASONS = {"target_key": "missing_key", "target_file": "missing_key"}


@dataclass(frozen=True, kw_only=True)
class RatingTable(Table):
    """Which columns hold what; one rating a row."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT

    of: Annotated[str, Field(min_length=1, description="name of the source that is rated")]
    target: Annotated[Name, Field(description="column with the declared key of the record (this or `file`)")] = None
    file: Annotated[Name, Field(description="column with its file, relative to that source (this or `target`)")] = None
    rater: Annotated[ColumnName, Field(description="column with who rated")]
    start: Annotated[Name, Field(description="column with where the rated stretch starts, in seconds")] = None
    end: Annotated[Name, Field(description="column with where it ends, in seconds")] = None
    char_start: Annotated[Name, Field(description="column with the first character that is rated, from 0")] = None
    char_end: Annotated[Name, Field(description="column with the character after the last one rated")] = None
    label: Annotated[Name, Field(description="column with the emotion's word, as the taxonomy knows it")] = None
    intensity: Annotated[Name, Field(description="column with how strong it is, from 0 (with `label`)")] = None
    intensity_max: Annotated[
        Annotated[float, Field(gt=0, allow_inf_nan=False)] | None, Field(description="highest intensity of the scale")
    ] = None
    valence: Annotated[Name, Field(description="column with how pleasant")] = None
    arousal: Annotated[Name, Field(description="column with how excited")] = None
    dominance: Annotated[Name, Field(description="column with how much in control")] = None
    vad_range: Annotated[
        tuple[Finite, Finite], Field(description="lowest and highest value of these three; scaled to -1 to 1")
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

    def __post_init__(self) -> None:
        if (self.target is None) == (self.file is None):
            raise ValueError("give either `target` (column with the record's key) or `file` (column with its file)")
        if not any(getattr(self, role) for role in _RATED):
            raise ValueError(f"nothing is rated: give at least one of {', '.join(_RATED)}")
        if self.label is None and self.intensity is not None:
            raise ValueError("`intensity` is that of a label: give `label` too")
        if self.intensity is None and self.intensity_max is not None:
            raise ValueError("`intensity_max` belongs to `intensity`: give that too")
        if self.vad_range[0] >= self.vad_range[1]:
            raise ValueError("`vad_range` is [lowest, highest], and the lowest comes first")

    def read(self, file: SourceFile, limits: Limits) -> Iterator[Ratings]:
        roles = self._roles()
        wanted = tuple(dict.fromkeys(name for name, _, _ in roles.values()))
        for chunk in self.chunks(file, limits, wanted):
            yield _ratings(chunk, file.uri, roles)

    def _roles(self) -> dict[str, tuple[str, Convert, str]]:
        """Which column a rating's part comes from, how it is read, and the reason for refusing what does not fit."""
        special = {"intensity": columns.within(columns.number, 0, self.intensity_max or math.inf)}
        special |= dict.fromkeys(("valence", "arousal", "dominance"), self._scaled)
        named = ((part, getattr(self, _FIELDS.get(part, part))) for part in RATINGS.names if part != "row")
        return {
            part: (column, special.get(part) or _CONVERT[part], _REASONS.get(part, "bad_row"))
            for part, column in named
            if column is not None
        }

    def _scaled(self, value: Any) -> float | None:
        low, high = self.vad_range
        found = columns.within(columns.number, low, high)(value)
        return None if found is None else 2 * (found - low) / (high - low) - 1


def _ratings(chunk: Chunk, uri: str, roles: dict[str, tuple[str, Convert, str]]) -> Ratings:
    problems: columns.Problems = {}
    found = {
        role: columns.converted(chunk.columns.get(name, ()), convert, name, problems, reason)
        for role, (name, convert, reason) in roles.items()
    }
    found["row"] = [*chunk.numbers]
    _check_spans(found, problems)
    _check_rated(found, problems)
    refused = tuple(chunk.refuse(i, uri, *problems[i]) for i in sorted(problems))
    if problems:
        kept = [i for i in range(len(chunk.numbers)) if i not in problems]
        found = {role: [values[i] for i in kept] for role, values in found.items()}
    return Ratings(build(RATINGS, found, len(found["row"])), (*chunk.refused, *refused))


def _check_spans(found: dict[str, list[Any]], problems: columns.Problems) -> None:
    for start, end in _SPANS:
        for i, (first, last) in enumerate(zip(found.get(start, ()), found.get(end, ()), strict=False)):
            if first is not None and last is not None and last <= first:
                problems.setdefault(i, ("bad_row", f"the stretch ends ({last}) where or before it starts ({first})"))


def _check_rated(found: dict[str, list[Any]], problems: columns.Problems) -> None:
    rated = (found[role] for role in _RATED if role in found)
    for i, values in enumerate(zip(*rated, strict=True)):
        if all(value is None for value in values):
            problems.setdefault(i, ("bad_row", "nothing is rated"))
