"""What a build asked of models and what it cost: now, and of all answers that the dataset is made of."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from affectory.pipelines.store.usage import NOTHING, Usage, from_facts
from affectory.schemas.recipe.asked import Asked, Price


@dataclass(frozen=True)
class Account:
    """A model in one build: what was asked `now`, and the usage of the answers in all that this build made. Prices are
    kept, as the recipe may say others tomorrow."""

    name: str
    now: Usage
    used: Usage
    price: Price

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> "Account":
        return cls(raw["name"], Usage(**raw["now"]), Usage(**raw["used"]), Price(**raw["price"]))


@dataclass(frozen=True)
class ModelUse:
    """A line of the report. `asked` are questions put now, `found` those whose answer was in the ledger, `again` those
    of all that were asked once more as an answer could not be read. An answer that two partitions use counts for both.
    """

    name: str
    asked: int
    found: int
    again: int
    failed: int
    tokens_in: int
    tokens_out: int
    cost: float
    all_answers: int
    all_tokens_in: int
    all_tokens_out: int
    all_cost: float


def accounts(models: Mapping[str, Asked], now: Mapping[str, Usage], used: Mapping[str, Usage]) -> tuple[Account, ...]:
    """The models of a recipe, with what became of questions to them."""
    return tuple(
        Account(name, now.get(name, NOTHING), used.get(name, NOTHING), spec.price) for name, spec in models.items()
    )


def model_uses(models: Iterable[Account], facts: Mapping[str, int]) -> tuple[ModelUse, ...]:
    """The report, from accounts of a build and the facts of all commits that it is made of: models that had a part."""
    whole = from_facts(facts)
    asked = [model for model in models if model.name in whole or model.now.asked]
    return tuple(_use(model, whole.get(model.name, NOTHING)) for model in asked)


def _use(model: Account, whole: Usage) -> ModelUse:
    now, found = model.now, max(0, model.used.answers - model.now.answers)
    return ModelUse(
        model.name, now.asked, found, max(now.again, model.used.again), now.failed, now.tokens_in, now.tokens_out,
        now.cost(model.price), whole.answers, whole.tokens_in, whole.tokens_out, whole.cost(model.price),
    )  # fmt: skip


def uses_text(uses: Sequence[ModelUse]) -> list[str]:
    """A small table, costs only where there are some."""
    if not uses:
        return []
    priced = any(use.all_cost or use.cost for use in uses)
    head = ["model", "asked", "found", "again", "failed", "tokens in", "out", *(["cost"] if priced else [])]
    head += ["answers used", "tokens in", "out", *(["cost"] if priced else [])]
    rows = [head, *([use.name, *_numbers(use, priced)] for use in uses)]
    widths = [max(len(row[i]) for row in rows) for i in range(len(head))]
    return [_line(row, widths) for row in rows]


def _line(row: Sequence[str], widths: Sequence[int]) -> str:
    name, *numbers = (cell.rjust(width) for cell, width in zip(row, widths, strict=True))
    return "  ".join([name.strip().ljust(widths[0]), *numbers])


def _numbers(use: ModelUse, priced: bool) -> list[str]:
    now = [use.asked, use.found, use.again, use.failed, use.tokens_in, use.tokens_out]
    whole = [use.all_answers, use.all_tokens_in, use.all_tokens_out]
    told = [[f"{n:,}" for n in part] for part in (now, whole)]
    costs = ([f"{use.cost:,.4g}"], [f"{use.all_cost:,.4g}"]) if priced else ([], [])
    return [*told[0], *costs[0], *told[1], *costs[1]]
