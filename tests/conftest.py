"""Settings of all tests: no clock decides whether a law holds, and CI draws the same examples each time."""

import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import settings
from support.s3 import Server, reached, serving

settings.register_profile("affectory", deadline=None, derandomize="CI" in os.environ)
settings.load_profile("affectory")

# A run in the background ignores interrupts, and so would everything that tests start.
signal.signal(signal.SIGINT, signal.default_int_handler)

SHARED = Path(__file__).parents[2] / "shared" / "data"


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
