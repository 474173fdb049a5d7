"""Loggers of an engine that speak to its own developers are not for our users."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def quietly(level: int = logging.ERROR) -> Iterator[None]:
    """Beam's import tells of Google packages that nobody asked for, and sets up logging for the whole process."""
    root, beam = logging.getLogger(), logging.getLogger("apache_beam")
    before = beam.level
    silent = logging.NullHandler()  # with a handler there, `logging.warning` adds none of its own
    beam.setLevel(level)
    root.addHandler(silent)
    try:
        yield
    finally:
        beam.setLevel(before)
        root.removeHandler(silent)
