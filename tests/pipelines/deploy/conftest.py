"""One Ray head for all tests of this folder."""

from collections.abc import Iterator

import pytest
from support.head import Head, started


@pytest.fixture(scope="session")
def head(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Head]:
    with started(tmp_path_factory.mktemp("head")) as running:
        yield running
