"""The build: sources in, release out, resumable at every point, with an account of every row."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from affectory.pipelines.bind import Bound
from affectory.pipelines.checks import check_ratings, check_sources
from affectory.pipelines.costs import Account, ModelUse, accounts, model_uses
from affectory.pipelines.engines.base import LOCALLY, Choice, Engine, listeners, opened
from affectory.pipelines.events import Run, Tell
from affectory.pipelines.fits import Fit, make_fit
from affectory.pipelines.forget.finishing import finish_forgetting
from affectory.pipelines.history import BuildRecord, StageTotals, record_build
from affectory.pipelines.judging import Importer, refused_by_reason, said_by
from affectory.pipelines.plan import Plan, Planner
from affectory.pipelines.process import BudgetSpent, TooManyFailed, check_failures, process
from affectory.pipelines.publish import Publisher
from affectory.pipelines.release.shelf import refuse_others, shelf_at
from affectory.pipelines.rule_fits import RuleFit
from affectory.pipelines.runner.lean import keep_pandas_out
from affectory.pipelines.scan import Scan, Scanner
from affectory.pipelines.splitting import split
from affectory.pipelines.store.budget import UNLIMITED, Limits
from affectory.pipelines.store.commits import Commit
from affectory.pipelines.store.usage import Usage, summed
from affectory.pipelines.store.workspace import Workspace
from affectory.schemas.urls import Location
from affectory.transforms.fitting import Fitting


@dataclass(frozen=True)
class Options:
    """How to build, as against what: nothing here may change a release's bytes."""

    workspace: str | Path
    releases: Location
    engine: Choice = LOCALLY
    partition_rows: int | None = None
    sample: int | None = None
    refit: bool = False
    publish: bool = True
    limits: Limits = UNLIMITED
    allow: Mapping[str, str] = field(default_factory=dict)
    """By name of a check that would stop the release, why it may be so."""
    signing: Path | None = None
    """The private key that signs the release."""


@dataclass(frozen=True)
class Summary:
    """What became of everything that went in."""

    dataset: str
    found: int
    records: int
    kept: int
    rejected: int
    failed: int
    judgements: int
    attached: int
    unattached: int
    partitions_run: int
    partitions: int
    stages: tuple[StageTotals, ...]
    reasons: Mapping[str, int]
    refused_ratings: Mapping[str, int] = field(default_factory=dict)
    """Rows of ratings, by reason."""
    release: str = ""
    version: str = ""
    release_hash: str = ""
    unchanged: bool = False
    bump: str = ""
    changes: tuple[str, ...] = ()
    why: str = ""
    """The rule by which the release has its version."""
    groups_moved: int = 0
    refitted: bool = False
    preview: bool = False
    log: str = ""
    splits: dict[str, int] = field(default_factory=dict)
    withheld: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    """What was built and is not published: samples and media, by why."""
    gate: str = ""
    """Where all that the gate looked at is written."""
    warnings: tuple[str, ...] = ()
    """What the gate found that stops no release."""
    models: tuple[ModelUse, ...] = ()
    """What models were asked, and what it cost."""

    def facts(self) -> dict[str, Any]:
        return asdict(self)


def build(bound: Bound, options: Options, run: Run) -> Summary:
    """Build and publish; whatever is committed already is not done again."""
    if options.engine.name == "local":
        keep_pandas_out()
    workspace = Workspace(options.workspace)
    with workspace.lease() as lease:
        finish_forgetting(workspace.held(lease.epoch))
        return _Build(bound, options, run, workspace.held(lease.epoch), lease.epoch).go()


