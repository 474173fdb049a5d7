"""One partition through its stages, whole or up to one of them."""

from dataclasses import replace
from pathlib import Path

from support.project import TEXTS, texts

from affectory.pipelines.build import Options, scan_sources
from affectory.pipelines.events import Run
from affectory.pipelines.plan import make_plan
from affectory.pipelines.runner.partition import Partition, run_partition
from affectory.pipelines.store.workspace import Workspace


def only_partition(folder: Path) -> Partition:
    project = texts(folder)
    bound, workspace = project.bound(), Workspace(project.workspace)
    with Run(project.workspace / "runs" / "test.jsonl", ()) as run:
        scan = scan_sources(bound, workspace, Options(project.workspace, project.releases), 0, run.tell)
    plan = make_plan(bound, workspace, scan)
    plan.write_judgements()
    [partition] = plan.partitions
    return partition


def test_until_runs_the_first_links_only_and_the_rest_goes_on_from_there(tmp_path: Path) -> None:
    partition = only_partition(tmp_path)
    assert len(partition.links) == len(TEXTS["ingest"]) + len(TEXTS["assist"]) == 2
    commits = Workspace(tmp_path / "ws").commits()

    def ran(partition: Partition) -> list[str]:
        return [stage.stage for stage in run_partition(partition).stages]

    assert ran(replace(partition, until=0)) == []
    assert ran(replace(partition, until=1)) == ["clean_text"]
    assert commits.has(partition.links[0].key)
    assert not commits.has(partition.links[1].key)
    assert ran(replace(partition, until=2)) == ["lexicon"]
    assert not commits.has(partition.finish.key)
    assert ran(partition) == ["label"]
    assert ran(partition) == []
