"""What a transform is: a frozen dataclass of parameters that turns a batch into outcomes and knows no engine."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
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

    def at(self, places: NDArray[np.int64]) -> "Result":
        """The same outcomes where input row i was row `places[i]` of a larger whole."""
        rejected = tuple(Rejected(int(places[x.row]), x.reason, x.detail) for x in self.rejected)
        failed = tuple(Failed(int(places[x.row]), x.error, x.detail) for x in self.failed)
        return Result(self.rows, places[self.origin].astype(np.int64), rejected, failed)

    def then(self, later: "Result") -> "Result":
        """The outcomes of two steps, the later of which saw the rows that the first one kept."""
        last = later.at(self.origin)
        return Result(last.rows, last.origin, self.rejected + last.rejected, self.failed + last.failed)

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

    @property
    def on(self) -> frozenset[str]: ...

    @property
    def resources(self) -> Resources: ...

    def reads(self) -> Columns: ...

    def writes(self) -> Columns: ...

    def setup(self) -> Step: ...


@dataclass(frozen=True)
class Whom:
    """Who is asked, and all that determines a reply beside what is sent: `prompt` is a hash, `parameters` are JSON.

    `code` names the modules, apart by spaces, that run a model of ours: the runner adds their hashes, which cover
    weights beside them, to the revision, so that a mended model is asked again.
    """

    backend: str
    model: str
    revision: str = ""
    prompt: str = ""
    parameters: str = "{}"
    code: str = ""


@dataclass(frozen=True)
class Reply:
    """What a model answered, before anything is read into it."""

    text: str | None
    logprobs: tuple[tuple[str, float], ...] = ()
    usage: Mapping[str, int] = field(default_factory=dict)
    media: bytes | None = None
    """What it made, if that is not text; `text` then names the format: wav, flac."""


Sent = tuple[str, ...]
"""Hashes of what is sent for one row: rows that send the same get the same reply."""
Said = Reply | Rejected | Failed
Model = Callable[[pa.Table], Sequence[Said]]
"""One reply for each row, or why there is none; what is not a reply is not kept for another time."""
Reader = Callable[[pa.Table, Sequence[Reply | None]], Result]
"""Makes outcomes of rows and replies, None where nothing was asked; it is cheap and knows no model."""


@runtime_checkable
class Asking(Transform, Protocol):
    """A stage that asks a model. Replies are kept in the answer ledger: nothing is asked whose reply is there.

    A model sees only the columns that the stage reads. Media have their `asset` always, their `path` for the model
    alone. `setup` is `asking.composed(self)`.
    """

    def whom(self) -> Whom: ...

    def sends(self, rows: pa.Table) -> list[Sent | None]: ...

    def model(self) -> Model: ...

    def reader(self) -> Reader: ...
