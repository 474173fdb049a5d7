"""Rejects samples for which a model refused to answer, or filled in a form instead of answering."""

from dataclasses import dataclass
from typing import Annotated, ClassVar

import pyarrow as pa
from pydantic import ConfigDict, Field

from affectory.transforms.base import ALL_KINDS, STRICT, Columns, Resources, Step
from affectory.transforms.checks._phrases import boilerplate, refusal
from affectory.transforms.rows import Reject, Values, by_row


@dataclass(frozen=True)
class Refusals:
    """Rejects as `filtered`, with what was found. It knows the usual phrases of English and eight other languages."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT
    on: ClassVar[frozenset[str]] = ALL_KINDS
    resources: ClassVar[Resources] = Resources(batch_rows=1024)

    of: Annotated[
        tuple[Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")], ...],
        Field(min_length=1, strict=False, description="notes that models wrote: [caption, description]"),
    ]
    boilerplate: Annotated[bool, Field(description="also reject placeholders and empty phrases")] = True

    def reads(self) -> Columns:
        return dict.fromkeys(self.of, pa.string())

    def writes(self) -> Columns:
        return {}

    def setup(self) -> Step:
        return by_row(self.reads(), self.writes(), self._check)

    def _check(self, row: Values) -> Values:
        for name in self.of:
            if found := refusal(row[name] or ""):
                raise Reject("filtered", f"{name} is a refusal: {found[:200]!r}")
            if self.boilerplate and (found := boilerplate(row[name] or "")):
                raise Reject("filtered", f"{name} is boilerplate: {found[:200]!r}")
        return {}
