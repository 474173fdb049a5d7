"""The compiled plan: every partition with the keys of its stages, so that what is done is never done again."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

import pyarrow as pa
import pyarrow.compute as pc

from affectory.pipelines.acts import NOTHING, Revised, counting, said_of
from affectory.pipelines.bind import Bound
from affectory.pipelines.columns import large, stretches
from affectory.pipelines.history import last_build
from affectory.pipelines.runner.attach import standing
from affectory.pipelines.runner.execute import Allowance
from affectory.pipelines.runner.finish import Finish, unattached
from affectory.pipelines.runner.partition import Link, Partition
from affectory.pipelines.runner.stage import Stage
from affectory.pipelines.scan import Root, Scan
from affectory.pipelines.store.commits import Counts
from affectory.pipelines.store.workspace import Workspace
from affectory.schemas.ids import digest


@dataclass(frozen=True)
class StagePlan:
    """How much of a stage is there already, for people."""

    name: str
    verb: str
    partitions: int
    cached: int
    rows_to_run: int


@dataclass(frozen=True)
class Plan:
    """What a build will do."""

    bound: Bound
    workspace: Workspace
    scan: Scan
    partitions: tuple[Partition, ...]
    judged: Mapping[str, pa.Table]
    lost: pa.Table
    """Judgements that count but whose record no source holds now."""
    epoch: int = 0

    @cached_property
    def committed(self) -> set[str]:
        """Keys that are there already; those of the last build are known without looking."""
        build = last_build(self.workspace)
        known = build.keys if build and build.complete else set()
        wanted = {key for partition in self.partitions for key in partition.keys}
        return known if wanted <= known else self.workspace.commits().keys()

    @cached_property
    def waiting(self) -> tuple[Partition, ...]:
        """Partitions with something left to do."""
        return tuple(p for p in self.partitions if not self.committed.issuperset(p.keys))

    @cached_property
    def lost_key(self) -> str:
        """The commit that lists what is lost; empty where nothing is."""
        ids = self.lost.column("judgement_id").sort().to_pylist()
        return digest("lost", ids) if ids else ""

    def stages(self) -> Iterator[StagePlan]:
        """Per stage: partitions it works on, those committed, and rows (of roots) still to run."""
        for stage in self.bound.stages:
            links = [(p, link.key) for p in self.partitions for link in p.links if link.stage == stage]
            yield self._stage(stage.name, stage.verb, links)
        yield self._stage("label", "label", [(p, p.finish.key) for p in self.partitions])

    def _stage(self, name: str, verb: str, links: list[tuple[Partition, str]]) -> StagePlan:
        missing = [p for p, key in links if key not in self.committed]
        return StagePlan(name, verb, len(links), len(links) - len(missing), sum(p.rows for p in missing))

    def write_judgements(self) -> None:
        """Put each partition's judgements where its worker will read them."""
        import io

        import pyarrow.parquet as pq

        files = self.workspace.records()
        for name, table in self.judged.items():
            if not files.exists(name):
                buffer = io.BytesIO()
                pq.write_table(table, buffer)
                files.create(name, buffer.getvalue())
        commits = self.workspace.commits(self.epoch)
        if self.lost_key and not commits.has(self.lost_key):
            facts = {"attached": 0, "unattached": self.lost.num_rows}
            commits.commit(self.lost_key, "label", Counts(), {"rejects": unattached(self.lost)}, facts)


def make_plan(bound: Bound, workspace: Workspace, scan: Scan, epoch: int = 0, rated: Revised = NOTHING) -> Plan:
    """Keys for every partition of the scan, from stages, code, upstream keys and the judgements about its records.

    What counts are answers given in reviews, and what the recipe's rating files say now (`rated`).
    """
    judgements = standing(counting(workspace.ledger("judgements").read(), rated))
    compiler = _Compiler(bound, workspace, scan, epoch, judgements)
    partitions = tuple(compiler.partition(root) for root in scan.roots)
    return Plan(bound, workspace, scan, partitions, compiler.judged, compiler.lost, epoch)


class _Compiler:
    def __init__(self, bound: Bound, workspace: Workspace, scan: Scan, epoch: int, judgements: pa.Table) -> None:
        self.bound, self.workspace, self.epoch = bound, workspace, epoch
        self.judged: dict[str, pa.Table] = {}
        self._retries = _retries(workspace)
        roots = _roots_of(judgements, scan.index(workspace))
        self.lost = judgements.filter(pc.is_null(roots))
        self._by_root = _split(judgements, roots)

    def partition(self, root: Root) -> Partition:
        kinds, key = frozenset({root.kind}), root.key
        links: list[Link] = []
        for stage in self.bound.stages:
            if stage.applies(kinds):
                links.append(self._link(stage, digest(stage.identity, key)))
                key = links[-1].key
                kinds |= getattr(stage.transform, "makes", frozenset())
        finish = self._finish(root, key, {c: link.stage.name for link in links for c in link.stage.transform.writes()})
        where = str(self.workspace.root)
        limits = self.bound.recipe.spec.limits
        allowance, roots = Allowance(limits.memory_mb, limits.retries), self.bound.roots
        return Partition(
            where, self.epoch, root.key, root.rows, kinds, tuple(links), finish, roots, allowance=allowance
        )

    def _link(self, stage: Stage, key: str) -> Link:
        """A retry gives the stage's result a further key, made from the one with the failed rows."""
        link = Link(stage, key)
        while link.key in self._retries:
            reason = self._retries[link.key]
            link = Link(stage, digest("retry", link.key, reason), link.key, reason)
        return link

    def _finish(self, root: Root, key: str, written_by: Mapping[str, str]) -> Finish:
        bound, about = self.bound, self._by_root.get(root.key)
        name = ""
        if about is not None:
            said = zip(about.column("judgement_id").to_pylist(), said_of(about).to_pylist(), strict=True)
            name = f"judged/{digest(list(said))}.parquet"
            self.judged[name] = about
        overlap = bound.recipe.spec.label.min_overlap
        finish_key = digest(bound.label_identity, key, name)
        return Finish(finish_key, name, overlap, bound.taxonomy, bound.view, written_by)


def _roots_of(ledger: pa.Table, index: pa.Table) -> pa.Array:
    """The root partition of each judgement's record, null where no source holds that record now."""
    places = large(index.select(["record_id", "root"]))
    records = pc.struct_field(ledger.column("anchor").combine_chunks(), "record").cast(pa.large_string())
    return places.column("root").take(pc.index_in(records, value_set=places.column("record_id"))).cast(pa.string())


def _split(ledger: pa.Table, roots: pa.Array) -> dict[str, pa.Table]:
    placed = ledger.append_column("root", roots).filter(pc.is_valid(roots))
    placed = placed.sort_by([("root", "ascending"), ("judgement_id", "ascending")])
    rows = placed.drop_columns("root")
    return {root: rows.slice(start, size) for root, start, size in stretches(placed.column("root"))}


def _retries(workspace: Workspace) -> dict[str, str]:
    files = workspace.records()
    return {(r := json.loads(files.read(name)))["key"]: r["reason"] for name in files.names("retries")}
