"""One Ray on this machine for all tests: it takes seconds to start, and engines join what runs already."""

from collections.abc import Iterator

import pytest
from support import steps

from affectory.pipelines.engines._ray_cluster import Cluster
from affectory.pipelines.engines.base import Choice


@pytest.fixture(scope="session")
def ray_session() -> Iterator[Cluster]:
    """A Ray of two workers that the test process is connected to."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", steps.PYTHON_PATH)
        cluster = Cluster(Choice("ray", workers=2, address="local"))
        cluster.connect()
    yield cluster
    cluster.close()
