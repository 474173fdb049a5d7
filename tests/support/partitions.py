"""Partitions made by hand for engines: lists of texts, each through the same stages."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from support.steps import flow

from affectory.pipelines.runner.finish import Finish
from affectory.pipelines.runner.partition import Link, Partition, PartitionReport
from affectory.pipelines.runner.ruled import Ruled
from affectory.pipelines.runner.stage import Stage
from affectory.pipelines.store.commits import Counts
from affectory.pipelines.store.workspace import Workspace
from affectory.schemas.taxonomy import load_taxonomy
from affectory.transforms.views.vote_share import VoteShare

EKMAN = load_taxonomy("ekman-7")
RULES = (Ruled(VoteShare(), EKMAN),)
GOOD = [["a", "bb", "reject"], ["twice", "raise"], [], ["ccc"]]


@dataclass(frozen=True)
class Build:
    """Partitions of a workspace: lists of texts, each through the same stages."""

    root: str | Path
    stages: tuple[Stage, ...]

    def partitions(self, texts: Sequence[list[str]], isolate: Any = "declared") -> list[Partition]:
        commits = Workspace(self.root).commits()
        found = []
        for number, part in enumerate(texts):
            rows, root = flow(part), f"{number:02d}-root"
            commits.commit(root, "root", Counts(len(part), len(part), len(part)), {"rows": rows}, {})
            links = tuple(Link(stage, f"{number:02d}-{i}-{stage.name}") for i, stage in enumerate(self.stages))
            finish = Finish(f"{number:02d}-finish", "", 0.5, RULES, {})
            partition = Partition(str(self.root), 0, root, len(part), frozenset({"text"}), links, finish)
            found.append(replace(partition, isolate=isolate))
        return found

    def commits(self) -> dict[str, tuple[Counts, dict[str, list[dict[str, Any]]]]]:
        """Every commit with its tables, without the names of its parts."""
        store = Workspace(self.root).commits()
        found = {}
        for key in sorted(store.keys()):
            commit = store.get(key)
            tables = {name: store.read(commit, name) for name in commit.parts}
            found[key] = commit.counts, {name: t.to_pylist() for name, t in tables.items() if t is not None}
        return found


def counts(reports: Sequence[PartitionReport], stage: str) -> Counts:
    """What one stage did to the rows of all partitions."""
    return sum((s.counts for report in reports for s in report.stages if s.stage == stage), Counts())
