"""Rejects reasons that give the label away instead of leading to it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal

import pyarrow as pa
from pydantic import ConfigDict, Field

from affectory.schemas.taxonomy import Taxonomy
from affectory.transforms.assist._quotes import word_count
from affectory.transforms.base import ALL_KINDS, STRICT, Columns, Resources, Step
from affectory.transforms.checks._naming import Naming
from affectory.transforms.checks._opinions import tops
from affectory.transforms.models._opinions import required
from affectory.transforms.rows import Reject, Values, by_row
from affectory.transforms.text._boundaries import sentences

_WORDS_BESIDE = 8


@dataclass(frozen=True)
class LeakedLabel:
    """Rejects as `filtered` a text that `names` the label anywhere, `opens` with it (in its first sentence), or says
    `only` that: the label and fewer than eight other words.
    """

    __pydantic_config__: ClassVar[ConfigDict] = STRICT
    on: ClassVar[frozenset[str]] = ALL_KINDS
    resources: ClassVar[Resources] = Resources(batch_rows=1024)

    of: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$", description="the text that gives reasons")]
    label: Annotated[
        str | None,
        Field(description="whose label: a note of text, or opinions as `opinions_opine`; any label where null"),
    ] = None
    how: Annotated[Literal["names", "opens", "only"], Field(description="how it may not give the label away")] = "opens"
    taxonomy: Taxonomy | None = None

    def reads(self) -> Columns:
        label = {self.label: pa.null()} if self.label else {}
        return {self.of: pa.string(), "language": pa.string(), **label}

    def writes(self) -> Columns:
        return {}

    def setup(self) -> Step:
        naming = Naming(required(self.taxonomy, "leaked_label"))
        return by_row(self.reads(), self.writes(), lambda row: self._check(row, naming))

    def _check(self, row: Values, naming: Naming) -> Values:
        text, labels = row[self.of] or "", self._labels(row, naming)
        hits = [hit for hit in naming.find(text, row["language"]) if hit.meaning in labels]
        if self.how == "opens":
            hits = [hit for hit in hits if hit.start < _first_sentence(text)]
        if hits and (self.how != "only" or word_count(text) - len(hits) < _WORDS_BESIDE):
            said = text[hits[0].start : hits[0].end]
            raise Reject("filtered", f"{self.of} {self.how} the label {hits[0].meaning}: {said!r}")
        return {}

    def _labels(self, row: Values, naming: Naming) -> frozenset[str]:
        given: str | Sequence[Mapping[str, Any]] | None = row[self.label] if self.label else None
        if self.label is None:
            return naming.labels
        if isinstance(given, str):
            return frozenset([given]) | {hit.meaning for hit in naming.find(given)}
        return frozenset(label for opinion in given or () for label in tops(opinion))


def _first_sentence(text: str) -> int:
    return next((end for _, end in sentences(text)), len(text))
