"""Rejects texts that name an emotion: what they express has to be understood from what happens in them."""

from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

import pyarrow as pa
from pydantic import ConfigDict, Field

from affectory.schemas.taxonomy import Taxonomy
from affectory.schemas.types import PLACES
from affectory.transforms.base import ALL_KINDS, STRICT, Columns, Resources, Step
from affectory.transforms.checks._naming import Naming
from affectory.transforms.models._opinions import required
from affectory.transforms.models._words import Hit
from affectory.transforms.rows import Reject, Values, by_row


@dataclass(frozen=True)
class KeywordFree:
    """Rejects as `filtered` what holds more than `most` words for the taxonomy's labels, in any form and language that
    the taxonomy knows, or of `words`. Notes the words that it lets pass as `<of>_keywords`.
    """

    __pydantic_config__: ClassVar[ConfigDict] = STRICT
    on: ClassVar[frozenset[str]] = ALL_KINDS
    resources: ClassVar[Resources] = Resources(batch_rows=1024)

    of: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$", description="the text: a column or note")] = "text"
    words: Annotated[
        tuple[str, ...], Field(strict=False, description="further words that may not be there: [sobbing, grin]")
    ] = ()
    most: Annotated[int, Field(ge=0, description="so many are let pass")] = 0
    taxonomy: Taxonomy | None = None

    def reads(self) -> Columns:
        return {self.of: pa.string(), "language": pa.string()}

    def writes(self) -> Columns:
        return {f"{self.of}_keywords": PLACES}

    def setup(self) -> Step:
        naming = Naming(required(self.taxonomy, "keyword_free"), self.words)

        def work(row: Values) -> Values:
            text = row[self.of] or ""
            hits = naming.find(text, row["language"])
            if len(hits) > self.most:
                named = ", ".join(f"{text[hit.start : hit.end]!r} ({hit.meaning})" for hit in hits[:5])
                raise Reject("filtered", f"{self.of} names emotions: {named}")
            return {f"{self.of}_keywords": [_place(text, hit) for hit in hits]}

        return by_row(self.reads(), self.writes(), work)


def _place(text: str, hit: Hit) -> dict[str, Any]:
    found = text[hit.start : hit.end]
    return {"kind": hit.meaning, "char_start": hit.start, "char_end": hit.end, "text": found}
