"""What the state of a review is told from."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date

import pyarrow as pa

from affectory.schemas.taxonomy import Taxonomy

Project = tuple[str, str, bool]
"""The set of questions, the kind of sample, and whether it is where others' answers are decided about."""


@dataclass(frozen=True)
class StatusInputs:
    """The ledgers `asks`, `returns` and `judgements`, whole; `samples` has columns `sample_id` and `kind`, the kind as
    interfaces are made for it."""

    asks: pa.Table
    returns: pa.Table
    judgements: pa.Table
    samples: pa.Table
    taxonomy: Taxonomy
    people: pa.Table | None = None
    """The ledger of people, for how raters stand to those rated."""
    gold: Mapping[str, Collection[str]] = field(default_factory=dict)
    """Of samples whose answer is known the labels of which any is right."""
    projects: Mapping[Project, str] = field(default_factory=dict)
    """The addresses of projects in Label Studio, to which links to tasks lead."""
    today: date | None = None
    """The day up to which nobody answered, where that is later than the last answer."""
    title: str = ""
    draws: int = 200
    """How often agreement is drawn anew for its intervals."""
