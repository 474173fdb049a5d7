"""Settings of all tests: no clock decides whether a law holds, and CI draws the same examples each time."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import settings

settings.register_profile("affectory", deadline=None, derandomize="CI" in os.environ)
settings.load_profile("affectory")

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
