"""Where questions are paid: what a build may still ask, and the account of what was asked."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import TypeVar

from affectory.pipelines.store.budget import Budget
from affectory.pipelines.store.usage import NOTHING, Meter, Usage
from affectory.transforms.base import Said
from affectory.transforms.models._asked import AskedModel
from affectory.transforms.models._messages import Ask

T = TypeVar("T")


class OutOfBudget(Exception):
    """Questions are left that the build may not ask; how many of them are known."""

    def __init__(self, left: int) -> None:
        super().__init__(left)
        self.left = left


@dataclass
class Till:
    """Lets questions to one model pass as long as the budget lasts, and tells what they came to."""

    model: AskedModel
    meter: Meter
    budget: Budget | None = None
    _now: Usage = field(default=NOTHING)
    _paid: float = 0.0
    _waiting: int = 0

    def expect(self, questions: int) -> None:
        """So many are to be put, if the budget lasts."""
        self.meter.expect(questions)
        self._waiting += questions

    def at_once(self, most: int) -> int:
        """How many may be under way together. Where money counts these are few: it may be more than is left."""
        counts = self.budget is not None and self.budget.limits.cost is not None
        return min(most, self.model.spec.batch_rows) if counts else most

    def granted(self, questions: Sequence[T]) -> Sequence[T]:
        """Those of some questions that may be put now."""
        if self.budget is None:
            return questions
        return questions[: self.budget.claim(len(questions), self._unpaid())]

    def heard(self, ask: Ask, said: Said) -> None:
        """Write down what came of a question."""
        usage = Usage.of(said, ask.again > 0)
        self._now += usage
        self._waiting -= 1
        self.meter.add(self.model.name, usage)

    def _unpaid(self) -> float:
        cost = self._now.cost(self.model.spec.price)
        due, self._paid = cost - self._paid, cost
        return due

    def __enter__(self) -> "Till":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        if self.budget is not None:
            self.budget.pay(self._unpaid())
        self.meter.expect(-self._waiting)
        self.meter.tell()
