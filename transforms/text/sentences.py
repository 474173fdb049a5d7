"""Cuts each text into its sentences."""

from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

import pyarrow as pa
from pydantic import ConfigDict, Field

from affectory.transforms.base import STRICT, Columns, Resources, Result, Step
from affectory.transforms.text._boundaries import sentences
from affectory.transforms.text._cutting import READS, WRITES, Part, cut


@dataclass(frozen=True)
class Sentences:
    """One sample per sentence. Its anchor says where it lies in the text of its record; only space lies between two.

    To be put after `clean_text`, which changes places, and before `personal_data`, which does so too.
    """

    __pydantic_config__: ClassVar[ConfigDict] = STRICT
    on: ClassVar[frozenset[str]] = frozenset({"text"})
    resources: ClassVar[Resources] = Resources(batch_rows=1024)

    lines: Annotated[
        Literal["end", "wrap"],
        Field(description="end: a line's end is a sentence's; wrap: only that of a paragraph is, as in books"),
    ] = "end"

    def reads(self) -> Columns:
        return READS

    def writes(self) -> Columns:
        return WRITES

    def setup(self) -> Step:
        return self._step

    def _step(self, batch: pa.Table) -> Result:
        texts = batch.column("text").to_pylist()
        found = (sentences(text or "", lines_end=self.lines == "end") for text in texts)
        return cut(batch, [[Part(start, end) for start, end in spans] for spans in found])
