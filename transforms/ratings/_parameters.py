"""What a recipe says of a table of ratings: which columns hold what, and what all of its ratings have in common."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

from pydantic import ConfigDict, Field

from affectory.transforms.base import STRICT
from affectory.transforms.ratings._cells import plain
from affectory.transforms.ratings._scales import DIMENSIONS, Ranges, checked_ranges
from affectory.transforms.sources._files import Pattern
from affectory.transforms.sources._tables import ColumnName, Columns, Table

Name = ColumnName | None
Finite = Annotated[float, Field(allow_inf_nan=False)]
Word = Annotated[str, Field(min_length=1, max_length=500)]
ByLabels = Mapping[Word, ColumnName] | None
MOST_PEOPLE = 2**31 - 1
_FORMS = ("columns", "votes", "vote_digits", "distribution", "wide")


@dataclass(frozen=True, kw_only=True)
class VoteDigits:
    """Votes written as one cell with a digit for each label, such as 2000030."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT

    column: Annotated[ColumnName, Field(description="column with the digits")]
    labels: Annotated[tuple[Word, ...], Field(min_length=1, description="whose votes they count, in their order")]


@dataclass(frozen=True, kw_only=True)
class RatingParameters(Table):
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
        Annotated[int, Field(ge=0, le=MOST_PEOPLE)] | ColumnName | None,
        Field(description="how many people each rating sums up, or a column with it; 0 where nobody said"),
    ] = None
    start: Annotated[Name, Field(description="column with where the rated stretch starts, in seconds")] = None
    end: Annotated[Name, Field(description="column with where it ends, in seconds")] = None
    char_start: Annotated[Name, Field(description="column with the first character that is rated, from 0")] = None
    char_end: Annotated[Name, Field(description="column with the character after the last one rated")] = None
    box: Annotated[
        tuple[ColumnName, ColumnName, ColumnName, ColumnName] | None,
        Field(description="columns with x, y, width and height of the rated part of the picture, in pixels"),
    ] = None
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
            "groups (?P<rater>...) and, where columns are also of one label or dimension each, (?P<label>...)"
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

    def __post_init__(self) -> None:
        if (self.target is None) == (self.file is None):
            raise ValueError("give either `target` (column with the record's key) or `file` (column with its file)")
        self._check_rated()
        self._check_raters()
        if self.intensity_max is not None and self.levels:
            raise ValueError("`levels` are a scale in words, `intensity_max` ends one of numbers: give one of them")
        if len({plain(level) for level in self.levels}) < len(self.levels):
            raise ValueError("`levels` has a word twice: capitals and spaces around it make no difference")
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
        spelled = [plain(word) for word in self.labels or ()]
        if len(set(spelled)) < len(spelled):
            raise ValueError("`labels` has a word twice: capitals and spaces around it make no difference")
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

    def _is_scale(self) -> bool:
        return self.intensity is not None or self.columns is not None or self.wide is not None

    @property
    def asks_intensity(self) -> bool:
        return self.intensity is not None

    def words(self) -> Mapping[tuple[str | int, ...], str]:
        """The words that the recipe itself wants the taxonomy to know, by their keys."""
        found: dict[tuple[str | int, ...], str] = {}
        for form in ("columns", "votes", "distribution"):
            found |= {(form, label): label for label in getattr(self, form) or ()}
        found |= {("labels", word): label for word, label in (self.labels or {}).items()}
        digits = self.vote_digits.labels if self.vote_digits else ()
        found |= {("vote_digits", "labels", i): label for i, label in enumerate(digits)}
        return found | {("options", i): label for i, label in enumerate(self.options)}
