"""Versions of a dataset, and which comes next."""

import re
from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple, Self

Bump = Literal["first", "major", "minor", "patch", "none"]
_PATTERN = re.compile(r"^v(\d+)\.(\d+)\.(\d+)$")


class Version(NamedTuple):
    """major: schema or taxonomy; minor: rows added; patch: labels, removals, or the card."""

    major: int
    minor: int
    patch: int

    @classmethod
    def parse(cls, name: str) -> Self | None:
        """The version that a folder is named after, if it is."""
        match = _PATTERN.match(name)
        return cls(*map(int, match.groups())) if match else None

    def __str__(self) -> str:
        return f"v{self.major}.{self.minor}.{self.patch}"

    def bumped(self, bump: Bump) -> "Version":
        """The version after a change of this size."""
        steps = {
            "major": Version(self.major + 1, 0, 0),
            "minor": Version(self.major, self.minor + 1, 0),
            "patch": Version(self.major, self.minor, self.patch + 1),
        }
        return steps.get(bump, self)


FIRST = Version(1, 0, 0)
_RULES: Mapping[str, str] = {
    "first": "nothing was published before",
    "major": "columns, configs, the taxonomy or label spaces changed, so code that reads it may have to change",
    "minor": "rows were added; columns, configs and taxonomy stayed",
    "patch": "no rows were added: values or labels changed, rows were taken back, or texts about the data changed",
    "none": "nothing differs",
}


def explained(bump: Bump, reasons: Sequence[str] = ()) -> str:
    """Why a version is the one that it is: the rule, and what it was applied to."""
    return f"{bump}: {_RULES[bump]}" + (f" ({'; '.join(reasons)})" if reasons else "")
