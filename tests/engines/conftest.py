"""One Ray on this machine for all tests: it takes seconds to start, and engines join what runs already."""

from collections.abc import Iterator

import pytest
from support import steps
from support.dealing import First, first_of_all, runs_on_ray

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


@pytest.fixture
def ray_where_named(request: pytest.FixtureRequest) -> None:
    """The session's Ray, for a test that runs on Ray; it is not there for the same test on another engine."""
    if runs_on_ray(request.node):
        request.getfixturevalue("ray_session")


@pytest.fixture(scope="module")
def first(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> First:
    """What a test of this file found first, on whichever engine."""
    return first_of_all(tmp_path_factory, request.path.stem)
