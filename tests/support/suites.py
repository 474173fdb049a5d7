"""Suites in one process that stays, as importing Great Expectations takes longer than a suite of a small dataset."""

import atexit
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, nullcontext
from functools import cache

import pytest

from affectory.quality.suites import examiner
from affectory.quality.suites.examiner import Examiner

_started = examiner.started


@cache
def warm_examiner() -> Examiner:
    """The process, started when first asked for; it ends with this one."""
    stack = ExitStack()
    atexit.register(stack.close)
    return stack.enter_context(_started())


@contextmanager
def warm_suites() -> Iterator[None]:
    """Whatever runs a suite in this process asks that one."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(examiner, "started", lambda: nullcontext(warm_examiner()))
        yield
