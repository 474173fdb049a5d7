"""What questions to models may cost in one build: claims that all of its processes leave in the workspace, in one row.

Whoever wants to ask writes the next claim, create-only, so that each is made in the knowledge of all before it. No
process gets what another one has, nothing is kept in reserve, and no clock is looked at. A process that dies keeps
what it claimed: at most the limit is asked, never more.
"""

import json
import threading
import uuid
from dataclasses import dataclass, field

from affectory.pipelines.store.files import Files


@dataclass(frozen=True)
class Limits:
    """What a build may ask of models: so many questions, or for so much money, as prices in the recipe say."""

    calls: int | None = None
    cost: float | None = None

    def __str__(self) -> str:
        """As on the command line."""
        given = (("--max-calls", self.calls), ("--max-cost", self.cost))
        return " ".join(f"{option} {value}" for option, value in given if value is not None)

    def __bool__(self) -> bool:
        return self.calls is not None or self.cost is not None


UNLIMITED = Limits()


@dataclass
class _Row:
    """The claims that a process knows of. There are no others before the last of them."""

    next: int = 0
    calls: int = 0
    cost: float = 0.0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, calls: int, cost: float) -> None:
        self.next, self.calls, self.cost = self.next + 1, self.calls + calls, self.cost + cost


_ROWS: dict[tuple[str, str], _Row] = {}


def forget_claims(location: str) -> None:
    """Of builds that lie at a location and are over: another workspace may lie there some day."""
    for key in [key for key in _ROWS if key[0] == location]:
        del _ROWS[key]


@dataclass(frozen=True)
class Budget:
    """The claims of one build, in a folder of their own."""

    files: Files
    folder: str
    limits: Limits

    def claim(self, wanted: int, paid: float = 0.0) -> int:
        """How many of so many questions may be put now; `paid` is what earlier ones came to, where that is not told
        yet."""
        row = self._row()
        with row.lock:
            while True:
                granted = self._left(row, wanted, paid)
                if not granted and not paid:
                    return 0
                # Bytes that name their writer: storage may say of equal ones that they are ours.
                told = {"calls": granted, "cost": paid, "by": uuid.uuid4().hex}
                if self.files.create(self._name(row.next), json.dumps(told).encode()):
                    row.add(granted, paid)
                    return granted
                self._take(row)

    def pay(self, cost: float) -> None:
        """Tell what answers came to."""
        if cost and self.limits.cost is not None:
            self.claim(0, cost)

    def spent(self) -> tuple[int, float]:
        """Questions that were claimed, and what was paid, by all processes so far."""
        row = self._row()
        with row.lock:
            while self.files.exists(self._name(row.next)):
                self._take(row)
            return row.calls, row.cost

    def _left(self, row: _Row, wanted: int, paid: float) -> int:
        calls, cost = self.limits.calls, self.limits.cost
        if cost is not None and row.cost + paid >= cost:
            return 0
        return wanted if calls is None else max(0, min(wanted, calls - row.calls))

    def _take(self, row: _Row) -> None:
        told = json.loads(self.files.read(self._name(row.next)))
        row.add(told["calls"], told["cost"])

    def _name(self, number: int) -> str:
        return f"{self.folder}/{number:08d}.json"

    def _row(self) -> _Row:
        return _ROWS.setdefault((self.files.location, self.folder), _Row())
