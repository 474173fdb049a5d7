"""Ratings for tests: what raters said of items, as a matrix with a row for each rater."""

from collections.abc import Sequence
from typing import Any

from affectory.quality.agreement import Coded, Question, Ratings, coded


def asked(matrix: Sequence[Sequence[Any]], level: Any = None, **more: Any) -> Question:
    """One question; None is a gap."""
    rows = [
        {"item": f"i{item:03}", "rater": f"r{rater:03}", "value": value}
        for rater, values in enumerate(matrix)
        for item, value in enumerate(values)
    ]
    [question] = Ratings.read(rows, item="item", rater="rater", value="value", level=level, **more).questions
    return question


def rated(matrix: Sequence[Sequence[Any]], level: Any = None) -> Coded:
    """The same, ready to be measured."""
    return coded(asked(matrix, level))
