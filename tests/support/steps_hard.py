"""Steps that are hard on whoever runs them: a row's text says how. Child processes import this module by its name."""

import os
import signal
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import pyarrow as pa

from affectory.transforms.base import STRICT, Columns, Resources, Step
from affectory.transforms.rows import Values, by_row

MB = 1_000_000
SMALL_MB = 300
"""More than a child with our libraries needs, and soon outgrown."""
_MOST_MB = 1500
_CALLS: Counter[int] = Counter()
_HELD: list[bytes] = []


def leak(most_mb: int = _MOST_MB) -> None:
    """Take more and more memory, and wait to be killed for it; this machine's other work is spared the worst."""
    held = []
    while len(held) * 20 < most_mb:
        held.append(b"x" * (20 * MB))
        time.sleep(0.002)
    time.sleep(60)


@dataclass(frozen=True)
class Hard:
    """Measures texts; some of them leak, kill their process or never end, and every `dies_every`th call is the last."""

    resources: Resources = Resources(batch_rows=4)  # noqa: RUF009
    dies_every: int = 0

    on: ClassVar[frozenset[str]] = frozenset({"text"})
    __pydantic_config__ = STRICT

    def reads(self) -> Columns:
        return {"text": pa.string()}

    def writes(self) -> Columns:
        return {"length": pa.int64()}

    def setup(self) -> Step:
        return by_row(self.reads(), self.writes(), self._work)

    def _work(self, row: Values) -> Values:
        _CALLS[os.getpid()] += 1
        if self.dies_every and _CALLS[os.getpid()] % self.dies_every == 0:
            os._exit(70)
        if row["text"] == "leak":
            leak()
        elif row["text"] == "die":
            os.kill(os.getpid(), signal.SIGKILL)
        elif row["text"] == "sleep":
            time.sleep(60)
        return {"length": len(row["text"])}


@dataclass(frozen=True)
class LeakyOnce(Hard):
    """Leaks at the first text that says so, and never again."""

    leaked: str = ""
    most_mb: int = _MOST_MB

    def _work(self, row: Values) -> Values:
        if row["text"] == "leak" and not Path(self.leaked).exists():
            Path(self.leaked).touch()
            leak(self.most_mb)
        return {"length": len(row["text"])}


def leak_by_a_descendant() -> None:
    """Leave the leaking to a process of one's own."""
    if os.fork() == 0:
        leak()
    time.sleep(60)


def hold(mb: int) -> int:
    """Keep memory until the process ends, long enough to be seen at it."""
    _HELD.append(b"x" * mb * MB)
    time.sleep(1.0)
    return mb


def leave_a_fork_and_die(until: Path | None = None) -> None:
    """The forked process lives on for a while, or until there is a file, for a minute at most."""
    if os.fork() == 0:
        end = time.monotonic() + (60 if until else 3)
        while time.monotonic() < end and not (until and until.exists()):
            time.sleep(0.1)
        os._exit(0)
    os._exit(3)


@dataclass(frozen=True)
class LeakyStart(Hard):
    """A step that never comes to its rows."""

    def setup(self) -> Step:
        leak()
        return super().setup()
