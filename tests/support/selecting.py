"""Small worlds for tests of selection: samples, raters, and nights in which they answer."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
from support.opining import ABC, table

from affectory.annotation.selecting.plan import plan
from affectory.annotation.selecting.wanted import DONE, SAMPLES, Planned, Rater, Wanted
from affectory.schemas.ledgers import ASKS
from affectory.schemas.recipe.review import Question
from affectory.transforms.views._mixture import Mixture

CLEAR_OR_NOT = Mixture(
    (3,), np.full((1, 4), 0.25), np.array([[9.0, 0.5, 0.5], [0.5, 9.0, 0.5], [0.5, 0.5, 9.0], [4.0, 4.0, 4.0]])
)
"""Samples on which nearly all say one thing, and some on which they do not."""
DAY = date(2026, 3, 2)
FORMS = dict.fromkeys(("video", "audio", "image", "text"), "form-1")
Row = dict[str, Any]


def samples(count: int, **given: Any) -> pa.Table:
    """Samples s_000, s_001, ..., all alike but for what is given: a value for all, or a list of them."""
    return samples_of([
        {name: value[n % len(value)] if isinstance(value, list) else value for name, value in given.items()}
        for n in range(count)
    ])  # fmt: skip


def samples_of(rows: Sequence[Row]) -> pa.Table:
    made = [
        {"sample_id": f"s_{n:03}", "kind": "text", "content": f"c_{n}", "source": "a", **row}
        for n, row in enumerate(rows)
    ]
    return pa.Table.from_pylist([{"anchor": {"record": row["sample_id"]}, **row} for row in made], SAMPLES)


def wanted(count: int | pa.Table = 10, question: Row | None = None, **given: Any) -> Wanted:
    """A question about so many texts that nobody judged."""
    defaults: Row = {
        "name": "main",
        "question": Question.model_validate({"raters": 1, "explore": 0, **(question or {})}),
        "form": FORMS,
        "samples": samples(count) if isinstance(count, int) else count,
        "opinions": table(),
        "taxonomy": ABC,
        "asks": ASKS.empty(),
        "done": pa.Table.from_pylist([], DONE),
        "seed": "data/main",
        "round": 1,
        "today": DAY,
        "mixture": CLEAR_OR_NOT,
    }
    return Wanted(**{**defaults, **given})


def raters(*names: str, **given: Any) -> tuple[Rater, ...]:
    return tuple(Rater(f"p_{name}", **given) for name in names)


def asked(found: Planned, **wanted: Any) -> list[Row]:
    """The asks of a plan, those only that are as given."""
    rows: list[Row] = found.fresh.to_pylist()
    return [row for row in rows if all(row[name] == value for name, value in wanted.items())]


@dataclass(repr=False)
class World:
    """Nights of a review: plans are appended to the ledger, raters answer some of what is open."""

    wanted: Wanted
    plans: list[Planned] = field(default_factory=list)
    told: dict[tuple[str, str], Row] = field(default_factory=dict)

    def night(self) -> Planned:
        """Plan, and write the plan down."""
        found = plan(self.wanted)
        asks = pa.concat_tables([self.wanted.asks, found.fresh])
        self.wanted = replace(self.wanted, asks=asks, round=self.wanted.round + 1)
        self.plans.append(found)
        return found

    def __repr__(self) -> str:
        return (
            f"World({self.wanted.question!r}, {self.wanted.raters!r}, {self.wanted.limits!r}, nights {len(self.plans)})"
        )

    def open(self) -> list[Row]:
        """The asks that are open in the ledger and nobody answered."""
        return [row for row in newest(self.wanted.asks) if row["closed"] is None and not self.answered(row)]

    def answered(self, ask: Row) -> bool:
        return (ask["task"], ask["rater"]) in self.told

    def answer(self, ask: Row, state: str = "taken", **given: Any) -> None:
        """What came back for an ask; nobody's are answered by somebody new."""
        rater = ask["rater"] or f"p_{len(self.told)}"
        row = {"task": ask["task"], "rater": rater, "state": state, "spent_s": 10.0, "at": self.wanted.today}
        self.told[ask["task"], rater] = {**row, "harmful": False, "labels": ["a"], **given}
        self.wanted = replace(self.wanted, done=pa.Table.from_pylist(list(self.told.values()), DONE))

    def next_day(self, days: int = 1) -> None:
        self.wanted = replace(self.wanted, today=self.wanted.today + timedelta(days=days))


def newest(asks: pa.Table) -> list[Row]:
    """Of each ask its newest revision."""
    found: dict[str, Row] = {}
    for row in sorted(asks.to_pylist(), key=lambda row: row["revision"]):
        found[row["ask_id"]] = row
    return list(found.values())


def shuffled(given: pa.Table, seed: int) -> pa.Table:
    order = list(range(given.num_rows))
    random.Random(seed).shuffle(order)
    return given.take(pa.array(order, pa.int64()))


def opinions(said: Mapping[str, Sequence[int]], rows: Sequence[Row] = ()) -> pa.Table:
    """Votes of people about samples, by label."""
    from support.opining import opinion

    made = [
        opinion(0, [float(label == choice) for label in range(3)], opinion_id=f"o_{sample}_{n}", sample_id=sample,
                rater=f"p_old{n}", modalities=["text"])
        for sample, choices in said.items()
        for n, choice in enumerate(choices)
    ]  # fmt: skip
    return table(*made, *rows)
