"""Raters who see what a sample shows, see it in another way, click at random or click one thing."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
from support.opining import ABC, Row, opinion, table

from affectory.transforms.views._attention import attention
from affectory.transforms.views._judged import judged

Says = Callable[[int, np.random.Generator], int]
"""From the number of the label that a sample shows to the one that is said."""


def sees(often: float, turned: int = 0) -> Says:
    """Says what is shown this often, else any label; and calls all labels by others throughout."""
    return lambda shown, draws: ((shown if draws.random() < often else int(draws.integers(3))) + turned) % 3


@dataclass
class World:
    """Sixty samples for each rater in an order of their own, and eight of them again later."""

    seed: int = 0
    rows: list[Row] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.draws = np.random.default_rng(self.seed)
        self.shown = self.draws.integers(3, size=120)

    def rates(self, rater: str, says: Says, again: int = 8, seconds: float = 8, order: Any = None, **more: Any) -> None:
        samples = self.draws.permutation(120)[:60] if order is None else order
        for position, sample in enumerate([*samples, *samples[:again]]):
            said = says(int(self.shown[sample]), self.draws)
            took = float(self.draws.lognormal(np.log(seconds), 0.4))
            self.add(rater, int(sample), said, {"position": position}, spent_s=took, **more)

    def add(self, rater: str, sample: int, said: int, shown: Any, labels: Sequence[str] = "abc", **more: Any) -> None:
        weights = [float(label == "abc"[said]) for label in labels]
        of = {"sample_id": f"s_{sample:03}", "rater": f"p_{rater}", "shown": shown, **more}
        self.rows.append(opinion(len(self.rows), weights, labels, **of))

    def found(self, gold: pa.Table | None = None) -> dict[str, Row]:
        """What is found of each rater."""
        rows = attention(judged(table(*self.rows), ABC), ABC, gold).to_pylist()
        return {row["rater"][2:]: row for row in rows}
