"""A panel against what a description says."""

from typing import Any

import pytest
from support.checking import EKMAN, checked, lost, vote

from affectory.transforms.checks.consensus import Consensus

STEP = Consensus(panel=("face", "voice", "words"), read="reader", taxonomy=EKMAN)


def row(read: list[dict[str, Any]], *panel: list[dict[str, Any]]) -> dict[str, Any]:
    names = ("opinions_face", "opinions_voice", "opinions_words")
    return {"opinions_reader": read, **dict(zip(names, panel, strict=False))}


@pytest.mark.parametrize(
    ("panel", "chosen"),
    [
        ([[vote(anger=1)], [vote(anger=0.6, joy=0.4)], [vote(anger=1)]], 1.0),
        ([[vote(anger=1)], [vote(joy=1)], [vote(anger=1)]], 0.666667),
        ([[vote(anger=0.5, sadness=0.5)], [], []], 0.5),
    ],
)
def test_enough_of_the_panel_agrees(panel: list[list[dict[str, Any]]], chosen: float) -> None:
    result = checked(STEP, row([vote(anger=1)], *panel))
    assert result.rows.column("consensus").to_pylist() == [chosen]


def test_another_emotion_is_rejected_and_both_sides_are_told() -> None:
    found = lost(STEP, **row([vote(joy=1)], [vote(anger=1)], [vote(anger=1)], [vote(joy=1)]))
    assert found == ("filtered", "the panel says anger 67%, joy 33%; reader says joy 100%")


def test_another_emotion_on_the_same_side_can_do() -> None:
    loose = Consensus(panel=("face",), read="reader", least=0, taxonomy=EKMAN)
    assert lost(loose, **row([vote(sadness=1)], [vote(anger=1)])) is None
    assert lost(loose, **row([vote(joy=1)], [vote(anger=1)])) is not None


@pytest.mark.parametrize(("read", "panel"), [([], [vote(joy=1)]), ([vote(joy=1)], []), ([vote(joy=1)], [vote()])])
def test_without_opinions_nothing_can_agree(read: list[dict[str, Any]], panel: list[dict[str, Any]]) -> None:
    found = lost(STEP, **row(read, panel))
    assert found and "has no opinion on it" in found[1]
    lenient = Consensus(panel=("face",), read="reader", keep_unjudged=True, taxonomy=EKMAN)
    assert lost(lenient, **row(read, panel)) is None
