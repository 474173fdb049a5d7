"""One machine with a GPU: its stages run on one worker, so that models are loaded once; the others feed it."""

from pathlib import Path

import pytest
from support import steps
from support.partitions import Build, counts
from support.steps import Opines
from support.steps_talking import duet_stage
from support.talking import backends

from affectory.pipelines.engines.base import Notice
from affectory.pipelines.engines.local import _Piece, run
from affectory.pipelines.runner.partition import PartitionReport
from affectory.pipelines.store.commits import Counts

pytestmark = pytest.mark.usefixtures("backends")
__all__ = ["backends"]
TEXTS = [[f"{part} {row}" for row in range(3)] for part in range(5)]


@pytest.fixture(autouse=True)
def python_path(monkeypatch: pytest.MonkeyPatch, backends: None) -> None:
    monkeypatch.setenv("PYTHONPATH", steps.PYTHON_PATH)


def build(folder: Path, name: str = "w", gpus: float = 1.0) -> Build:
    (folder / "asked").mkdir(exist_ok=True)
    stages = steps.stage(Opines(), "before"), duet_stage(folder / "asked", gpus=gpus), steps.stage(Opines(), "after")
    return Build(folder / name, stages)


def who_asked(folder: Path) -> set[str]:
    return {path.name.partition("-")[0] for path in (folder / "asked").iterdir()}


def test_one_worker_asks_whatever_their_number_and_commits_are_the_same(tmp_path: Path) -> None:
    one, two = build(tmp_path, "one"), build(tmp_path, "two")
    list(run(one.partitions(TEXTS), 0))
    for path in (tmp_path / "asked").iterdir():
        path.unlink()
    reports = [r for r in run(two.partitions(TEXTS), 3) if isinstance(r, PartitionReport)]
    assert two.commits() == one.commits()
    assert len(who_asked(tmp_path)) == 1
    assert sorted(r.partition for r in reports) == [f"{part:02d}-root" for part in range(5)]
    assert [s.stage for s in reports[0].stages] == ["before", "duet", "after", "label"]
    assert counts(reports, "duet") == Counts(15, 15, 15)


def test_a_worker_that_dies_with_the_gpu_is_followed_by_another(tmp_path: Path) -> None:
    one = build(tmp_path)
    found = list(run(one.partitions([["a", "DIE", "b"], ["c"]]), 2))
    assert counts([r for r in found if isinstance(r, PartitionReport)], "duet") == Counts(4, 3, 3, 0, 1)
    assert any(isinstance(x, Notice) and "runs again" in x.text for x in found)


@pytest.mark.parametrize(("gpus", "pieces"), [(0.0, [(None, False)]), (0.5, [(1, False), (2, True), (None, False)])])
def test_a_partition_is_cut_where_a_gpu_is_needed(tmp_path: Path, gpus: float, pieces: list[object]) -> None:
    [partition] = build(tmp_path, gpus=gpus).partitions([["a"]])
    assert list(_Piece.of(partition).left) == pieces
