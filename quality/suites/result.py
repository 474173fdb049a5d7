"""What suites found: counts of each check over all lots, what follows from them, and how it is told."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from affectory.quality.findings import SHOWN, Finding
from affectory.quality.suites.about import Check

Status = Literal["passed", "blocks", "warns", "tells", "not looked at"]
_WIDTH = 118


@dataclass(frozen=True)
class Counted:
    """One check, and what it found."""

    check: Check
    elements: int = 0
    missing: int = 0
    unexpected: int = 0
    rows: tuple[str, ...] = ()
    observed: Any = None
    """Of a check about a column as a whole, what it is."""
    met: bool = True
    """Of such a check."""
    looked: bool = False
    nobody: bool = False
    """Whether no row is what it is about."""

    def plus(self, found: Mapping[str, Any]) -> "Counted":
        """With what another lot holds."""
        rows = tuple(sorted({*self.rows, *found["rows"]})[:SHOWN])
        counts = {f"{k}s" if k == "element" else k: found[k] for k in ("element", "missing", "unexpected")}
        added = {key: getattr(self, key) + count for key, count in counts.items()}
        return replace(self, **added, rows=rows, observed=found["observed"], met=self.met and found["met"], looked=True)

    @property
    def of(self) -> int:
        """How many rows it had something to say of: a check of nulls looks at all of them."""
        looks_at_nulls = self.check.expect in ("column_values_to_not_be_null", "column_values_to_be_null")
        return self.elements if looks_at_nulls else self.elements - self.missing

    @property
    def status(self) -> Status:
        if not self.looked or self.nobody:
            return "not looked at"
        if self.observed is not None or not self.elements:
            return "passed" if self.met else self.check.severity
        return "passed" if self.unexpected <= (1 - self.check.mostly) * self.of + 1e-9 else self.check.severity

    @property
    def finding(self) -> Finding | None:
        check = self.check
        if self.nobody:
            return Finding(check.table, f"{check.name}: no row is as its `where` says", 1, (), "warns", check.name)
        if self.status in ("passed", "not looked at"):
            return None
        told = f"{check.means}; it is {self.observed}" if self.observed is not None else check.means
        if check.mostly < 1:
            told += f" (met by {1 - self.unexpected / self.of:.1%}, asked of {check.mostly:.1%})"
        return Finding(check.table, told, self.unexpected or 1, self.rows, check.severity, check.name)

    def facts(self) -> dict[str, Any]:
        """Plain data."""
        check = self.check
        said = {"name": check.name, "table": check.table, "expect": check.expect, "arguments": dict(check.arguments)}
        strict = {"means": check.means, "severity": check.severity, "mostly": check.mostly, "where": dict(check.where)}
        counts = {"elements": self.elements, "missing": self.missing, "unexpected": self.unexpected}
        return {**said, **strict, **counts, "observed": self.observed, "status": self.status, "rows": list(self.rows)}


@dataclass(frozen=True)
class SuiteResult:
    """What all checks found."""

    counted: tuple[Counted, ...]
    rows: Mapping[str, int]
    """By table, how many there are."""

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Of every check that is not met."""
        return tuple(found for counted in self.counted if (found := counted.finding))

    @property
    def names(self) -> frozenset[str]:
        """The checks that were looked at."""
        return frozenset(counted.check.name for counted in self.counted if counted.looked)

    def facts(self) -> dict[str, Any]:
        """Plain data, the same for the same tables however they are cut into files."""
        return {"rows": dict(sorted(self.rows.items())), "checks": [c.facts() for c in self.counted if c.looked]}

    def as_text(self) -> str:
        """One screen: each table with its checks, then what is not met."""
        lines = [f"{'table':<10}{'rows':>11}{'checks':>8}{'passed':>8}{'blocks':>8}{'warns':>8}{'tells':>8}"]
        lines += [self._line(table) for table in sorted(self.rows)]
        found = sorted(self.findings, key=lambda f: (("blocks", "warns", "tells").index(f.severity), f.check))
        told = [_line_of(f"{f.severity:<7}{f.check}: {f.rule}, {f.count:,}", f.rows) for f in found]
        return "\n".join([*lines, *([""] if told else []), *_few(told)])

    def _line(self, table: str) -> str:
        held = [c.status for c in self.counted if c.check.table == table and c.looked]
        counts = (f"{held.count(status):>8}" for status in ("passed", "blocks", "warns", "tells"))
        return f"{table:<10}{self.rows[table]:>11,}{len(held):>8}{''.join(counts)}"


def _line_of(told: str, rows: Sequence[str]) -> str:
    """Within a line, with as many ids as are whole in it."""
    if len(told) > _WIDTH:
        return f"{told[: _WIDTH - 4]} ..."
    fit = next(n for n in range(len(rows), -1, -1) if len(_with(told, rows, n)) <= _WIDTH or not n)
    return _with(told, rows, fit)


def _with(told: str, rows: Sequence[str], fit: int) -> str:
    named = ", ".join([*rows[:fit], *(["..."] if fit < len(rows) else [])])
    return f"{told}: {named}" if fit else told


def _few(lines: list[str], most: int = 12) -> list[str]:
    return lines if len(lines) <= most else [*lines[:most], f"and {len(lines) - most} more"]
