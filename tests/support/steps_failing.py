"""Steps that fail on purpose; a test puts them among those that a recipe can name."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import pyarrow as pa

from affectory.transforms.base import STRICT, Columns, Resources, Step
from affectory.transforms.rows import by_row


@dataclass(frozen=True)
class Flaky:
    """Fails on texts with a certain word for as long as a file exists."""

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
        return by_row(self.reads(), self.writes(), self._work())

    def _work(self) -> Callable[[Any], dict[str, int]]:
        def work(row: Any) -> dict[str, int]:
            if self.word in row["text"] and Path(self.while_there).exists():
                raise ConnectionError("the service is away")
            return {"length": len(row["text"])}

        return work
