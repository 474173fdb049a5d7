"""Preference scores, against what sklearn gives for the rule of MER2026."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from affectory.quality.preference import read_preference, three_class, two_class

Shared = Callable[[str], Path]


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        ("A1.", "a1"),
        ("I prefer a2 over a1", "a2"),
        ("both are the same", "same"),
        ("unclear", "same"),
        ("Same, though a1 is longer", "same"),
        ("", "same"),
    ],
)
def test_a_reply_prefers_what_it_names_first(reply: str, expected: str) -> None:
    assert read_preference(reply) == expected


@pytest.mark.parametrize(
    ("score", "truth", "said", "expected"),
    [
        (two_class, ["a1", "a2", "same"], ["a1", "a1", "a2"], (1 / 3, 0.5, 2)),
        (two_class, ["a1"], ["same"], (1.0, 1.0, 1)),
        (two_class, ["same"], ["a1"], (None, None, 0)),
        (two_class, [], [], (None, None, 0)),
        (three_class, ["a1", "same"], ["same", "same"], (1 / 3, 0.5, 2)),
        (three_class, ["a1"], ["a2"], (0.0, 0.0, 1)),
    ],
)
def test_ties_of_people_are_no_pairs_and_ties_of_models_are_the_first(
    score: Any, truth: Any, said: Any, expected: Any
) -> None:
    found = score(truth, said)
    assert (found.weighted_f1, found.accuracy, found.pairs) == pytest.approx(expected)


def test_words_that_are_no_preference_are_refused() -> None:
    with pytest.raises(ValueError, match="no preference: both"):
        three_class(["a1"], ["both"])  # type: ignore[list-item]


def test_the_shared_cases(shared: Shared) -> None:
    expected = json.loads(shared("expected/preference_metric.json").read_text())
    for case in expected["cases"]:
        for name, score in (("twoclass", two_class), ("threeclass", three_class)):
            found = score(case["gt"], case["pred"])
            wanted = [case[f"{name}_weighted_f1"], case[f"{name}_acc"]]
            assert [found.weighted_f1, found.accuracy] == pytest.approx(wanted, abs=1e-9), (name, case)
    assert [read_preference(case["response"]) for case in expected["parse_cases"]] == [
        case["label"] for case in expected["parse_cases"]
    ]
    assert (len(expected["cases"]), len(expected["parse_cases"])) == (3, 4)
