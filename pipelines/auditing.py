"""The audits of a recipe bound to code, and what they look at of a build."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from affectory.pipelines import discovery
from affectory.pipelines.history import BuildRecord, parts
from affectory.pipelines.store.workspace import Workspace
from affectory.schemas.ledgers import PEOPLE
from affectory.schemas.recipe.problems import KeyPath, Problem
from affectory.schemas.recipe.recipe import Recipe, StepSpec

if TYPE_CHECKING:
    from affectory.pipelines.bind import Bound
    from affectory.quality.audits._audited import Audit
    from affectory.quality.audits._data import AuditData

TABLES = ("samples", "notes", "opinions", "labels")


@dataclass(frozen=True)
class Audits:
    """Binds audits; what is wrong is added to `problems`."""

    recipe: Recipe
    problems: list[Problem]
    instance: Callable[[type[Any], Mapping[str, Any], KeyPath], Any]

    def bound(self) -> Iterator["Audit"]:
        """Those that the recipe names, in order."""
        for spec in self.recipe.audits():
            if not self.recipe.is_gap(spec.path) and (audit := self._audit(spec)) is not None:
                yield audit

    def _audit(self, spec: StepSpec) -> Any:
        known = discovery.audits()
        if spec.name not in known:
            self.problems.append(self.recipe.unknown(spec.path, "unknown audit", spec.name, known))
            return None
        # What splits keep apart is what must not leak.
        given = {"by": self.recipe.spec.publish.splits.by} if spec.name == "leakage" else {}
        return self.instance(discovery.public_class(known[spec.name]), {**given, **spec.params}, spec.path)


def audit_data(bound: "Bound", workspace: Workspace, build: BuildRecord, splits: pa.Table) -> "AuditData":
    """What a build would publish, as audits look at it."""
    from affectory.quality.audits._data import AuditData

    return AuditData(
        tables={name: parts(workspace, build.finished, name) for name in TABLES},
        splits=splits,
        taxonomy=bound.taxonomy,
        rule=bound.views[0].name,
        pools=bound.recipe.spec.label.pools,
        people=newest_people(workspace),
    )


def newest_people(workspace: Workspace) -> pa.Table:
    """What each person said last."""
    rows = sorted(workspace.ledger("people").read().to_pylist(), key=lambda row: int(row["revision"]))
    newest = {row["person_id"]: row for row in rows}
    return PEOPLE.from_rows([newest[person] for person in sorted(newest)])
