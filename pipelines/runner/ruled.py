"""The rules of a recipe at the end of a partition: each makes its labels of the same opinions."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from affectory.schemas.derived import LABELS
from affectory.schemas.errors import AffectoryError, RuleFailed
from affectory.schemas.ids import digest
from affectory.schemas.taxonomy import Taxonomy
from affectory.transforms.views._base import FittedView, rule_name
from affectory.transforms.views._rows import in_order

ANY = "any"
"""What stands in a label's key for what was counted together."""


@dataclass(frozen=True)
class Ruled:
    """A rule with the taxonomy that its labels are in, and what it counts together although it differs."""

    view: Any
    taxonomy: Taxonomy
    across: tuple[str, ...] = ()

    @property
    def fits(self) -> bool:
        """Whether its labels rest on the whole dataset."""
        return isinstance(self.view, FittedView)

    @property
    def name(self) -> str:
        return rule_name(self.view)

    @property
    def identity(self) -> str:
        """Covers what it means, but for its code."""
        return digest("rule", type(self.view).__module__, self.name, self.taxonomy.hash, list(self.across))

    def counted(self, opinions: pa.Table) -> pa.Table:
        """The opinions as the rule counts them."""
        for name in self.across if opinions.num_rows else ():  # no lists cannot be repeated
            place = opinions.column_names.index(name)
            field = opinions.schema.field(name)
            same = pa.scalar([ANY] if pa.types.is_list(field.type) else ANY, field.type)
            opinions = opinions.set_column(place, field, pa.repeat(same, opinions.num_rows))
        return opinions

    def evidence(self, opinions: pa.Table) -> pa.Table:
        """What a fit of the rule needs to know of these opinions."""
        with self._told("its evidence"):
            found: pa.Table = self.view.evidence(self.counted(opinions), self.taxonomy)
        return found

    def fit(self, evidence: pa.Table) -> pa.Table:
        """What the rule finds of the evidence of the whole dataset."""
        with self._told("its fit"):
            found: pa.Table = self.view.fit(evidence, self.taxonomy)
        return found

    def labels(self, opinions: pa.Table, fit: pa.Table | None = None) -> pa.Table:
        """The rule's labels of opinions that are all there are about their samples."""
        opinions = self.counted(opinions)
        with self._told("its labels"):
            found = self.view.placed(opinions, self.taxonomy, fit) if self.fits else self._view(opinions)
        return LABELS.cast(found)

    def _view(self, opinions: pa.Table) -> pa.Table:
        found: pa.Table = self.view.view(opinions, self.taxonomy)
        return found

    @contextmanager
    def _told(self, doing: str) -> Iterator[None]:
        """Whatever goes wrong inside is told by the name of the rule."""
        try:
            yield
        except (AffectoryError, MemoryError):
            raise
        except Exception as error:
            raise RuleFailed(self.name, doing, f"{type(error).__name__}: {error}") from error


def all_labels(rules: Sequence[Ruled], opinions: pa.Table, fits: Mapping[int, pa.Table]) -> pa.Table:
    """The labels of all rules; `fits` are by the place of their rule."""
    if not opinions.num_rows:
        return LABELS.empty()
    tables = [rule.labels(opinions, fits.get(place)) for place, rule in enumerate(rules)]
    return in_order(pa.concat_tables([LABELS.empty(), *tables]))
