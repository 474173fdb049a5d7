"""Before a build: which judgements would find no sample, told from what is cached or by cutting the judged records."""

from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import pyarrow as pa
import pyarrow.compute as pc

from affectory.pipelines.plan import Plan
from affectory.pipelines.runner.attach import attach
from affectory.pipelines.runner.child import Child
from affectory.pipelines.runner.execute import run_stage
from affectory.pipelines.runner.finish import lengths, text_lengths
from affectory.pipelines.runner.media import externalise, hydrate
from affectory.pipelines.runner.partition import Link, Partition
from affectory.pipelines.store.assets import AssetStore
from affectory.pipelines.store.commits import CommitStore


@dataclass(frozen=True)
class Lost:
    """Judgements that would find no sample, and how many records had to be cut to know."""

    judgements: int
    standing: int
    records_cut: int


def lost_anchors(plan: Plan) -> Lost:
    """Looks at judged partitions only; what it computes is not kept."""
    judged, child = [p for p in plan.partitions if p.finish.judgements], Child()
    with TemporaryDirectory() as scratch:
        try:
            parts = [_lost_of(plan, partition, child, Path(scratch)) for partition in judged]
        finally:
            child.stop()
    gone = plan.lost.num_rows
    return Lost(
        gone + sum(p.judgements for p in parts),
        gone + sum(p.standing for p in parts),
        sum(p.records_cut for p in parts),
    )


def _lost_of(plan: Plan, partition: Partition, child: Child, scratch: Path) -> Lost:
    with AssetStore(scratch) as assets:
        return _lost(plan, partition, child, assets)


def _lost(plan: Plan, partition: Partition, child: Child, scratch: AssetStore) -> Lost:
    commits, judged = plan.workspace.commits(), plan.judged[partition.finish.judgements]
    if partition.finish.keys and commits.has(partition.finish.keys[0]):
        facts = commits.get(partition.finish.keys[0]).facts
        return Lost(facts["unattached"], judged.num_rows, 0)
    places, cut = _places(plan, partition, judged, child, scratch)
    anchors = judged.column("anchor").to_pylist()
    samples, least = places.column("anchor").to_pylist(), partition.finish.least_overlap
    found = attach(anchors, samples, lengths(places), least, text_lengths(places), partition.finish.inherit)
    return Lost(len(anchors) - len({judgement for judgement, _ in found.pairs()}), judged.num_rows, cut)


def _places(
    plan: Plan, partition: Partition, judged: pa.Table, child: Child, scratch: AssetStore
) -> tuple[pa.Table, int]:
    """Where the samples of the judged records lie after the last stage that cuts."""
    commits = plan.workspace.commits()
    cutting = [i for i, link in enumerate(partition.links) if "anchor" in link.stage.transform.writes()]
    chain = partition.links[: cutting[-1] + 1] if cutting else ()
    key = chain[-1].key if chain else partition.root
    if commits.has(key):
        return _rows(commits, key), 0
    records = pc.struct_field(judged.column("anchor").combine_chunks(), "record")
    rows = _rows(commits, partition.root)
    rows = rows.filter(pc.is_in(pc.struct_field(rows.column("anchor"), "record"), value_set=records))
    for link in (x for x in chain if not x.signs):
        passed = link.told or link.stage.models
        rows = _untold(link, rows) if passed else _through(link, rows, partition, scratch, child)
    return rows, len(records.unique())


def _rows(commits: CommitStore, key: str) -> pa.Table:
    rows = commits.read(commits.get(key), "rows")
    return pa.table({"anchor": []}) if rows is None else rows.replace_schema_metadata(None)


def _untold(link: Link, rows: pa.Table) -> pa.Table:
    """Past a stage with a fit, which some records by themselves say nothing about, and past one that asks models: a
    plan asks none."""
    schema = link.stage.output_schema(rows.schema)
    columns = [rows.column(f.name) if f.name in rows.column_names else pa.nulls(rows.num_rows, f.type) for f in schema]
    return pa.table(columns, schema=schema)


def _through(link: Link, rows: pa.Table, partition: Partition, assets: AssetStore, child: Child) -> pa.Table:
    rows = hydrate(rows, link.stage.transform.reads(), assets, partition.roots)
    return externalise(run_stage(link.stage, rows, child).rows, assets)
