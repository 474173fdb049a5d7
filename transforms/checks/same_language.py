"""Rejects samples in which a text is in another language than it should be."""

from dataclasses import dataclass
from typing import Annotated, ClassVar

import pyarrow as pa
from pydantic import ConfigDict, Field

from affectory.transforms.base import ALL_KINDS, STRICT, Columns, Resources, Step
from affectory.transforms.rows import Reject, Values, by_row
from affectory.transforms.text._codes import primary
from affectory.transforms.text._detecting import Detect, detector


@dataclass(frozen=True)
class SameLanguage:
    """Rejects as `wrong_language`; a text from which no language can be told passes, as does one that is not there.

    Without `language` it is the sample's own that is asked for.
    """

    __pydantic_config__: ClassVar[ConfigDict] = STRICT
    on: ClassVar[frozenset[str]] = ALL_KINDS
    resources: ClassVar[Resources] = Resources(batch_rows=1024)

    of: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$", description="a note or column of text: `description`")]
    language: Annotated[
        str | None, Field(pattern=r"^[A-Za-z]{2,3}(-[A-Za-z0-9]+)*$", description="the language, as a code")
    ] = None
    min_chars: Annotated[int, Field(ge=1, description="shorter texts are too short to tell")] = 20
    min_score: Annotated[float, Field(ge=0, le=1, description="how sure one must be that it is another")] = 0.5

    def reads(self) -> Columns:
        return {self.of: pa.string(), "language": pa.string()}

    def writes(self) -> Columns:
        return {}

    def setup(self) -> Step:
        detect = detector()

        def work(row: Values) -> Values:
            self._check(row, detect)
            return {}

        return by_row(self.reads(), self.writes(), work)

    def _check(self, row: Values, detect: Detect) -> None:
        text, wanted = row[self.of] or "", self.language or row["language"]
        found = detect(text.replace("\n", " ")) if wanted and len(text) >= self.min_chars else None
        if found and found[1] >= self.min_score and primary(found[0]) != primary(wanted):
            raise Reject("wrong_language", f"{self.of} is in {found[0]} ({found[1]:.2f}), not in {wanted}")
