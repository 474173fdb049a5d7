"""Load tests of releases in one process that stays, as importing `datasets` takes longer than loading a small release.

What is looked at is the same. That a fresh process does it, and which environment that has, is tested by the load
test's own tests and wherever a command publishes.
"""

import atexit
import shutil
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import pytest
from support.steps import PYTHON_PATH

from affectory.pipelines.release import write
from affectory.pipelines.release.load_test import find_problems, run_load_test
from affectory.pipelines.release.model import LoadTestFailed, Told
from affectory.pipelines.runner.child import Child

_TEMPORARY = tempfile.gettempdir()  # before a test says otherwise
_OFFLINE = ("HF_HUB_OFFLINE", "HF_DATASETS_OFFLINE", "HF_DATASETS_DISABLE_PROGRESS_BARS")
Steps = list[tuple[int, int]]


@contextmanager
def warm_load_tests() -> Iterator[None]:
    """Builds and publications of this process are loaded so, unless a test has put something else there."""
    with pytest.MonkeyPatch.context() as patch:
        if write.run_load_test is run_load_test and threading.current_thread() is threading.main_thread():
            patch.setattr(write, "run_load_test", _run)
        yield


def _run(path: Path, cache_folder: Path, told: Told = lambda *_: None) -> None:
    steps, problems = _loader().call(_looked_at, path, cache_folder)
    for done, total in steps:
        told("load test", done, total, "steps")
    if problems:
        raise LoadTestFailed(tuple(problems))


@cache
def _loader() -> Child:
    home = tempfile.mkdtemp(prefix="load-tests-", dir=_TEMPORARY)
    atexit.register(shutil.rmtree, home, ignore_errors=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", PYTHON_PATH)
        for name in ("HF_HOME", "HF_DATASETS_CACHE", "XDG_CACHE_HOME"):
            patch.setenv(name, home)
        for name in _OFFLINE:
            patch.setenv(name, "1")
        child = Child()
        child.call(_looked_at)
    return child


def _looked_at(*places: Path) -> tuple[Steps, list[str]]:
    """In the process that stays: how far it was when, and what does not load; without places, nothing."""
    steps: Steps = []
    return steps, find_problems(*places, step=lambda done, total: steps.append((done, total))) if places else []
