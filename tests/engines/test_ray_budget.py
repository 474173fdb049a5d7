"""On a cluster all tasks and actors together ask no more than a build may."""

from dataclasses import replace
from pathlib import Path

import pytest
from support.partitions import Build
from support.steps_talking import duet_stage
from support.talking import asks, backends

from affectory.pipelines.engines.base import Choice, opened
from affectory.pipelines.runner.partition import PartitionReport
from affectory.pipelines.store.budget import Limits

pytestmark = [pytest.mark.xdist_group("ray"), pytest.mark.usefixtures("backends", "ray_session")]
__all__ = ["backends"]
TEXTS, QUESTIONS = [["one", "two"], ["three"], ["four", "five"]], 15
"""Each text is talked about in three rounds."""


def run(made: Build, limit: int, way: str) -> list[PartitionReport]:
    partitions = [replace(partition, limits=Limits(limit)) for partition in made.partitions(TEXTS)]
    with opened(Choice("ray", options=(f"models={way}",))) as engine:
        return [report for report in engine.run(partitions) if isinstance(report, PartitionReport)]


@pytest.mark.parametrize("way", [pytest.param("stream", marks=pytest.mark.drill), "inline"])
def test_all_workers_together_ask_no_more_than_they_may(tmp_path: Path, way: str) -> None:
    (tmp_path / "asked").mkdir()
    made = Build(tmp_path / "w", (duet_stage(tmp_path / "asked"),))
    stopped = run(made, 7, way)
    assert len(asks(tmp_path / "asked")) == 7
    assert len(stopped) == len(TEXTS)
    assert sum(report.left for report in stopped) >= 1
    assert all(report.left == 0 for report in run(made, 100, way))
    assert len(asks(tmp_path / "asked")) == QUESTIONS
