"""What models were asked in a build, and what it came to, told by all processes through the workspace."""

import json
import time
import uuid
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, fields
from types import TracebackType
from typing import Any

from affectory.pipelines.store.files import Files
from affectory.schemas.recipe.asked import Price
from affectory.transforms.base import Reply, Said

TELL_S = 3.0
"""How often a process tells what it asked while it is at it."""
_FACT = "asked"


@dataclass(frozen=True)
class Usage:
    """Questions to a model: how many were answered, how many were asked `again` as an answer could not be read, how
    many got no reply, and tokens of the answers."""

    answers: int = 0
    again: int = 0
    failed: int = 0
    tokens_in: int = 0
    tokens_out: int = 0

    @classmethod
    def of(cls, said: Said, again: bool) -> "Usage":
        """That of one question."""
        if not isinstance(said, Reply):
            return cls(again=int(again), failed=1)
        return cls(1, int(again), 0, said.usage.get("tokens_in", 0), said.usage.get("tokens_out", 0))

    def __add__(self, other: "Usage") -> "Usage":
        return Usage(*(getattr(self, f.name) + getattr(other, f.name) for f in fields(self)))

    @property
    def asked(self) -> int:
        return self.answers + self.failed

    def cost(self, price: Price) -> float:
        """Money, by prices per million tokens."""
        return (self.tokens_in * price.input + self.tokens_out * price.output) / 1e6


NOTHING = Usage()


def summed(parts: Iterable[tuple[str, Usage]]) -> dict[str, Usage]:
    """Usage by the name of the model."""
    found: dict[str, Usage] = {}
    for model, usage in parts:
        found[model] = found.get(model, NOTHING) + usage
    return found


def as_facts(used: Mapping[str, Usage]) -> dict[str, int]:
    """Usage among the facts of a commit, which are numbers by name and add up over a build."""
    return {f"{_FACT}/{model}/{name}": n for model, usage in used.items() for name, n in asdict(usage).items() if n}


def from_facts(facts: Mapping[str, int]) -> dict[str, Usage]:
    """Usage from the facts of a commit, or of many."""
    mine = {name.removeprefix(f"{_FACT}/"): n for name, n in facts.items() if name.startswith(f"{_FACT}/")}
    named = ((*name.rpartition("/")[::2], n) for name, n in mine.items())
    return summed((model, Usage(**{what: n})) for model, what, n in named)


@dataclass
class Meter:
    """Tells what a process asks: now and then while it is at it, and at its end."""

    files: Files
    folder: str
    _told: dict[str, Usage] = field(default_factory=dict)
    _expected: int = 0
    _last: float = field(default_factory=time.monotonic)

    def expect(self, questions: int) -> None:
        """So many are about to be asked."""
        self._expected += questions

    def add(self, model: str, usage: Usage) -> None:
        """One was asked."""
        self._told[model] = self._told.get(model, NOTHING) + usage
        if time.monotonic() - self._last >= TELL_S:
            self.tell()

    def tell(self) -> None:
        """Write what is not told yet."""
        if self._told or self._expected:
            models = {model: asdict(usage) for model, usage in self._told.items()}
            told = {"expected": self._expected, "models": models}
            self.files.create(f"{self.folder}/{uuid.uuid4().hex}.json", json.dumps(told).encode())
        self._told, self._expected, self._last = {}, 0, time.monotonic()

    def __enter__(self) -> "Meter":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self.tell()


@dataclass
class Reading:
    """All that meters told of a build so far."""

    files: Files
    folder: str
    expected: int = 0
    models: dict[str, Usage] = field(default_factory=dict)
    _seen: set[str] = field(default_factory=set)

    def look(self) -> "Reading":
        """Read what came since the last look."""
        for told in self._fresh():
            self.expected += told["expected"]
            now = ((model, Usage(**usage)) for model, usage in told["models"].items())
            self.models = summed([*self.models.items(), *now])
        return self

    @property
    def asked(self) -> int:
        return sum(usage.asked for usage in self.models.values())

    def _fresh(self) -> Iterator[dict[str, Any]]:
        for name in self.files.names(self.folder):
            if name not in self._seen:
                self._seen.add(name)
                yield json.loads(self.files.read(name))
