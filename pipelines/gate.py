"""The gate: what must hold before a build is published, and what was found where it does not."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from affectory.pipelines.auditing import audit_data
from affectory.pipelines.bind import Bound
from affectory.pipelines.events import Run
from affectory.pipelines.expecting import about as declared
from affectory.pipelines.history import BuildRecord, last_build, parts
from affectory.pipelines.purposes.withholding import current_sources
from affectory.pipelines.store.files import PartFile, is_remote, local_path
from affectory.pipelines.store.workspace import Workspace
from affectory.quality.findings import Finding, GateFailed
from affectory.quality.gate import check
from affectory.quality.suites.about import About, Asked
from affectory.quality.suites.checks import adjusted, asked_for
from affectory.quality.taxonomies import contradictions
from affectory.quality.unmet import ROLES, Expected, unmet
from affectory.schemas.derived import SAMPLES
from affectory.schemas.errors import UserError
from affectory.schemas.parquet import Part
from affectory.schemas.reasons import MOST_CHARACTERS, one_line
from affectory.transforms.base import Transform

if TYPE_CHECKING:
    from affectory.quality.audits._audited import Audited
    from affectory.quality.suites.result import SuiteResult

_TABLES = ("samples", "notes", "opinions", "labels")
_LEAST_CHARACTERS, _SHOWN = 10, 80


@dataclass(frozen=True)
class Gate:
    """All that was looked at before a build is published."""

    findings: tuple[Finding, ...]
    """What is not as it should be."""
    audits: tuple["Audited", ...] = ()
    suite: Mapping[str, Any] | None = None
    """What the suite came to, where it was asked for."""
    allowed: Mapping[str, str] = field(default_factory=dict)
    """By name of a check that would stop the release, why it may be so."""
    text: str = ""
    """The suite on one screen."""
    kept_at: str = ""
    """Where all of it is written."""

    def facts(self) -> dict[str, Any]:
        """Plain data that hangs on what would be published alone: `gate.json` of a release."""
        return {
            "findings": [asdict(finding) for finding in self.findings],
            "suite": self.suite,
            "audits": [audited.facts() for audited in self.audits],
            "allowed": [{"check": name, "reason": why} for name, why in sorted(self.allowed.items())],
        }

    def as_text(self) -> str:
        """On one screen, for people."""
        lines = [self.text] if self.text else []
        lines += [f"  {audited.verdict:13} {audited.name}: {audited.says}" for audited in self.audits]
        told = {f"audit.{audited.name}" for audited in self.audits} | self._of_suite
        lines += [f"  {f.severity:13} {f}" for f in self.findings if f.check not in told]
        lines += [f"  allowed       {name}: {why}" for name, why in sorted(self.allowed.items())]
        return "\n".join(lines or ["  nothing is wrong that was looked for"])

    @property
    def _of_suite(self) -> set[str]:
        """The checks of which its own text tells."""
        return {check["name"] for check in self.suite["checks"]} if self.suite else set()

    @property
    def blocking(self) -> tuple[Finding, ...]:
        return tuple(f for f in self.findings if f.severity == "blocks" and f.check not in self.allowed)


def read_allowed(given: Sequence[str]) -> dict[str, str]:
    """`--allow CHECK=REASON` as a mapping; a reason is published, and so must be one."""
    found = {}
    for one in given:
        name, _, told = one.partition("=")
        name, why = name.strip(), one_line(told)
        if not name or len(why) < _LEAST_CHARACTERS:
            many = f"{_LEAST_CHARACTERS} to {MOST_CHARACTERS} characters"
            hint = f"write --allow 'samples.language=the reason, {many} on one line; it is published'"
            raise UserError(f"--allow {one[:_SHOWN]!r} says not which check may fail, and why", hint)
        found[name] = why
    return found


@dataclass(frozen=True)
class Subject:
    """A build as it would be published."""

    bound: Bound
    workspace: Workspace
    build: BuildRecord
    run: Run
    splits: pa.Table
    """The samples that would be published, in their splits."""
    open_media: Callable[[str, str, str], object]
    """Opens and decodes a file: its medium, its asset and its format."""

    def parts(self, name: str) -> list[PartFile]:
        """Of a table; what was rejected lies in the commits of all stages."""
        keys = self.build.keys_sorted if name == "rejects" else self.build.finished
        return parts(self.workspace, keys, name)


def validate(subject: Subject, allow: Mapping[str, str]) -> Gate:
    """Look at a build; raises `GateFailed` with the rows where it may not be published."""
    gate = look(subject, allow, whole=subject.bound.recipe.spec.validation.suite == "default")
    for finding in gate.findings:
        subject.run.tell("finding", **finding.__dict__)
    where = keep(gate, subject) if gate.suite or gate.audits or gate.findings else ""
    if gate.blocking:
        raise GateFailed(tuple(f for f in gate.findings if f.check not in gate.allowed), where)
    return replace(gate, kept_at=where)


def look(subject: Subject, allow: Mapping[str, str], whole: bool) -> Gate:
    """What is found in a build; `whole`: by all of the suite, else by what the recipe itself asks for."""
    suite = _suite(subject, own=not whole) if whole or asked_for(about(subject.bound)) else None
    findings = _rules(subject, suite.names if suite else frozenset())
    findings += suite.findings if suite else ()
    audits = _audited(subject)
    findings += [finding for audited in audits if (finding := audited.finding())]
    facts, text = (suite.facts(), suite.as_text()) if suite else (None, "")
    return Gate(tuple(findings), audits, facts, _used(allow, findings, subject.run), text)


def _rules(subject: Subject, looked: frozenset[str]) -> list[Finding]:
    """What always holds; without those that the suite looked at already."""
    tables, bound = {name: subject.parts(name) for name in _TABLES}, subject.bound
    gate = bound.recipe.spec.validation
    findings = check(tables, bound.taxonomy, gate.min_rows, bound.recipe.spec.publish.media)
    findings += unmet(tables, _expected(bound))
    if len({rule.taxonomy.name for rule in bound.views}) > 1:
        findings += contradictions(tables["labels"])
    if subject.build.rejected_share > gate.max_rejected:
        findings.append(_too_many(subject.build.rejected_share, gate.max_rejected))
    return list(adjusted([finding for finding in findings if finding.check not in looked], gate))


def _suite(subject: Subject, own: bool) -> "SuiteResult":
    from affectory.quality.suites.validate import validate as validate_suite

    bound, workspace = subject.bound, subject.workspace
    tables: dict[str, Sequence[Part]] = {name: subject.parts(name) for name in (*_TABLES, "rejects")}
    tables["people"] = list(workspace.ledger("people").segments())
    subject.run.tell("say", text="looking at all tables with Great Expectations")
    subject.run.tell("start", what="suite", total=len(tables) + 1, unit="tables")

    def told(done: int, total: int) -> None:
        subject.run.tell("progress", what="suite", done=done, total=total, unit="tables")

    docs, opener = _docs(subject), subject.open_media
    with TemporaryDirectory(prefix="affectory-gate-") as folder:
        tables["sources"] = [_sources(subject, Path(folder))]
        found = validate_suite(tables, about(bound), docs=docs, open_media=opener, own=own, told=told)
    if is_remote(workspace.root):
        subject.run.tell("say", text=f"pages of the suite lie on this machine: {docs / 'index.html'}")
    return found


def _sources(subject: Subject, folder: Path) -> Path:
    """The ledger's rows of what was built: what it said of records before is no fault of these."""
    import pyarrow.parquet as pq

    path = folder / "sources.parquet"
    pq.write_table(current_sources(subject.workspace, subject.build, None), path)
    return path


