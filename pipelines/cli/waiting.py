"""Words for those who wait."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Timer
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from affectory.pipelines.release.model import Told

SOON = 3.0
"""Seconds that nobody minds."""


@contextmanager
def told_when_slow(what: str, after: float = SOON) -> Iterator[None]:
    """Says on stderr what takes long, if it does."""
    timer = Timer(after, lambda: print(f"{what} ...", file=sys.stderr, flush=True))
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


@contextmanager
def progress(clock: Callable[[], float] = time.monotonic) -> "Iterator[Told]":
    """Shows on stderr how far something is, as builds do; stdout is for what comes of it."""
    from affectory.pipelines.events import Lines

    lines, part = Lines(sys.stderr, clock), ""

    def told(what: str, done: int, total: int, unit: str) -> None:
        nonlocal part
        if what != part:
            lines({"event": "start", "what": what})
            part = what
        lines({"event": "progress", "what": what, "done": done, "total": total, "unit": unit})

    try:
        yield told
    finally:
        lines.close()