@dataclass(frozen=True)
class _Build:
    bound: Bound
    options: Options
    run: Run
    workspace: Workspace
    epoch: int

    def go(self) -> Summary:
        if self.options.publish:
            shelf = shelf_at(self.options.releases)
            shelf.check()
            refuse_others(shelf, self.bound.recipe.spec.dataset)
        self.workspace.forget_asked()
        scan = scan_sources(self.bound, self.workspace, self.options, self.epoch, self.run.tell)
        check_sources(self.bound, self.workspace, scan)
        imported = self._import(scan)
        check_ratings(self.bound, self.workspace, scan, imported, preview=self.options.sample is not None)
        planner = Planner(self.bound, self.workspace, scan, self.epoch, said_by(self.workspace, imported))
        with opened(self.options.engine) as engine, self.run.also(listeners(engine)):
            plan, ran, used = self._process(planner, imported, engine)
            finished = sorted(p.finish.key for p in plan.partitions)
            splits, moved = split(self.bound, self.workspace, finished, self.epoch, engine, self.options.refit)
        asked = self._accounts(used)
        record = record_build(self.workspace, replace(self._manifest(plan, imported, splits), models=asked))
        summary = replace(self._summary(plan, record, ran, moved), models=model_uses(asked, record.facts))
        self.workspace.forget_asked()
        return self._published(record, summary) if self.options.publish else summary

    def _process(
        self, planner: Planner, imported: Commit | None, engine: Engine
    ) -> tuple[Plan, int, Mapping[str, Usage]]:
        """All partitions up to the first fits that are not known, then these, and on; how many had something to do, and
        the usage of the answers that went into it."""
        ran, fitted, used = set[str](), set[str](), dict[str, Usage]()
        while True:
            plan = planner.plan(self._fitting - fitted if self.options.refit else ())
            try:
                done = process(plan, engine, self.run, self.options.limits)
            except TooManyFailed:
                self._record_stopped(plan, imported, used)
                raise
            ran, used = ran | done.roots, summed([*used.items(), *done.used.items()])
            if done.left:
                self._record_stopped(plan, imported, used)
                raise self._out_of_budget(done.left)
            if not plan.waited_for:
                self._tell_outgrown(plan if ran else None)
                return plan, len(ran), used
            for fit in plan.waited_for:
                self._fit(fit, engine)
                fitted.add(fit.name)

    def _record_stopped(self, plan: Plan, imported: Commit | None, used: Mapping[str, Usage]) -> None:
        asked = self._accounts(used)
        stopped = replace(self._manifest(plan, imported, ""), complete=False, models=asked)
        facts = record_build(self.workspace, stopped).facts
        self.run.tell("asked", models=[asdict(use) for use in model_uses(asked, facts)])

    def _out_of_budget(self, left: int) -> BudgetSpent:
        limits = self.options.limits
        calls, cost = self.workspace.budget(limits, self.epoch).spent()
        return BudgetSpent(str(limits), calls, cost, left, str(self.bound.recipe.file))

    def _accounts(self, used: Mapping[str, Usage]) -> tuple[Account, ...]:
        return accounts(self.bound.recipe.spec.models, self.workspace.asked(self.epoch).look().models, used)

    @property
    def _fitting(self) -> set[str]:
        stages = {stage.name for stage in self.bound.stages if isinstance(stage.transform, Fitting)}
        return stages | {RuleFit(rule, self.workspace).name for rule in self.bound.views if rule.fits}

    def _fit(self, fit: Fit | RuleFit, engine: Engine) -> None:
        refit = self.options.refit
        if isinstance(fit, RuleFit):
            self.run.tell("start", what=f"fit {fit.name}", partitions=len(fit.attached))
            moved = fit.make(refit)
        else:
            self.run.tell("start", what=f"fit {fit.name}", partitions=len(fit.signed))
            moved = make_fit(fit, self.epoch, engine, refit)
        if refit:
            what = "numbers of its fit" if isinstance(fit, RuleFit) else "of its earlier decisions"
            self.run.tell("say", text=f"{fit.name}: {moved} {what} changed")

    def _tell_outgrown(self, plan: Plan | None) -> None:
        """A fit stays until a refit; where there are far more opinions by now, that is worth knowing."""
        attached = tuple(p.finish.attached for p in plan.partitions if p.finish.attached) if plan else ()
        for rule in self.bound.views if attached else ():
            if rule.fits and (told := RuleFit(rule, self.workspace, attached).outgrown()):
                self.run.tell("say", text=told)

    def _manifest(self, plan: Plan, imported: Commit | None, splits: str) -> BuildRecord:
        chains = tuple(sorted(p.keys for p in plan.partitions))
        dataset, made_by = self.bound.recipe.spec.dataset, self.bound.identity
        key = imported.key if imported else ""
        fits = tuple(sorted(fit.key for fit in plan.fits))
        return BuildRecord(
            0, dataset, plan.scan.key, key, splits, chains, made_by=made_by, lost=plan.lost_key, fits=fits
        )

    def _import(self, scan: Scan) -> Commit | None:
        return importer(self.bound, self.workspace, self.options, scan, self.epoch).run()

    def _summary(self, plan: Plan, record: BuildRecord, ran: int, moved: int) -> Summary:
        counts, facts = record.totals, Counter(record.facts)
        limits = self.bound.recipe.spec.limits
        check_failures(((t.stage, t.counts) for t in counts), limits.max_failed, limits.min_for_max_failed)
        by_stage = {t.stage: t.counts for t in counts}
        return Summary(
            dataset=self.bound.recipe.spec.dataset,
            found=plan.scan.found,
            records=plan.scan.records,
            kept=by_stage["split"].kept if "split" in by_stage else 0,
            rejected=sum(t.counts.rejected for t in counts if t.stage != "ratings"),
            failed=sum(t.counts.failed for t in counts),
            judgements=facts["attached"] + facts["unattached"],
            attached=facts["attached"],
            unattached=facts["unattached"],
            partitions_run=ran,
            partitions=len(plan.partitions),
            stages=counts,
            reasons=record.reasons,
            refused_ratings=refused_by_reason(facts),
            groups_moved=moved,
            refitted=self.options.refit,
            preview=self.options.sample is not None,
            log=self.run.kept_at,
        )

    def _published(self, record: BuildRecord, summary: Summary) -> Summary:
        publisher = Publisher(self.bound, self.workspace, record, self.options.releases, self.run, self.options.signing)
        current = publisher.current()
        summary = replace(summary, withheld=publisher.withheld.counts())
        if current is None:
            gate = publisher.validate(self.options.allow)
            summary = replace(summary, warnings=tuple(map(str, gate.findings)), gate=gate.kept_at)
            if not summary.kept:
                return summary
            release = publisher.publish(gate)
            return replace(
                summary, release=str(release.path), version=release.version, release_hash=release.hash,
                unchanged=release.unchanged, bump=release.bump, changes=release.reasons, why=release.why,
                splits=dict(release.rows.get("default", {})),
            )  # fmt: skip
        path = shelf_at(self.options.releases).place(current)
        return replace(summary, release=str(path), version=current, unchanged=True)


def scan_sources(
    bound: Bound, workspace: Workspace, options: Options, epoch: int = 0, tell: Tell = lambda *_, **__: None
) -> Scan:
    """The sources of a recipe as they are now."""
    rows, sample = options.partition_rows, options.sample
    return Scanner(workspace, bound.sources, bound.pseudonym, bound.limits, rows, sample, epoch, tell).scan()


def importer(bound: Bound, workspace: Workspace, options: Options, scan: Scan, epoch: int = 0) -> Importer:
    """What brings a recipe's ratings into the ledger."""
    preview = options.sample is not None
    return Importer(
        workspace, bound.ratings, bound.taxonomy, bound.pseudonym, bound.limits, scan, epoch, preview=preview
    )
