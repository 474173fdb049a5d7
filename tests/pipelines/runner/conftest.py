"""A child process that knows the tests' own steps, one for all tests of a file."""

from collections.abc import Iterator

import pytest
from support import steps

from affectory.pipelines.runner.child import Child


@pytest.fixture(scope="module")
def child() -> Iterator[Child]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", steps.PYTHON_PATH)
        made = Child()
        yield made
        made.stop()
