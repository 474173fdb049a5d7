"""The compiled plan: every partition with the keys of its stages, so that what is done is never done again."""

import hashlib
import json
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import pyarrow as pa
import pyarrow.compute as pc

from affectory.pipelines.acts import NOTHING, Revised, counting, said_of
from affectory.pipelines.bind import Bound
from affectory.pipelines.columns import large, stretches
from affectory.pipelines.consent import IMITATING, PURPOSE, Agreements, Chained, Known, asks_consent
from affectory.pipelines.fits import Fit, Slice
from affectory.pipelines.history import last_build
from affectory.pipelines.purposes.licences import Licences
from affectory.pipelines.rule_fits import RuleFit
from affectory.pipelines.runner.attach import standing
from affectory.pipelines.runner.execute import Allowance
from affectory.pipelines.runner.finish import Finish, unattached
from affectory.pipelines.runner.finishing import RULE
from affectory.pipelines.runner.fitting import Told, applying, signing
from affectory.pipelines.runner.partition import Link, Partition
from affectory.pipelines.runner.stage import Stage
from affectory.pipelines.scan import Root, Scan
from affectory.pipelines.store.commits import Counts
from affectory.pipelines.store.workspace import Workspace
from affectory.schemas.ids import digest
from affectory.schemas.ledgers import JUDGEMENTS
from affectory.transforms.fitting import Fitting


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
    """What a build will do, as far as fits are known."""

    bound: Bound
    workspace: Workspace
    scan: Scan
    partitions: tuple[Partition, ...]
    judged: Mapping[str, pa.Table]
    lost: pa.Table
    """Judgements that count but whose record no source holds now."""
    epoch: int = 0
    fits: tuple[Fit, ...] = ()
    """Those that are known."""
    waited_for: tuple[Fit | RuleFit, ...] = ()
    """Those that can be made once all partitions ran as far as they go: those that they are about stop there."""
    beyond: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """By root the stages of such a partition that are still to be planned."""
    agreements: Agreements | None = None
    """What people agreed to, where third parties are asked."""

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
            for half in (signing(stage), applying(stage)) if isinstance(stage.transform, Fitting) else (stage,):
                links = [(p, link.key) for p in self.partitions for link in p.links if link.stage == half]
                yield self._stage(half.name, stage.verb, links)
        ending = [p for p in self.partitions if not p.barrier]
        yield self._stage("label", "label", [(p, p.finish.attached or p.finish.key) for p in ending])
        if any(rule.fits for rule in self.bound.views):
            yield self._stage(RULE, "label", [(p, p.finish.key) for p in ending if not p.finish.waits])

    def _stage(self, name: str, verb: str, links: list[tuple[Partition, str]]) -> StagePlan:
        missing = [p for p, key in links if key not in self.committed]
        later = [p for p in self.partitions if name in self.beyond.get(p.root, ())]
        cached, waiting = len(links) - len(missing), [*missing, *later]
        return StagePlan(name, verb, len(links) + len(later), cached, sum(p.rows for p in waiting))

    def write_judgements(self) -> None:
        """Put each partition's judgements where its worker will read them."""
        import io

        import pyarrow.parquet as pq

        files = self.workspace.records()
        if self.agreements is not None:
            self.agreements.write(self.workspace)
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
    """The plan as far as the fits that are known allow."""
    return Planner(bound, workspace, scan, epoch, rated).plan()


