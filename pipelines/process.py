"""The pass over all partitions: ingest, assist and label, on an engine, counted as it goes."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from affectory.pipelines.engines.base import Engine, Notice
from affectory.pipelines.events import Run
from affectory.pipelines.plan import Plan
from affectory.pipelines.runner.partition import PartitionReport
from affectory.pipelines.store.commits import Counts
from affectory.schemas.errors import AffectoryError, Exit


@dataclass(eq=False)
class TooManyFailed(AffectoryError):
    """A stage failed on more rows than the recipe allows; what is committed stays."""

    exit_code = Exit.FAILURES
    stage: str
    failed: int
    seen: int
    allowed: float

    def __str__(self) -> str:
        share = f"{self.failed} of {self.seen} rows ({self.failed / self.seen:.1%})"
        return (
            f"stage {self.stage} failed on {share}; limits.max_failed allows {self.allowed:.1%}.\n"
            "  See `affectory rejects` for the errors, mend the cause, then `affectory retry --reason REASON`."
        )


def process(plan: Plan, engine: Engine, run: Run) -> set[str]:
    """Run what is not committed; the roots of the partitions that this concerned."""
    plan.write_judgements()
    waiting = plan.waiting
    total = sum(p.rows for p in waiting)
    sizes = {p.root: p.rows for p in waiting}
    dataset = plan.bound.recipe.spec.dataset
    run.tell("start", what="build", dataset=dataset, partitions=len(waiting), rows=total, workers=engine.workers)
    gpus = {stage.name: stage.transform.resources.gpus for stage in plan.bound.stages}
    tally, done = _Tally(plan), 0
    for report in engine.run(waiting):
        if isinstance(report, Notice):
            run.tell("say", what=report.kind, text=report.text, partition=report.partition)
        elif report is not None:
            done += sizes[report.partition]
            tally.add(report)
            _log(report, run, gpus)
        run.tell("progress", what="build", done=done, total=total, unit="rows", **tally.lost())
    return set(sizes)


def _log(report: PartitionReport, run: Run, gpus: Mapping[str, float]) -> None:
    for stage in report.stages:
        counts = {"rows_in": stage.counts.rows_in, "out": stage.counts.out}
        lost = {"rejected": stage.counts.rejected, "failed": stage.counts.failed}
        more: dict[str, float] = {"asked": stage.asked, "gpus": gpus.get(stage.stage, 0)}
        about = {"partition": report.partition, "stage": stage.stage, "seconds": round(stage.seconds, 3)}
        run.tell("stage", **about, **counts, **lost, **{k: v for k, v in more.items() if v})


class _Tally:
    """Counts per stage, so that a build which goes wrong stops early."""

    def __init__(self, plan: Plan) -> None:
        self._limits = plan.bound.recipe.spec.limits
        self._counts: dict[str, Counts] = {}

    def add(self, report: PartitionReport) -> None:
        for stage in report.stages:
            self._counts[stage.stage] = self._counts.get(stage.stage, Counts()) + stage.counts
        check_failures(self._counts.items(), self._limits.max_failed, self._limits.min_for_max_failed)

    def lost(self) -> dict[str, int]:
        label = self._counts.get("label", Counts())
        every = self._counts.values()
        return {"kept": label.out, "rejected": sum(c.rejected for c in every), "failed": sum(c.failed for c in every)}


def check_failures(counts: Iterable[tuple[str, Counts]], allowed: float, least: int) -> None:
    """Raise once a stage that has seen enough rows failed on too many of them."""
    for stage, seen in counts:
        if seen.rows_in >= least and seen.failed > allowed * seen.rows_in:
            raise TooManyFailed(stage, seen.failed, seen.rows_in, allowed)
