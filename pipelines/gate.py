"""The gate: what must hold before a build is published, and what was found where it does not."""

from affectory.pipelines.bind import Bound
from affectory.pipelines.events import Run
from affectory.pipelines.history import BuildRecord, parts
from affectory.pipelines.store.workspace import Workspace
from affectory.quality.findings import Finding, GateFailed
from affectory.quality.gate import check
from affectory.quality.taxonomies import contradictions
from affectory.quality.unmet import ROLES, Expected, unmet
from affectory.schemas.derived import SAMPLES
from affectory.transforms.base import Transform


def validate(bound: Bound, workspace: Workspace, build: BuildRecord, run: Run) -> tuple[Finding, ...]:
    """The gate; raises `GateFailed` with the rows that broke a rule, gives what it only warns of."""
    tables = {name: parts(workspace, build.finished, name) for name in ("samples", "notes", "opinions", "labels")}
    gate = bound.recipe.spec.validation
    findings = check(tables, bound.taxonomy, gate.min_rows, bound.recipe.spec.publish.media)
    findings += unmet(tables, _expected(bound))
    if len({rule.taxonomy.name for rule in bound.views}) > 1:
        findings += contradictions(tables["labels"])
    for finding in findings:
        run.tell("finding", **finding.__dict__)
    if build.rejected_share > gate.max_rejected:
        raise GateFailed((*findings, _too_many(build.rejected_share, gate.max_rejected)))
    if any(f.severity == "blocks" for f in findings):
        raise GateFailed(tuple(findings))
    return tuple(findings)


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
    return Finding(
        "rejects", f"{share:.1%} of what came in was rejected, validate.max_rejected allows {allowed:.1%}", 1, ()
    )
