"""What a plan is made from, and what it says."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from affectory.schemas.recipe.review import Question, RaterLimits
from affectory.schemas.taxonomy import Taxonomy
from affectory.schemas.types import ANCHOR

if TYPE_CHECKING:
    from affectory.annotation.selecting.when import When

SAMPLES = pa.schema(
    [
        ("sample_id", pa.string()),
        ("anchor", ANCHOR),
        ("kind", pa.string()),
        ("content", pa.string()),
        ("source", pa.string()),
        ("language", pa.string()),
    ]
)
"""The samples that can be asked about; further columns are passed over. `content` is `Shown.content`."""

DONE = pa.schema(
    [
        ("task", pa.string()),
        ("rater", pa.string()),
        ("state", pa.string()),
        ("spent_s", pa.float64()),
        ("at", pa.date32()),
        ("harmful", pa.bool_()),
        ("labels", pa.list_(pa.string())),
    ]
)
"""What came back, a row for each annotation in its newest state: taken, declined, refused or retracted. `at` is the day
on which it was given, `labels` what was chosen."""


@dataclass(frozen=True)
class Rater:
    """A person who can be asked, under a pseudonym; without languages whatever they are in."""

    id: str
    relation: str | None = None
    languages: tuple[str, ...] = ()
    hours_a_week: float | None = None
    withdrawn: bool = False

    def speaks(self, language: str | None) -> bool:
        """Whether samples in it are for this person; `de-AT` is for who speaks `de`."""
        if not self.languages or not language:
            return True
        return any(_base(language) == _base(own) for own in self.languages)


@dataclass(frozen=True)
class Wanted:
    """Everything that a plan is made from.

    `form` has of each kind of sample the hash of how it is asked; `samples` are as in `SAMPLES`, `opinions` those of
    the last build, `asks` the whole ledger of this question, `done` as in `DONE`. No `raters`: whoever comes. `gold`
    has by sample the labels that are right. `calibrations` say what models' opinions are worth beside people's; without
    one they are worth nothing. `counting`: people who judged a sample before any review count among its `raters`.
    """

    name: str
    question: Question
    form: Mapping[str, str]
    samples: pa.Table
    opinions: pa.Table
    taxonomy: Taxonomy
    asks: pa.Table
    done: pa.Table
    seed: str
    round: int
    today: date
    raters: Sequence[Rater] = ()
    gold: Mapping[str, Sequence[str]] = field(default_factory=dict)
    limits: RaterLimits = field(default_factory=RaterLimits)
    calibrations: Mapping[str, Any] = field(default_factory=dict)
    counting: bool = False
    mixture: Any = None
    """What the `bayes` view learns of people's votes, where it was learned already."""
    when: "When | None" = None
    """`question.when`, where it was parsed already."""
    beside: Sequence[tuple[pa.Table, pa.Table]] = ()
    """Asks and answers of each other set of questions of the review: limits hold for all together."""


@dataclass(frozen=True)
class Summary:
    """A plan in numbers. Every sample is under one of `samples`: `asked` before or now, or why it is not."""

    purposes: Mapping[str, int]
    raters: Mapping[str, int]
    closed: Mapping[str, int]
    samples: Mapping[str, int]
    held: int
    """Asks that the budget counts: those that are open, and those that were answered."""
    left: int | None
    """What is left of the budget; None where there is none."""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Planned:
    """`fresh` are rows for the ledger of asks; `values` what is known of each sample, and what became of it (`why`)."""

    fresh: pa.Table
    summary: Summary
    values: pa.Table


def _base(language: str) -> str:
    return language.replace("_", "-").partition("-")[0].lower()