def about(bound: Bound) -> About:
    """What a recipe declares that its tables must keep."""
    asked = dict.fromkeys(Asked.of(t) for t in (bound.taxonomy, *(rule.taxonomy for rule in bound.views)))
    return declared(bound.recipe, tuple(asked), [entry.name for entry in bound.sources])


def _docs(subject: Subject) -> Path:
    """Pages for people lie on this machine."""
    workspace, number = subject.workspace, f"{subject.build.number:08d}"
    here = workspace.machine_folder if is_remote(workspace.root) else local_path(workspace.derived)
    return here / "gate" / number / "docs"


def _audited(subject: Subject) -> tuple["Audited", ...]:
    if not subject.bound.audits:
        return ()
    from affectory.quality.audits._audited import judged

    audits, tell = subject.bound.audits, subject.run.tell
    data, found = audit_data(subject.bound, subject.workspace, subject.build, subject.splits), []
    names = [spec.name for spec in subject.bound.recipe.audits()]
    tell("start", what="audits", total=len(names), unit="audits")
    for number, (name, audit) in enumerate(zip(names, audits, strict=True)):
        tell("progress", what=f"audit {name}", done=number, total=len(names), unit="audits")
        found.append(audit.audit(data))
    return tuple(_as_adjusted(audited, subject) for audited in judged(found, [audit.severity for audit in audits]))