class Planner:
    """Compiles keys for every partition of the scan, from stages, code, upstream keys, fits, and judgements about its
    records. What counts are answers given in reviews, and what the recipe's rating files say now (`rated`).
    """

    def __init__(
        self, bound: Bound, workspace: Workspace, scan: Scan, epoch: int = 0, rated: Revised = NOTHING
    ) -> None:
        self.bound, self.workspace, self.scan, self.epoch = bound, workspace, scan, epoch
        self.judged: dict[str, pa.Table] = {}
        self._named, self._versions = dict[str, str](), dict[str, str]()
        self._retries = _retries(workspace)
        judgements = standing(counting(workspace.ledger("judgements").read(), rated))
        index = scan.index(workspace)
        roots = _roots_of(judgements, index)
        people = bound.recipe.spec.people
        given = PURPOSE in people.assume, IMITATING in people.require
        asks = any(map(asks_consent, bound.stages))
        more = scan.aliases(workspace), Licences.of(bound.recipe.spec.publish)
        self._agreements = Agreements.of(workspace, index, *given, *more) if asks else None
        self.lost = judgements.filter(pc.is_null(roots))
        self._by_root = _split(judgements, roots)

    def plan(self, stale: Collection[str] = ()) -> Plan:
        """The plan as of now; fits of the stages named stale count as not known."""
        chains = [_Chain(root, root.key, frozenset({root.kind})) for root in self.scan.roots]
        for chain in chains:
            chain.consent = Chained.of(self._agreements, chain.root.key)
        known, waited_for = list[Fit](), list[Fit]()
        for stage in self.bound.stages:
            mine = [chain for chain in chains if stage.applies(chain.kinds)]
            if not isinstance(stage.transform, Fitting):
                for chain in mine:
                    chain.go_through(stage, self._link)
            elif any(chain.stopped for chain in mine):
                for chain in mine:
                    chain.stop_at(stage, self._link)
            elif mine:
                fit = self._fit(stage, mine, known=stage.name not in stale)
                (waited_for if mine[0].stopped else known).append(fit)
        rules = self._rule_fits(chains, stale)
        beyond = {chain.root.key: frozenset([*chain.beyond, "label", RULE]) for chain in chains if chain.stopped}
        if waits := [fit for fit in rules.values() if not isinstance(fit, str)]:
            beyond = {chain.root.key: beyond.get(chain.root.key, frozenset({RULE})) for chain in chains}
        partitions = tuple(self._partition(chain, rules) for chain in chains)
        return Plan(
            self.bound, self.workspace, self.scan, partitions, self.judged, self.lost,
            self.epoch, tuple(known), tuple(waited_for or waits), beyond, self._agreements,
        )  # fmt: skip

    def _rule_fits(self, chains: Sequence["_Chain"], stale: Collection[str]) -> dict[int, "str | RuleFit"]:
        """By the place of each rule that fits the file of its fit, or, where that is not known, what makes it."""
        found: dict[int, str | RuleFit] = {}
        for place, rule in enumerate(self.bound.views):
            if rule.fits and chains:
                fit = RuleFit(rule, self.workspace, tuple(self._attached(chain) for chain in chains))
                name = None if fit.name in stale else fit.remembered.newest()
                found[place] = name or fit
        return found

    def _attached(self, chain: "_Chain") -> str:
        return digest(self.bound.attached_identity, chain.key, self._judgements(chain.root))

    def _fit(self, stage: Stage, mine: Sequence["_Chain"], known: bool) -> Fit:
        """Chains go on past a fit that is known, and stop at one that is not."""
        for chain in mine:
            chain.stop_at(stage, self._link)
        signed = tuple((chain.root.key, chain.links[-1].key) for chain in mine)
        fit = Fit(stage, self.workspace, signed)
        slices = fit.slices() if known else None
        if slices is not None:
            for chain in mine:
                told = slices.get(chain.root.key, Slice())
                chain.go_past(stage, told, self._link)
                chain.consent.told(stage, self.workspace.commits().files.location, told.part)
        return fit

    def _partition(self, chain: "_Chain", rules: Mapping[int, "str | RuleFit"]) -> Partition:
        root, links, limits = chain.root, tuple(chain.links), self.bound.recipe.spec.limits
        written_by = {c: k.stage.name for k in links if not k.signs for c in k.stage.transform.writes()}
        finish = self._finish(chain, written_by, rules)
        allowance, where = Allowance(limits.memory_mb, limits.retries), str(self.workspace.root)
        known = self._agreements.known_in(root.key) if self._agreements else Known()
        return Partition(
            where, self.epoch, root.key, root.rows, chain.kinds, links, finish, self.bound.roots,
            allowance=allowance, barrier=chain.stopped, known=known,
        )  # fmt: skip

    def _link(self, stage: Stage, key: str) -> Link:
        """A retry gives the stage's result a further key, made from the one with the failed rows."""
        link = Link(stage, key)
        while link.key in self._retries:
            reason = self._retries[link.key]
            link = Link(stage, digest("retry", link.key, reason), link.key, reason)
        return link

    def _finish(self, chain: "_Chain", written_by: Mapping[str, str], rules: Mapping[int, "str | RuleFit"]) -> Finish:
        bound, label, judgements = self.bound, self.bound.recipe.spec.label, self._judgements(chain.root)
        plain = Finish("", judgements, label.min_overlap, bound.views, written_by, label.inherit)
        if not rules:
            return replace(plain, key=digest(bound.label_identity, chain.key, judgements))
        attached, known = self._attached(chain), {place: x for place, x in rules.items() if isinstance(x, str)}
        versions = [(place, self._version(name)) for place, name in known.items()]
        key = digest(bound.label_identity, attached, versions)
        return replace(plain, key=key, attached=attached, fits=known, waits=len(known) < len(rules))

    def _version(self, name: str) -> str:
        if name not in self._versions:
            self._versions[name] = hashlib.sha256(self.workspace.fits().read(name)).hexdigest()
        return self._versions[name]

    def _judgements(self, root: Root) -> str:
        """Where the judgements about a partition's records lie; their name tells what is said in them."""
        about = self._by_root.get(root.key)
        if about is None:
            return ""
        if root.key not in self._named:
            said = zip(about.column("judgement_id").to_pylist(), said_of(about).to_pylist(), strict=True)
            self._named[root.key] = f"judged/{digest(JUDGEMENTS.version, list(said))}.parquet"
            self.judged[self._named[root.key]] = about
        return self._named[root.key]


Linked = Callable[[Stage, str], Link]


@dataclass
class _Chain:
    """The links of a partition as they are planned."""

    root: Root
    key: str
    kinds: frozenset[str]
    links: list[Link] = field(default_factory=list)
    stopped: bool = False
    beyond: list[str] = field(default_factory=list)
    consent: Chained = field(default_factory=Chained)

    def go_through(self, stage: Stage, linked: Linked) -> None:
        self.kinds |= getattr(stage.transform, "makes", frozenset())
        if self.stopped:
            self.beyond.append(stage.name)
        else:
            self.links.append(linked(stage, digest(stage.identity, self.key, *self.consent.past(stage))))
            self.key = self.links[-1].key

    def stop_at(self, stage: Stage, linked: Linked) -> None:
        """Up to the signs of a stage that fits."""
        if self.stopped:
            self.beyond.append(signing(stage).name)
        else:
            link = linked(signing(stage), digest(stage.identity, "signs", self.key))
            self.links.append(replace(link, signs=True))
        self.stopped = True
        self.beyond.append(stage.name)

    def go_past(self, stage: Stage, told: Slice, linked: Linked) -> None:
        """From the signs on, now that the fit is known."""
        signed = self.links[-1].key
        link = linked(applying(stage), digest(stage.identity, self.key, signed, told.hash))
        self.links.append(replace(link, told=Told(signed, told.part)))
        self.key, self.stopped = link.key, False
        self.beyond.clear()


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
