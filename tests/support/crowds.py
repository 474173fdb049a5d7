"""Three real sets of votes on which crowd-kit 1.4.2 was run, as long tables."""

import csv
import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

Shared = Callable[[str], Path]
Row = tuple[str, str, str]


@dataclass(frozen=True)
class Crowd:
    """Votes (item, rater, label) in the order of the file, and what crowd-kit makes of them."""

    rows: list[Row]
    truth: dict[str, str]
    expected: dict[str, Any]

    @cached_property
    def names(self) -> tuple[list[str], list[str], list[str]]:
        """Items, raters and labels, sorted."""
        items, raters, labels = (sorted({row[place] for row in self.rows}) for place in range(3))
        return items, raters, labels

    @cached_property
    def votes(self) -> tuple[Any, ...]:
        """What the fits take: item, rater, label, weight, and how many there are of each."""
        places = [{name: place for place, name in enumerate(known)} for known in self.names]
        columns = [np.array([place[row[n]] for row in self.rows]) for n, place in enumerate(places)]
        return (*columns, np.ones(len(self.rows)), *map(len, self.names))


def crowd(name: str, shared: Shared) -> Crowd:
    """One of `SETS` by name."""
    known, read = SETS[name]
    expected = json.loads(shared("expected/crowd_aggregation.json").read_text())["sets"][known]
    return Crowd(*read(shared), expected)


def _brexit(shared: Shared) -> tuple[list[Row], dict[str, str]]:
    items = json.loads(shared("lewidi/HS-Brexit_train.json").read_text(encoding="utf-8"))
    rows = [
        (item, rater, label)
        for item, of in items.items()
        for rater, label in zip(of["annotators"].split(","), of["annotations"].split(","), strict=True)
    ]
    return rows, {item: of["hard_label"] for item, of in items.items()}


def _afrikaans(shared: Shared) -> tuple[list[Row], dict[str, str]]:
    with shared("brighter/afr_individuals.csv").open(encoding="utf-8", newline="") as file:
        found = [row for row in csv.DictReader(file) if row["emotion"] == "neutral"]
    raters = ("annotator_1", "annotator_2", "annotator_3")
    rows = [(row[""], rater, row[rater]) for row in found for rater in raters]
    return rows, {row[""]: row["majority_vote"] for row in found}


def _moods(shared: Shared) -> tuple[list[Row], dict[str, str]]:
    with shared("earkick_labelstudio/assessment.csv").open(encoding="utf-8", newline="") as file:
        return [(row["id"], row["annotator"], row["mood"]) for row in csv.DictReader(file)], {}


SETS = {
    "brexit": ("hs_brexit_train_vs_majority_hard_label", _brexit),
    "afrikaans": ("brighter_afr_neutral_vs_majority_vote", _afrikaans),
    "moods": ("earkick_mood", _moods),
}