def _as_adjusted(audited: "Audited", subject: Subject) -> "Audited":
    """As severe as the recipe says, where it accuses."""
    change = subject.bound.recipe.spec.validation.adjust.get(f"audit.{audited.name}")
    severity = change.severity if change else None
    return replace(audited, verdict=severity) if severity and audited.finding() else audited


def _used(allow: Mapping[str, str], findings: list[Finding], run: Run) -> dict[str, str]:
    """What is allowed and was found: a reason for something that did not happen is not published."""
    found = {finding.check for finding in findings if finding.severity == "blocks"}
    for name in sorted(set(allow) - found):
        run.tell("say", text=f"--allow {name}: nothing of that name stops this release")
    return {name: why for name, why in allow.items() if name in found}


def finished_build(bound: Bound, workspace: Workspace) -> BuildRecord:
    """The last build, if it is what the recipe and the code would build now."""
    build = last_build(workspace)
    if build is None or not build.complete:
        raise UserError(f"no build in {workspace.root} is finished yet", "build it first: affectory build")
    if build.made_by != bound.identity:
        what = "the recipe's sources or labels, or the code behind them, changed since the last build"
        raise UserError(what, "build again: affectory build")
    return build


def keep(gate: Gate, subject: Subject) -> str:
    """Write what was looked at beside what is derived; where that is."""
    files = subject.workspace.files(f"derived/gate/{subject.build.number:08d}")
    facts = json.dumps(gate.facts(), ensure_ascii=False, indent=2, default=str).encode()
    for name, data in (("gate.json", facts), ("summary.txt", f"{gate.as_text()}\n".encode())):
        files.put(name, data)
    return str(files.location)


def _expected(bound: Bound) -> Expected:
    """What the recipe names itself: that a role which a kind of source has by default is missing says nothing."""
    specs = bound.recipe.source_specs()
    noting = [stage for stage in bound.stages if stage.verb == "ingest" and _notes_of(stage.transform)]
    groups = ((stage.name, getattr(stage.transform, "within", None)) for stage in bound.stages)
    return Expected(
        roles={spec.name: [role for role in ROLES if spec.params.get(role)] for spec in specs},
        notes={stage.name: (stage.transform.on, _notes_of(stage.transform)) for stage in noting},
        groups={name: group for name, group in groups if isinstance(group, str)},
        rules=tuple((rule.name, rule.taxonomy.name) for rule in bound.views[: len(bound.recipe.rules())]),
    )


def _notes_of(transform: Transform) -> frozenset[str]:
    """The notes that a step writes, where it writes nothing else."""
    written = frozenset(transform.writes())
    return frozenset() if written & set(SAMPLES.schema.names) else written


def _too_many(share: float, allowed: float) -> Finding:
    told = f"{share:.1%} of what came in was rejected, validate.max_rejected allows {allowed:.1%}"
    return Finding("rejects", told, 1, (), check="rejects.share")
