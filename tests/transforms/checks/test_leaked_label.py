"""Reasons that give the label away."""

from typing import Any, Literal

import pytest
from support.checking import EKMAN, lost, vote

from affectory.transforms.checks.leaked_label import LeakedLabel

LEADS = "Her voice is low and slow. She looks at the floor, so this is sadness."
OPENS = "She is sad: her voice is low and she looks at the floor for a long time."
SHORT = "Because she is sad."


def step(how: Literal["names", "opens", "only"], label: str | None = None) -> LeakedLabel:
    return LeakedLabel(of="why", how=how, label=label, taxonomy=EKMAN)


@pytest.mark.parametrize(
    ("how", "text", "is_lost"),
    [
        ("names", LEADS, True),
        ("names", "Her voice is low.", False),
        ("opens", LEADS, False),
        ("opens", OPENS, True),
        ("only", LEADS, False),
        ("only", SHORT, True),
        ("names", None, False),
        ("opens", "1. She is sad, as her voice is low.", True),
        ("opens", "... Dr. Gray is sad.", True),
        ("opens", "她低着头。她很悲伤。", False),
        ("opens", "她很悲伤。她低着头。", True),
        ("only", "她很悲伤。", True),
        ("only", "她低着头，声音很小，也不看别人，所以是悲伤。", False),
    ],
)
def test_how_a_label_is_given_away(how: Literal["names", "opens", "only"], text: str | None, is_lost: bool) -> None:
    found = lost(step(how), why=text, language=None)
    assert (found is not None) == is_lost
    if found:
        assert found[0] == "filtered" and f"why {how} the label sadness" in found[1]


@pytest.mark.parametrize(
    ("label", "given", "is_lost"),
    [
        ("gold", "sadness", True),
        ("gold", "sad", True),
        ("gold", "anger", False),
        ("gold", None, False),
        ("opinions_opine", [vote(sadness=0.7, joy=0.3)], True),
        ("opinions_opine", [vote(sadness=0.3, joy=0.7)], False),
        ("opinions_opine", [], False),
    ],
)
def test_only_the_samples_own_label_counts_where_it_is_known(label: str, given: Any, is_lost: bool) -> None:
    assert (lost(step("names", label), why=LEADS, language="en", **{label: given}) is not None) == is_lost
