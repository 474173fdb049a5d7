"""What a suite is made from, and what one of its checks is."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from affectory.quality.findings import Severity
from affectory.schemas.recipe.gate import Validate
from affectory.schemas.taxonomy import Taxonomy


@dataclass(frozen=True)
class Asked:
    """The labels of one taxonomy, as raters are asked and values are ordered."""

    taxonomy: str
    hash: str
    labels: tuple[str, ...]

    @classmethod
    def of(cls, taxonomy: Taxonomy) -> "Asked":
        return cls(taxonomy.name, taxonomy.hash, taxonomy.labels)


@dataclass(frozen=True)
class About:
    """What is declared about a dataset, besides the schemas of its tables."""

    validate: Validate = field(default_factory=Validate)
    asked: tuple[Asked, ...] = ()
    """Every taxonomy in which the recipe asks or labels."""
    languages: tuple[str, ...] = ()
    """Declared languages; with none, any will do."""
    media: tuple[str, ...] = ()
    """Columns of samples whose media are published."""
    sources: tuple[str, ...] = ()
    """Names of the recipe's sources, as a ledger remembers others too; with none, all count."""
    raters: int = 0
    """How many people are to judge a sample; 0 where nobody said."""
    licensed_only: bool = False
    """Whether nothing is published of a record without a licence anyhow."""


@dataclass(frozen=True)
class Check:
    """One expectation about one table's flat columns."""

    name: str
    """By which a recipe adjusts it: `samples.language`."""
    table: str
    expect: str
    """The expectation, without `expect_` in front."""
    arguments: Mapping[str, Any]
    means: str
    """What is wrong where it is not met, in plain words."""
    severity: Severity = "blocks"
    mostly: float = 1.0
    where: Mapping[str, Any] = field(default_factory=dict)
    """Only about rows with these values."""
    origin: str = ""
    """The place in the recipe that says so, of an author's own."""

    @property
    def columns(self) -> tuple[str, ...]:
        """The flat columns that it looks at."""
        named = (self.arguments.get(key) for key in ("column", "column_A", "column_B"))
        return tuple(name for name in named if isinstance(name, str))
