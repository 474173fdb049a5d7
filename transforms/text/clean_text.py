"""Clean text: Unicode NFC, no control characters, no blank runs; too short or too long a text is rejected.

What makes a script what it is stays: the zero-width non-joiner of Persian, the joiners of emoji, Hangul syllables.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import ConfigDict, Field

from affectory.transforms.base import STRICT, Columns, Rejected, Resources, Result, Step
from affectory.transforms.rows import set_column
from affectory.transforms.text._characters import visible_up_to
from affectory.transforms.text._cleaning import cleaned


@dataclass(frozen=True)
class CleanText:
    """Normalises `text` and rejects what is empty, too short or too long."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT
    on: ClassVar[frozenset[str]] = frozenset({"text"})
    resources: ClassVar[Resources] = Resources(batch_rows=4096)
    before: ClassVar[Mapping[str, str]] = dict.fromkeys(
        ("personal_data", "person_names"), "it changes where in the text characters lie that these found"
    )

    min_chars: Annotated[int, Field(ge=1, description="fewest visible characters; an emoji counts as one")] = 3
    max_chars: Annotated[int, Field(ge=1, description="most characters, spaces included")] = 20_000

    def reads(self) -> Columns:
        return {"text": pa.string()}

    def writes(self) -> Columns:
        return {"text": pa.string()}

    def setup(self) -> Step:
        return self._step

    def _step(self, batch: pa.Table) -> Result:
        text = cleaned(pc.fill_null(batch.column("text"), ""))
        seen, length = visible_up_to(text, self.min_chars), pc.utf8_length(text).to_numpy()
        kept = np.flatnonzero((seen >= self.min_chars) & (length <= self.max_chars))
        rows = set_column(batch, "text", text).take(pa.array(kept))
        return Result(rows, kept.astype(np.int64), tuple(self._rejected(seen.tolist(), length.tolist())))

    def _rejected(self, seen: list[int], length: list[int]) -> Iterator[Rejected]:
        for row, (count, total) in enumerate(zip(seen, length, strict=True)):
            if count == 0:
                yield Rejected(row, "empty", "nothing to read")
            elif count < self.min_chars:
                yield Rejected(row, "too_short", f"{count} visible characters, at least {self.min_chars} are asked for")
            elif total > self.max_chars:
                yield Rejected(row, "too_long", f"{total} characters, at most {self.max_chars} are allowed")
