"""Errors carry their facts as fields: they survive pickling and print as text or JSON."""

from dataclasses import dataclass, fields
from enum import IntEnum
from typing import Any


class Exit(IntEnum):
    """What the process says to a scheduler when it ends."""

    OK = 0
    INTERNAL = 1
    USER = 2
    LEASE = 3
    GATE = 4
    FAILURES = 5
    BUDGET = 6


@dataclass(eq=False)
class AffectoryError(Exception):
    """Base of all our errors; a subclass declares its facts as fields and composes its message in `__str__`."""

    exit_code = Exit.INTERNAL

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), tuple(getattr(self, f.name) for f in fields(self))

    def facts(self) -> dict[str, Any]:
        """The error as plain data, for `--json` and the run log."""
        return {"error": type(self).__name__, **{f.name: getattr(self, f.name) for f in fields(self)}}


@dataclass(eq=False)
class UserError(AffectoryError):
    """A mistake the user can mend: what is wrong, and what to do."""

    exit_code = Exit.USER
    message: str
    hint: str = ""

    def __str__(self) -> str:
        return f"{self.message}\n  {self.hint}" if self.hint else self.message


@dataclass(eq=False)
class SchemaMismatch(AffectoryError):
    """A table does not fit the schema that it was declared with."""

    table: str
    column: str
    given: str
    expected: str
    row: int | None = None

    def __str__(self) -> str:
        where = f", row {self.row}" if self.row is not None else ""
        return f"table {self.table}, column {self.column}{where}: given {self.given}, expected {self.expected}"


@dataclass(eq=False)
class NotConserved(AffectoryError):
    """Rows vanished or appeared: kept + rejected + failed is not what went in."""

    stage: str
    detail: str
    rows_in: int
    accounted: int

    def __str__(self) -> str:
        return f"stage {self.stage}: {self.rows_in} rows in, {self.accounted} accounted for ({self.detail})"


@dataclass(eq=False)
class RuleFailed(AffectoryError):
    """A rule broke on opinions that it should have had an answer for."""

    rule: str
    doing: str
    error: str

    def __str__(self) -> str:
        return (
            f"rule {self.rule} failed at {self.doing}: {self.error}\n"
            "  this is a mistake in the rule, not in the recipe; what was built stays, and another rule can label it"
        )
