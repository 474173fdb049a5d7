"""What models wrote beside what people said: as various as that, or from one mould, and where it lies."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from support.audited import audited, data, label, note, sample, tolerable
from support.opining import Row

from affectory.quality.audits._audited import Audited
from affectory.quality.audits._data import AuditData
from affectory.quality.audits.synthetic import Synthetic

QUICK = Synthetic(times=99)
STRICT = Synthetic(times=99, alike=0.0, apart=0.0)
"""By chance alone: no difference is small enough to do no harm."""
WORDS = [
    a + b for a in ("ba", "ke", "lo", "mi", "nu", "pe", "ra", "so", "ti", "vu") for b in ("n", "r", "s", "lo", "di")
]
Writes = Callable[[np.random.Generator, int], str]


def freely(random: np.random.Generator, number: int) -> str:
    return " ".join(random.choice(WORDS, int(random.integers(8, 16))))


def by_template(random: np.random.Generator, number: int) -> str:
    return f"I felt so {random.choice(WORDS)} when my {random.choice(WORDS)} told me about the {random.choice(WORDS)}"


def again(random: np.random.Generator, number: int) -> str:
    return "the same long story about one day at the sea and nothing else " + ("again" if number % 2 else "once more")


def world(
    draw: int, writes: Writes = freely, share: float = 0.5, rare: float = 0.0, split: str = "train", **more: Any
) -> AuditData:
    """Eighty texts, a share of them made by a model, which may be asked for one label more than people give it."""
    random, samples, notes, labels = np.random.default_rng(draw), list[Row](), list[Row](), list[Row]()
    splits = {}
    for number in range(80):
        name, made = f"s_{number:03}", random.random() < share
        text = writes(random, number) if made else freely(random, number)
        samples.append(sample(name, text=text, language="en"))
        notes.append(note(name, "origin", "synthetic" if made else "found"))
        said = 2 if made and random.random() < rare else int(random.integers(3))
        labels.append(label(name, np.eye(3)[said].tolist()))
        splits[name] = split if made else ("train", "test")[number % 2]
    return data({"samples": samples, "notes": notes, "labels": labels}, splits, **more)


def accusing(found: Audited) -> set[str]:
    return {measure.what.partition(" (")[0].partition(" '")[0] for measure in found.measures if measure.accuses}


LIKE, REPEATS, BEGINS = (
    "likeness of two texts written by models",
    "texts that nearly repeat another",
    "texts that begin with",
)
PLANTED: dict[str, tuple[dict[str, Any], set[str]]] = {
    "one template": ({"writes": by_template}, {LIKE, BEGINS}),
    "one story": ({"writes": again}, {LIKE, REPEATS, BEGINS}),
    "in the test split": ({"split": "test"}, {"test: written by models"}),
    "all of one label": ({"rare": 0.9}, {"label tells what is synthetic"}),
    "nothing but one template": ({"writes": by_template, "share": 1.0}, {LIKE, BEGINS}),
}  # fmt: skip


@pytest.mark.parametrize(("plant", "faults"), PLANTED.values(), ids=PLANTED)
def test_what_was_planted_is_found_and_nothing_else(plant: dict[str, Any], faults: set[str]) -> None:
    found = audited(QUICK, world(1, **plant))
    assert (accusing(found), found.verdict) == (faults, "warns")
    assert found.count == len(found.rows)
    assert (found.count > 20) == (faults != {"label tells what is synthetic"})


@pytest.mark.parametrize("draws", [60, pytest.param(200, marks=pytest.mark.drill)])
def test_synthetic_texts_like_those_of_people_are_accused_no_more_often_than_is_said(draws: int) -> None:
    assert sum(audited(STRICT, world(draw)).verdict == "warns" for draw in range(draws)) <= tolerable(draws)


def test_a_wholly_synthetic_dataset_is_not_accused_of_being_one() -> None:
    found = audited(QUICK, world(2, share=1.0, split="test"))
    assert (found.verdict, found.measures[0].value) == ("clean", 1.0)


def test_shares_are_told_by_split_label_and_source() -> None:
    found = audited(QUICK, world(3, share=0.3))
    assert {line["by"] for line in found.table} == {"split", "label", "source"}
    for kind in ("split", "label", "source"):
        assert sum(line["samples"] for line in found.table if line["by"] == kind) == 80
    distinct = {m.what: m.value for m in found.measures if m.what.startswith("distinct")}
    assert distinct["distinct-1, others"] < distinct["distinct-2, others"] <= distinct["distinct-3, others"] <= 1


def test_a_source_can_be_named_that_was_made_elsewhere() -> None:
    given = data({"samples": [sample(f"s_{n}", source="made" if n < 3 else "heard", text="a b") for n in range(9)]})
    assert audited(QUICK, given).verdict == "not looked at"
    assert audited(Synthetic(sources=("made",)), given).measures[0].value == pytest.approx(1 / 3)


def test_order_and_parts_change_nothing() -> None:
    assert audited(QUICK, world(4, by_template)) == audited(QUICK, world(4, by_template, seed=2))
