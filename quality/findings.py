"""What a check found: which rows break which rule, and whether that stops a release."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal

from affectory.schemas.errors import AffectoryError, Exit

SHOWN = 20
Severity = Literal["blocks", "warns", "tells"]


@dataclass(frozen=True)
class Finding:
    """One rule that rows broke."""

    table: str
    rule: str
    count: int
    rows: tuple[str, ...]
    severity: Severity = "blocks"
    check: str = ""
    """The name by which a recipe adjusts it and a publisher allows it: `samples.language`, `audit.leakage`."""

    @classmethod
    def of(
        cls, table: str, rule: str, rows: Sequence[str], severity: Severity = "blocks", check: str = ""
    ) -> "Finding":
        return cls(table, rule, len(rows), tuple(sorted(set(rows))[:SHOWN]), severity, check)

    def __str__(self) -> str:
        named = ", ".join(self.rows[:5]) + (", ..." if len(self.rows) > 5 else "")
        name = f"[{self.check}] " if self.check else ""
        return f"{name}{self.table}: {self.rule} ({self.count}{': ' + named if named else ''})"


def merged(findings: Iterable[Finding]) -> list[Finding]:
    """What was found in several lots of rows as one finding for each rule."""
    by_rule: dict[tuple[str, str], Finding] = {}
    for new in findings:
        old = by_rule.get((new.table, new.rule), replace(new, count=0, rows=()))
        rows = tuple(sorted({*old.rows, *new.rows})[:SHOWN])
        by_rule[new.table, new.rule] = replace(new, count=old.count + new.count, rows=rows)
    return list(by_rule.values())


@dataclass(eq=False)
class GateFailed(AffectoryError):
    """The dataset broke a rule that stops publication."""

    exit_code = Exit.GATE
    findings: tuple[Finding, ...] = field(default=())
    kept_at: str = ""
    """Where all that was looked at is written."""

    def __str__(self) -> str:
        blocking = [f for f in self.findings if f.severity == "blocks"]
        lines = ["the gate is closed, nothing was published:", *(f"  {finding}" for finding in blocking)]
        if named := sorted({f.check for f in blocking if f.check}):
            reasons = " ".join(f"--allow '{name}=why it may be so'" for name in named)
            lines.append(f"mend the rows, or publish all the same with a reason: affectory publish RECIPE {reasons}")
        return "\n".join([*lines, *([f"all that was looked at: {self.kept_at}"] if self.kept_at else [])])

    def facts(self) -> dict[str, Any]:
        return {"error": "GateFailed", "findings": [asdict(f) for f in self.findings], "kept_at": self.kept_at}
