"""What earlier builds left to be found: which commits are live, what was published, what was not kept."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import pyarrow as pa

from affectory.pipelines.costs import Account
from affectory.pipelines.store.commits import Commit, Counts
from affectory.pipelines.store.files import PartFile
from affectory.pipelines.store.workspace import Workspace
from affectory.schemas.derived import REJECTS
from affectory.schemas.parquet import Part, read_all

OF_JUDGEMENTS = ("ratings", "label")
"""Stages whose rejects are ratings and judgements, not samples."""


@dataclass(frozen=True)
class StageTotals:
    """Counts of one stage over all partitions of a build."""

    stage: str
    counts: Counts


@dataclass(frozen=True)
class BuildRecord:
    """The manifest of one build: every commit that it is made of."""

    number: int
    dataset: str
    scan: str
    imported: str
    splits: str
    chains: tuple[tuple[str, ...], ...]
    """For each partition its keys, from root to tables."""
    totals: tuple[StageTotals, ...] = ()
    facts: Mapping[str, int] = field(default_factory=dict)
    reasons: Mapping[str, int] = field(default_factory=dict)
    """How many rows were not kept, by reason or error."""
    made_by: str = ""
    """What the recipe said of sources and labels, as a hash."""
    complete: bool = True
    """False where the build was stopped for its failures; what it had done is listed all the same."""
    lost: str = ""
    """The commit that lists judgements of records which are gone."""
    fits: tuple[str, ...] = ()
    """The commits of fits over the whole dataset."""
    models: tuple[Account, ...] = ()
    """What models were asked in this build."""

    @property
    def rejected_share(self) -> float:
        """Of all rows that ended somewhere, those that were rejected."""
        counts = {t.stage: t.counts for t in self.totals if t.stage != "ratings"}
        rejected, failed = (sum(getattr(c, what) for c in counts.values()) for what in ("rejected", "failed"))
        kept = counts["split"].kept if "split" in counts else 0
        return float(rejected / max(1, rejected + failed + kept))

    @property
    def keys(self) -> set[str]:
        single = {key for key in (self.scan, self.imported, self.lost, self.splits, *self.fits) if key}
        return single | {key for chain in self.chains for key in chain}

    @property
    def keys_sorted(self) -> list[str]:
        return sorted(self.keys)

    @property
    def finished(self) -> list[str]:
        return sorted(chain[-1] for chain in self.chains)


def record_build(workspace: Workspace, build: BuildRecord) -> BuildRecord:
    """Write the manifest of a finished build under the next number, unless it is the same as the last."""
    last = last_build(workspace)
    number = last.number + 1 if last else 1
    build = replace(build, number=number)
    if last and replace(last, number=number, totals=(), facts={}, reasons={}, models=()) == replace(build, models=()):
        return last
    build = _counted(workspace, build)
    workspace.records().create(f"builds/{number:08d}.json", _written(build))
    return build


def _written(build: BuildRecord) -> bytes:
    models = [{**asdict(model), "price": model.price.model_dump()} for model in build.models]
    return json.dumps({**asdict(build), "models": models}, default=str).encode()


def _counted(workspace: Workspace, build: BuildRecord) -> BuildRecord:
    sums: dict[str, Counts] = {}
    facts, reasons = Counter[str](), Counter[str]()
    live = list(live_commits(workspace, build))
    for commit in live:
        sums[commit.stage] = sums.get(commit.stage, Counts()) + commit.counts
        facts.update(commit.facts)
    lost = _tables(workspace, (commit for commit in live if commit.stage not in OF_JUDGEMENTS), "rejects")
    for rejects in read_all(lost, ["reason"]):
        reasons.update(rejects.column("reason").to_pylist())
    totals = tuple(StageTotals(stage, counts) for stage, counts in sums.items())
    return replace(build, totals=totals, facts=dict(facts), reasons=dict(sorted(reasons.items())))


def last_build(workspace: Workspace) -> BuildRecord | None:
    """The newest finished build, if there is one."""
    names = list(workspace.records().names("builds"))
    if not names:
        return None
    raw: dict[str, Any] = json.loads(workspace.records().read(names[-1]))
    totals = tuple(StageTotals(t["stage"], Counts(**t["counts"])) for t in raw["totals"])
    chains, fits = tuple(tuple(chain) for chain in raw["chains"]), tuple(raw.get("fits", ()))
    models = tuple(map(Account.from_json, raw.get("models", ())))
    return BuildRecord(**{**raw, "chains": chains, "totals": totals, "fits": fits, "models": models})


def live_commits(workspace: Workspace, build: BuildRecord) -> Iterator[Commit]:
    """Commits of a build in the order of its chains; shared ones once."""
    commits = workspace.commits()
    chained = (key for chain in build.chains for key in chain)
    keys = dict.fromkeys([build.scan, build.imported, *chained, *build.fits, build.lost, build.splits])
    yield from commits.find(key for key in keys if key)


def rejects(workspace: Workspace, build: BuildRecord) -> pa.Table:
    """Everything that the build did not keep, from the first file to the last split."""
    tables = read_all(_tables(workspace, live_commits(workspace, build), "rejects"))
    return pa.concat_tables([REJECTS.empty(), *map(REJECTS.cast, tables)])


def parts(workspace: Workspace, keys: list[str], table: str) -> list[PartFile]:
    """The files that hold a table of the given commits."""
    return _tables(workspace, workspace.commits().get_all(keys), table)


def _tables(workspace: Workspace, found: Iterable[Commit], table: str) -> list[PartFile]:
    commits = workspace.commits()
    return [commits.part(commit, table) for commit in found if table in commit.parts]


def read_parts(parts: Sequence[Part], schema: pa.Schema, columns: list[str]) -> pa.Table:
    """Chosen columns of part files as one table."""
    wanted = pa.schema([schema.field(name) for name in columns])
    return pa.concat_tables([wanted.empty_table(), *(table.cast(wanted) for table in read_all(parts, columns))])
