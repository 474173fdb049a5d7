"""A Ray cluster of three nodes: builds are submitted to it, and survive what is killed under them."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.cluster import BUILD, RayCluster
from support.drills import Drills, Kind
from support.exchanging import expected, found
from support.project import texts

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="each node has a loopback address of its own"),
    pytest.mark.xdist_group("ray"),
]

EXCHANGE = """
import functools, sys
from support.exchanging import noted, slowly
from affectory.pipelines.engines.base import Choice, opened
with opened(Choice("ray", address="auto")) as engine:
    engine.exchange(range(48), slowly, functools.partial(noted, sys.argv[1]))
"""
WHERE_CODE_IS = """
import sys
import ray, affectory
from affectory.pipelines.engines._ray_cluster import Cluster
from affectory.pipelines.engines.base import Choice
cluster = Cluster(Choice("ray", address=sys.argv[1]))
cluster.connect()
@ray.remote(scheduling_strategy="SPREAD")
def where():
    import time, os
    import affectory
    time.sleep(1)
    return ray.get_runtime_context().get_node_id(), affectory.__file__, os.environ["OMP_NUM_THREADS"]
found = ray.get([where.remote() for _ in cluster.nodes()])
cluster.close()
nodes, files, threads = map(set, zip(*found))
print(len(nodes), *files, *threads, sep="\\n")
"""


@pytest.fixture(scope="module")
def cluster() -> Iterator[RayCluster]:
    with RayCluster() as started:
        yield started


@pytest.fixture(scope="module")
def drills(cluster: RayCluster, tmp_path_factory: pytest.TempPathFactory) -> Drills:
    return Drills(cluster, tmp_path_factory.mktemp("drills"))


@pytest.mark.parametrize(
    ("seed", "kind"),
    [(1, "worker"), *(pytest.param(*case, marks=pytest.mark.drill) for case in ((2, "node"), (3, "actor")))],
)
def test_what_is_killed_costs_only_the_partitions_in_flight(drills: Drills, seed: int, kind: Kind) -> None:
    row = drills.drill(seed, kind)
    assert row.same_hash and row.same_counts, row
    assert (
        row.killed
        == {"worker": "ray::partition", "raylet": "raylet", "node": "raylet", "actor": "ray::MapWorker"}[kind]
    ), row
    assert row.again <= 2 and row.rewritten <= 4, "more was done again than was in flight"


@pytest.mark.drill
def test_rows_meet_though_a_node_is_lost(cluster: RayCluster, tmp_path: Path) -> None:
    """Blocks that lay on it are made again."""
    cluster.restore()
    (tmp_path / "seen").mkdir()
    with cluster.submit(sys.executable, "-c", EXCHANGE, str(tmp_path / "seen"), log=tmp_path / "log") as job:
        while not (raylets := cluster.raylets("MapBatches")) and job.poll() is None:
            time.sleep(0.02)
        raylets[0].kill()
        assert job.wait(120) == 0, (tmp_path / "log").read_text()[-3000:]
    assert dict(found(tmp_path / "seen")) == dict(expected(48))


def test_workers_get_the_code_that_the_driver_runs(cluster: RayCluster) -> None:
    command = [sys.executable, "-c", WHERE_CODE_IS, cluster.address]
    done = subprocess.run(command, env=cluster.env, capture_output=True, text=True, check=True)
    nodes, *files, threads = done.stdout.split()
    assert int(nodes) > 1 and threads == "1"
    assert files and all("/py_modules_files/affectory-" in file for file in files)


def test_who_has_no_token_is_told_so(cluster: RayCluster, tmp_path: Path) -> None:
    env = {**cluster.env, "RAY_AUTH_TOKEN_PATH": "", "HOME": str(tmp_path)}
    shown = refused(tmp_path, cluster.address, env)
    assert f"the Ray cluster {cluster.address} asks for a token" in shown and "RAY_AUTH_TOKEN_PATH" in shown


def test_a_wrong_token_is_refused(cluster: RayCluster, tmp_path: Path) -> None:
    env = {**cluster.env, "RAY_AUTH_TOKEN": "wrong", "RAY_NUM_REDIS_GET_RETRIES": "2"}  # not twenty
    shown = refused(tmp_path, cluster.address, env)
    assert f"no Ray cluster lets us in at '{cluster.address}'" in shown and "RAY_AUTH_TOKEN_PATH" in shown


def test_where_nothing_answers_nobody_waits(tmp_path: Path) -> None:
    assert "nothing answers at '127.0.0.1:1'" in refused(tmp_path, "127.0.0.1:1", dict(os.environ))


def refused(folder: Path, address: str, env: dict[str, str]) -> str:
    """What a build says that cannot reach its cluster."""
    made = texts(folder / "p")
    command = [*BUILD, str(made.recipe), "--engine", "ray", "--address", address]
    done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2 and not done.stdout, done.stderr
    assert "Traceback" not in done.stderr
    return done.stderr
