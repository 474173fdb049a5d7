"""Settings of all tests: no clock decides whether a law holds, and CI draws the same examples each time."""

import os
import signal
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from support.chromium import CHROMIUM
from support.dealing import FilesAndGroups, group_what_takes_long
from support.label_studio import LabelStudio, missing
from support.label_studio import serving as serving_label_studio
from support.s3 import Server, reached, serving
from support.turns import turn

CI = "CI" in os.environ
settings.register_profile("affectory", deadline=None, derandomize=CI, max_examples=50 if CI else 100)
settings.load_profile("affectory")

# A run in the background ignores interrupts, and so would everything that tests start.
signal.signal(signal.SIGINT, signal.default_int_handler)

SHARED = Path(__file__).parents[2] / "shared" / "data"


@pytest.hookimpl(tryfirst=True)  # xdist writes groups into the names of tests after this
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    group_what_takes_long(items)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> FilesAndGroups | None:
    return FilesAndGroups(config, log) if config.getoption("dist") == "loadgroup" else None


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """In one process tests take turns anyway; of several, those wait that a test marked `alone` would feel."""
    if "PYTEST_XDIST_WORKER" not in os.environ:
        return (yield)
    with turn(alone=item.get_closest_marker("alone") is not None):
        return (yield)


@pytest.fixture(scope="session")
def shared() -> Callable[[str], Path]:
    """Finds real data beside the repository; a test that needs what is not there is skipped."""

    def find(name: str) -> Path:
        path = SHARED / name
        if not path.exists():
            pytest.skip(f"no {name}: the shared data lies outside the repository")
        return path

    return find


@pytest.fixture(scope="session")
def s3_server() -> Iterator[Server]:
    """One S3 server for all tests of a session."""
    with serving() as server:
        yield server


@pytest.fixture
def bucket(s3_server: Server) -> Iterator[str]:
    """The URL of an empty bucket, reached through the environment."""
    with reached(s3_server):
        yield s3_server.bucket()


@pytest.fixture(scope="session")
def label_studio() -> Iterator[LabelStudio]:
    """One Label Studio for all tests of a session; tests that use it run in one process."""
    if missing():
        pytest.skip(missing())
    with serving_label_studio() as server:
        yield server


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """A Chromium; tests that need one are skipped where there is none."""
    from support.tracing import chromium

    if not CHROMIUM.exists():
        pytest.skip("needs Debian's chromium: make review")
    with chromium() as found:
        yield found
