"""What a transform is: a frozen dataclass of parameters that turns a batch into outcomes and knows no engine."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pydantic import ConfigDict

from affectory.schemas.derived import REASONS
from affectory.schemas.errors import NotConserved

Columns = Mapping[str, pa.DataType]
ALL_KINDS: frozenset[str] = frozenset({"video", "audio", "image", "text", "signal"})

STRICT = ConfigDict(extra="forbid", arbitrary_types_allowed=True)
"""For `__pydantic_config__` of a transform: an unknown parameter is an error."""


@dataclass(frozen=True)
class Rejected:
    """Input row `row` is not kept, for a reason from the fixed list."""

    row: int
    reason: str
    detail: str = ""

    def __post_init__(self) -> None:
        if self.reason not in REASONS:
            raise ValueError(f"reason {self.reason!r} is not one of {', '.join(REASONS)}")


@dataclass(frozen=True)
class Failed:
    """Input row `row` could not be processed: the error's type and message."""

    row: int
    error: str
    detail: str = ""


@dataclass(frozen=True)
class Result:
    """One outcome for every input row. `origin[i]` is the input row that kept row `i` came from."""

    rows: pa.Table
    origin: NDArray[np.int64]
    rejected: tuple[Rejected, ...] = ()
    failed: tuple[Failed, ...] = ()

    @classmethod
    def keep_all(cls, rows: pa.Table) -> "Result":
        return cls(rows, np.arange(rows.num_rows, dtype=np.int64))

    def check(self, rows_in: int, stage: str) -> None:
        """The conservation law: every input row is kept, rejected or failed, and only one of them."""
        kept = np.unique(self.origin)
        lost = np.array([*(r.row for r in self.rejected), *(f.row for f in self.failed)], dtype=np.int64)
        outcomes = np.sort(np.concatenate([kept, lost]))
        if len(self.origin) != self.rows.num_rows or not np.array_equal(outcomes, np.arange(rows_in)):
            detail = f"{len(kept)} kept, {len(self.rejected)} rejected, {len(self.failed)} failed"
            raise NotConserved(stage, detail, rows_in, len(outcomes))


Step = Callable[[pa.Table], Result]


@dataclass(frozen=True)
class Resources:
    """What a stage needs. An `isolated` stage can crash or hang: it runs in a child, `timeout_s` for each row.

    `memory_mb` is for a stage that needs more memory than the recipe allows all of them (`limits.memory_mb`).
    """

    batch_rows: int = 256
    isolated: bool = False
    timeout_s: float = 60.0
    gpus: float = 0.0
    memory_mb: int | None = None


@runtime_checkable
class Transform(Protocol):
    """One stage of a recipe. Its fields are its YAML parameters; `on` are the kinds of sample that it works on."""

    on: frozenset[str]
    resources: Resources

    def reads(self) -> Columns: ...

    def writes(self) -> Columns: ...

    def setup(self) -> Step: ...
