"""How long people worked, by what their answers say, kept in the home as lines that are only added to."""

import json
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from time import time

from affectory.annotation.server.private import write_private

WEEK_S = 7 * 86400
LONGEST_S = 3600.0
"""Whoever leaves an answer open over night has not worked all night."""


@dataclass
class Hours:
    """The time that raters spent, by pseudonym; an answer that is edited counts with its last time."""

    path: Path
    clock: Callable[[], float] = time
    _spent: dict[str, dict[int, tuple[float, float]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.path.exists():
            for line in self.path.read_text(encoding="utf-8").splitlines():
                self._take(line)

    def add(self, rater: str, annotation: int, seconds: object) -> None:
        """Notes the time that an answer took."""
        if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not seconds > 0:
            return
        row = {"rater": rater, "annotation": annotation, "at": self.clock(), "spent_s": min(float(seconds), LONGEST_S)}
        line = json.dumps(row)
        handle = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(line + "\n")
        self._take(line)

    def week(self, rater: str) -> float:
        """Hours in the last seven days."""
        since = self.clock() - WEEK_S
        return sum(spent for at, spent in self._spent.get(rater, {}).values() if at > since) / 3600

    def _take(self, line: str) -> None:
        try:
            row = json.loads(line)
            self._spent.setdefault(row["rater"], {})[int(row["annotation"])] = float(row["at"]), float(row["spent_s"])
        except (ValueError, KeyError, TypeError):
            return  # the last line of a process that was killed while it wrote


def forget_hours(path: Path, gone: Callable[[str], bool]) -> None:
    """Leave nothing of when some raters worked; where nobody of them did, the file stays as it is."""
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True) if path.exists() else []
    kept = [line for line in lines if not gone(_rater_of(line))]
    if len(kept) < len(lines):
        write_private(path, "".join(kept))


def _rater_of(line: str) -> str:
    try:
        return str(json.loads(line)["rater"])
    except (ValueError, KeyError, TypeError):
        return ""
