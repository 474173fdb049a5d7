"""BRIGHTER: what other rules than the published ones would have made of its ratings, and how many there are."""

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.published import brighter, brighter_gold

from affectory.quality.agreement import Ratings, coded
from affectory.transforms.views.intensity_mean import IntensityMean, Rounding
from affectory.transforms.views.threshold import Threshold

Shared = Callable[[str], Path]
TEXTS = {"afr": "text_content", "arq": "text_id"}
every_language = pytest.mark.parametrize("language", TEXTS)


def expected(shared: Shared, language: str) -> Any:
    return json.loads(shared("expected/brighter_aggregation.json").read_text())["languages"][language]


@every_language
def test_how_many_rated_what(shared: Shared, language: str) -> None:
    wanted = expected(shared, language)
    with shared(f"brighter/{language}_individuals.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    people = [name for name in rows[0] if name.lower().startswith("annotator")]
    questions = Ratings.read(rows, item=TEXTS[language], raters=people, question="emotion").questions
    made = [coded(question) for question in questions]
    sizes = np.concatenate([ratings.sizes for ratings in made])
    assert {len(ratings.items) for ratings in made} == {wanted["texts"]}
    assert {len(ratings.raters) for ratings in made} == {wanted["raters"]}
    assert sum(ratings.repeats for ratings in made) == wanted["duplicate_rater_item_rows"]
    assert (sizes.sum(), sizes.min(), sizes.max()) == (wanted["ratings"], wanted["min"], wanted["max"])
    assert sizes.mean() == pytest.approx(wanted["ratings_per_item_mean"], abs=1e-9)


@every_language
def test_how_often_other_rules_give_the_published_label(shared: Shared, language: str) -> None:
    wanted = expected(shared, language)["track_a"]
    taxonomy, opinions = brighter(shared, language)
    _, present = brighter(shared, language, present=True)
    found = {
        # Of nine raters or fewer no mean lies between these.
        "match_ge_half": Threshold(mean=0.499).view(opinions, taxonomy),
        # The share of raters who find it; one half is rounded to nothing.
        "match_strict_majority": IntensityMean("half_even").view(present, taxonomy),
    }
    for name, labels in found.items():
        pairs = brighter_gold(shared, language, "a", labels, taxonomy)
        assert len(pairs) == wanted["cells"]
        assert np.mean([ours == theirs for ours, theirs in pairs]) == pytest.approx(wanted[name], abs=1e-9), name


def test_how_often_each_rounding_gives_the_published_intensity(shared: Shared) -> None:
    wanted = expected(shared, "arq")["track_b"]
    taxonomy, opinions = brighter(shared, "arq")
    rules: dict[str, Rounding] = {
        "match_ceil": "ceil", "match_round_half_even": "half_even", "match_round_half_up": "half_up",
    }  # fmt: skip
    for name, rounding in rules.items():
        labels = IntensityMean(rounding, Threshold()).view(opinions, taxonomy)
        pairs = brighter_gold(shared, "arq", "b", labels, taxonomy)
        assert len(pairs) == wanted["cells"]
        assert np.mean([ours == theirs for ours, theirs in pairs]) == pytest.approx(wanted[name], abs=1e-9), name
    means = brighter_gold(shared, "arq", "b", IntensityMean().view(opinions, taxonomy), taxonomy)
    halves = [mean is not None and mean % 1 == 0.5 for mean, _ in means]
    assert sum(halves) == wanted["cells_with_exact_half_mean"]
