"""What an audit gives: numbers with intervals, and what follows from them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal, Protocol, cast

from affectory.quality.audits._chance import holm
from affectory.quality.audits._data import AuditData
from affectory.quality.findings import SHOWN, Finding, Severity

ALPHA = 0.05
"""The chance at which any of all tests of a gate accuses a dataset that has no fault."""
_GRAVEST: tuple[Severity, ...] = ("blocks", "warns", "tells")
Verdict = Literal["clean", "blocks", "warns", "tells", "not looked at"]


@dataclass(frozen=True)
class Measure:
    """One number of an audit."""

    what: str
    value: float
    low: float | None = None
    high: float | None = None
    p: float | None = None
    """How often chance alone gives as much, other tests not counted; None where chance has no part."""
    large: bool = True
    """Whether it would matter if it is not by chance."""
    adjusted: float | None = None
    """`p`, after it counts that much else was tested."""
    severity: Severity | None = None
    """What follows where it accuses, if not what the audit says."""

    @property
    def accuses(self) -> bool:
        """Whether it matters and is not by chance."""
        sure = self.p is None or (self.adjusted if self.adjusted is not None else self.p) <= ALPHA
        return self.large and sure


@dataclass(frozen=True)
class Audited:
    """What one audit found."""

    name: str
    says: str
    """What it found, in a sentence or two with the number that counts most."""
    measures: tuple[Measure, ...] = ()
    rows: tuple[str, ...] = ()
    """Ids of what it is about (samples, raters), the worst first."""
    count: int = 0
    """How many there are of them altogether."""
    table: tuple[Mapping[str, Any], ...] = ()
    """Further lines for people, all with the same keys."""
    verdict: Verdict = "clean"
    skipped: str = ""
    """Why it could not look, where it could not."""

    def facts(self) -> dict[str, Any]:
        """Plain data."""
        return {**asdict(self), "table": [dict(line) for line in self.table]}

    def finding(self) -> Finding | None:
        """As the gate counts it; None where there is nothing to say."""
        if self.verdict in ("clean", "not looked at"):
            return None
        severity = cast(Severity, self.verdict)
        return Finding("audits", self.says, self.count, self.rows[:SHOWN], severity, f"audit.{self.name}")


class Audit(Protocol):
    """One audit: a frozen dataclass whose fields are its parameters in a recipe."""

    severity: Severity
    """What follows where it accuses."""

    def audit(self, data: AuditData) -> Audited:
        """Look; the verdict is given afterwards, when all tests are known."""
        ...


def skipped(name: str, why: str) -> Audited:
    """An audit that could not look."""
    return Audited(name, why, verdict="not looked at", skipped=why)


def run(audits: Sequence[Audit], data: AuditData) -> tuple[Audited, ...]:
    """What all audits find; each test counts that there are others (Holm)."""
    found = [audit.audit(data) for audit in audits]
    severities = [audit.severity for audit in audits]
    return tuple(judged(found, severities))


def judged(found: Sequence[Audited], severities: Sequence[Severity]) -> Iterator[Audited]:
    """The same with verdicts."""
    adjusted = iter(holm([m.p for audited in found for m in audited.measures if m.p is not None]))
    for audited, severity in zip(found, severities, strict=True):
        measures = tuple(m if m.p is None else replace(m, adjusted=next(adjusted)) for m in audited.measures)
        guilty = [m.severity or severity for m in measures if m.accuses]
        gravest: Verdict = min(guilty, key=_GRAVEST.index) if guilty else "clean"
        verdict: Verdict = "not looked at" if audited.skipped else gravest
        yield replace(audited, measures=measures, verdict=verdict)
