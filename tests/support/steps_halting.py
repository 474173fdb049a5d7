"""A step that stops builds on purpose."""

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import pyarrow as pa

from affectory.schemas.errors import UserError
from affectory.transforms.base import STRICT, Columns, Resources, Result, Step


@dataclass(frozen=True)
class Halting:
    """Stops the whole build at a text with a certain word, for as long as a file exists."""

    word: str = "joy"
    while_there: str = ""

    on: ClassVar[frozenset[str]] = frozenset({"text"})
    resources: ClassVar[Resources] = Resources(batch_rows=4)
    __pydantic_config__ = STRICT

    def reads(self) -> Columns:
        return {"text": pa.string()}

    def writes(self) -> Columns:
        return {"length": pa.int32()}

    def setup(self) -> Step:
        def step(batch: pa.Table) -> Result:
            texts = batch.column("text").to_pylist()
            if Path(self.while_there).exists() and any(self.word in text for text in texts):
                raise UserError(f"no key for {self.word!r}", "set it")
            return Result.keep_all(batch.append_column("length", pa.array(map(len, texts), pa.int32())))

        return step
