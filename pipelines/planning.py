"""`affectory plan`: the compiled plan for people, without building anything."""

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from affectory.pipelines.anchors import Lost, lost_anchors
from affectory.pipelines.bind import Bound
from affectory.pipelines.build import Options, importer, scan_sources
from affectory.pipelines.checks import check_sources
from affectory.pipelines.consent import others
from affectory.pipelines.gate import about
from affectory.pipelines.history import last_build
from affectory.pipelines.pending import Pending, pending
from affectory.pipelines.plan import StagePlan, make_plan
from affectory.pipelines.purposes.withholding import held_back
from affectory.pipelines.purposes.words import this_day
from affectory.pipelines.release.statement import missing
from affectory.pipelines.store.workspace import Workspace
from affectory.quality.suites.checks import asked_for


@dataclass(frozen=True)
class ShownPlan:
    """What a build would find and do."""

    dataset: str
    workspace: str
    found: int
    records: int
    refused: int
    partitions: int
    new_partitions: int
    stages: tuple[StagePlan, ...]
    lost: Lost
    refused_ratings: Mapping[str, int]
    asks: tuple[Pending, ...] = ()
    third_parties: tuple[str, ...] = ()
    """Models that are not local."""
    withheld_people: int = 0
    """People in records of whom nothing goes to these."""
    unlicensed: int = 0
    """Records of which nothing does for their licence."""
    held_back: tuple[str, ...] = ()
    """What a release of today would hold back for people and licences, in words."""
    gate: tuple[str, ...] = ()
    """What is looked for before a release."""
    unstated: tuple[str, ...] = ()
    """Fields of the data statement that say nothing."""

    def as_json(self) -> str:
        return json.dumps(asdict(self), ensure_ascii=False)

    def as_text(self) -> str:
        head = [
            f"{self.dataset}: {self.found} found, {self.records} records, {self.refused} refused",
            f"{self.partitions} partitions, {self.new_partitions} of them new; workspace {self.workspace}",
            "",
            f"  {'verb':8} {'stage':22} {'partitions':>10} {'cached':>8} {'to run':>8} {'rows':>9}",
        ]
        asks = [str(stage) for stage in self.asks]
        asks += ["prompts, and what the models can do, were checked"] if asks else []
        asks += self._others()
        return "\n".join(
            [*head, *map(_stage_line, self.stages), "", *asks, self._judgements(), *self._refused(), *self._released()]
        )

    def _judgements(self) -> str:
        lost, cut = self.lost, self.lost.records_cut
        if not lost.standing:
            return "no judgements"
        how = f" ({cut} judged records were cut again to know)" if cut else ""
        return f"{lost.judgements} of {lost.standing} judgements would find no sample{how}; the ledger keeps them all"

    def _others(self) -> list[str]:
        names, people = ", ".join(self.third_parties), self.withheld_people
        nor = f", nor of {self.unlicensed} records for their licence" if self.unlicensed else ""
        told = f"third parties: {names}; nothing goes to them of {people} people who did not agree{nor}"
        return [told] if names else []

    def _refused(self) -> list[str]:
        reasons = Counter(self.refused_ratings)
        why = ", ".join(f"{count} {reason}" for reason, count in reasons.most_common())
        return [f"{reasons.total()} rows of ratings would be refused: {why}"] if reasons else []

    def _released(self) -> list[str]:
        unsaid = f"publish.statement says nothing of: {', '.join(self.unstated)}" if self.unstated else ""
        back = [f"a release of today holds back {told}" for told in self.held_back]
        return [f"gate: {', '.join(self.gate)}", *back, *([unsaid] if unsaid else [])]


def _stage_line(stage: StagePlan) -> str:
    missing = stage.partitions - stage.cached
    return (
        f"  {stage.verb:8} {stage.name:22} {stage.partitions:>10} {stage.cached:>8} {missing:>8} {stage.rows_to_run:>9}"
    )


def show_plan(bound: Bound, where: str | Path) -> ShownPlan:
    """Look at the sources and compare with what is committed; source hashes are remembered, nothing else is kept."""
    workspace = Workspace(where)
    options = Options(where, Path())
    with workspace.lease() as lease:
        scan = scan_sources(bound, workspace.held(lease.epoch), options, lease.epoch)
    check_sources(bound, workspace, scan)
    rated = importer(bound, workspace, options, scan).pending()
    plan = make_plan(bound, workspace, scan, rated=rated)
    build = last_build(workspace)
    known = {chain[0] for chain in build.chains} if build else set()
    new = sum(root.key not in known for root in scan.roots)
    asked = sorted(set[str]().union(*map(others, bound.stages)))
    agreed = plan.agreements if asked else None
    return ShownPlan(
        bound.recipe.spec.dataset, str(where), scan.found, scan.records, scan.refused,
        len(scan.roots), new, tuple(plan.stages()), lost_anchors(plan), rated.refused,
        pending(plan), tuple(asked), len(agreed.refusing) if agreed else 0, agreed.unlicensed if agreed else 0,
        held_back(bound, workspace, scan.index(workspace), this_day()),
        _gate(bound), missing(bound.recipe.spec.publish.statement),
    )  # fmt: skip


def _gate(bound: Bound) -> tuple[str, ...]:
    gate = bound.recipe.spec.validation
    suite = ("the suite of Great Expectations",) if gate.suite == "default" else ()
    many = len(asked_for(about(bound))) if gate.expect or gate.adjust else 0
    own = (f"{many} check{'s' * (many != 1)} that the recipe asks for",) if many else ()
    return ("rules", *suite, *own, *(f"audit {spec.name}" for spec in bound.recipe.audits()))
