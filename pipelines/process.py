"""The pass over all partitions: ingest, assist and label, on an engine, counted as it goes."""

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from affectory.pipelines.engines.base import Engine, Notice
from affectory.pipelines.events import Run
from affectory.pipelines.plan import Plan
from affectory.pipelines.runner.partition import PartitionReport
from affectory.pipelines.store.budget import UNLIMITED, Limits
from affectory.pipelines.store.commits import Counts
from affectory.pipelines.store.usage import Reading, Usage, from_facts, summed
from affectory.schemas.errors import AffectoryError, Exit

_LOOK_S = 3.0
"""How often it is looked how many questions workers asked."""


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


@dataclass(eq=False)
class BudgetSpent(AffectoryError):
    """Models may be asked no more in this build; what they answered is kept, and what that was enough for is done."""

    exit_code = Exit.BUDGET
    budget: str
    calls: int
    cost: float
    left: int
    recipe: str

    def __str__(self) -> str:
        cost = f" for {self.cost:.4g}" if self.cost else ""
        put = f"{self.calls} questions were put to models{cost}, and at least {self.left} more are needed"
        again = f"affectory build {self.recipe} {self.budget}"
        return f"the build stopped at {self.budget}: {put}.\n  Every answer is kept; the same command goes on: {again}"


@dataclass(frozen=True)
class Processed:
    """The partitions that had something to do, by their roots; questions that could not be asked for the budget, and
    the usage of the answers that stages were made of."""

    roots: frozenset[str]
    left: int
    used: Mapping[str, Usage]


def process(plan: Plan, engine: Engine, run: Run, limits: Limits = UNLIMITED) -> Processed:
    """Run what is not committed, as far as the budget for models lasts."""
    plan.write_judgements()
    waiting = tuple(replace(partition, limits=limits) for partition in plan.waiting)
    total = sum(p.rows for p in waiting)
    sizes = {p.root: p.rows for p in waiting}
    dataset = plan.bound.recipe.spec.dataset
    run.tell("start", what="build", dataset=dataset, partitions=len(waiting), rows=total, workers=engine.workers)
    gpus = {stage.name: stage.transform.resources.gpus for stage in plan.bound.stages}
    tally, done, asking = _Tally(plan), 0, _Asking(plan.workspace.asked(plan.epoch))
    for report in engine.run(waiting):
        if isinstance(report, Notice):
            run.tell("say", what=report.kind, text=report.text, partition=report.partition)
        elif report is not None:
            done += sizes[report.partition]
            tally.add(report)
            _log(report, run, gpus)
        if report is not None or not asking.told(run):
            run.tell("progress", what="build", done=done, total=total, unit="rows", **tally.lost())
    return Processed(frozenset(sizes), tally.left, tally.used)


class _Asking:
    """How far questions to models are, while partitions wait for their answers."""

    def __init__(self, reading: Reading) -> None:
        self._reading, self._looked = reading, 0.0
        self._began: float | None = None

    def told(self, run: Run) -> bool:
        """Tell it; whether there was something to tell."""
        now = time.monotonic()
        if now - self._looked >= _LOOK_S:
            self._looked, reading = now, self._reading.look()
            self._began = now if self._began is None and reading.expected else self._began
        asked, expected = self._reading.asked, self._reading.expected
        if self._began is None or asked >= expected:
            return False
        seconds = self._looked - self._began + _LOOK_S
        run.tell("progress", what="asking", done=asked, total=expected, unit="questions", seconds=seconds)
        return True


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
        self.left, self.used = 0, dict[str, Usage]()

    def add(self, report: PartitionReport) -> None:
        self.left += report.left
        now = [usage for stage in report.stages for usage in from_facts(stage.used).items()]
        self.used = summed([*self.used.items(), *now])
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
