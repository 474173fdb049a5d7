"""Words for those who wait."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Timer

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
