"""Labels that are rare, absent or spread unevenly over splits are found; splits cut by chance are left alone."""

from collections.abc import Sequence

import numpy as np
import pytest
from support.audited import audited, data, label
from support.drawn import BY_CHANCE, Draw, accused, draw, over_draws, unlikely

from affectory.quality.audits._audited import Audited
from affectory.quality.audits.balance import Balance

FEW = Balance(times=99, least=1)


def labelled(*counts: int) -> Draw:
    """So many samples of each label, each of a speaker of their own."""
    total = sum(counts)
    return Draw(draw(1, total, total).samples, tuple(np.repeat(np.arange(3), counts).tolist()))


def values(found: Audited) -> dict[str, float]:
    return {m.what: m.value for m in found.measures}


def test_shares_have_intervals_and_labels_an_effective_number() -> None:
    found = audited(Balance(times=99), labelled(50, 50, 50).data())
    share = next(m for m in found.measures if m.what == "share of a")
    assert found.verdict == "clean" and share.value == pytest.approx(1 / 3, abs=1e-6)
    assert share.low == pytest.approx(0.2627, abs=1e-3) and share.high == pytest.approx(0.4121, abs=1e-3)
    assert values(found)["labels that there effectively are, of 3"] == 3
    assert values(audited(FEW, labelled(98, 1, 1).data()))["labels that there effectively are, of 3"] < 1.2


@pytest.mark.parametrize("rare", [0, 1, 29])
def test_rare_labels_are_named_with_their_samples(rare: int) -> None:
    found = audited(Balance(times=99), labelled(60, 60, rare).data())
    assert found.verdict == "warns" and f"fewer than 30 samples have c ({rare})" in found.says
    assert found.count == rare and len(found.rows) == min(rare, 20)
    assert set(found.rows) <= {f"s_{n:04}" for n in range(120, 120 + rare)}


@pytest.mark.parametrize(("most", "verdict"), [(99, "clean"), (101, "warns")])
def test_one_label_may_be_so_much_more_frequent(most: int, verdict: str) -> None:
    assert audited(FEW, labelled(most, most, 1).data()).verdict == verdict


def test_a_label_that_a_split_lacks_is_told() -> None:
    drawn = labelled(40, 40, 40)
    splits = ["test" if n % 4 == 0 and n < 80 else "train" for n in range(120)]
    found = audited(FEW, drawn.data(splits=splits))
    assert found.verdict == "warns" and "splits lack 1 labels" in found.says
    [line] = [line for line in found.table if line["of"] == "split test" and line["label"] == "c"]
    assert line["samples"] == 0


@pytest.mark.parametrize("share", [0.5, 0.8])
def test_a_split_with_other_labels_is_found(share: float) -> None:
    drawn = labelled(60, 60, 60)
    random = np.random.default_rng(1).random(180)
    splits = ["test" if random[n] < (share if n < 60 else 0.05) else "train" for n in range(180)]
    found = audited(Balance(times=99, least=1), drawn.data(splits=splits))
    [measure] = [m for m in found.measures if m.p is not None]
    assert found.verdict == "warns" and measure.accuses and measure.value > 0.1


def by_speaker(drawn: Draw, seed: int) -> Sequence[str]:
    """Splits cut by speaker."""
    where = np.random.default_rng(seed).choice(["train", "test"], 60, p=[0.7, 0.3])
    return [str(where[int(row["speaker"].removeprefix("p_"))]) for row in drawn.samples]


def by_sample(drawn: Draw, seed: int) -> Sequence[str]:
    rng = np.random.default_rng(seed)
    return [str(name) for name in rng.choice(["train", "test"], len(drawn.samples), p=[0.7, 0.3])]


@pytest.mark.parametrize("cut", [by_speaker, by_sample])
def test_splits_cut_by_chance_are_accused_no_more_often_than_it_says(cut: type[by_speaker]) -> None:
    """Speakers tend to some labels, so that splits cut by speaker differ more, and by chance."""
    drawn = [draw(seed, 60, 12 if cut is by_speaker else 6) for seed in range(200)]
    lenient = Balance(times=99, least=1, apart=0)
    found = over_draws(lenient, lambda seed: drawn[seed].data(splits=cut(drawn[seed], seed)))
    assert unlikely(found) <= BY_CHANCE
    whole = [one for one in found if values(one)["labels of fewer than 1 samples"] == 0]
    whole = [one for one in whole if values(one)["labels that a split lacks, over all splits"] == 0]
    assert len(whole) > 100 and accused(whole) <= BY_CHANCE


def test_order_and_parts_change_nothing() -> None:
    drawn, splits = labelled(40, 30, 20), ["train", "train", "test"] * 30
    assert audited(FEW, drawn.data(splits=splits)) == audited(FEW, drawn.data(seed=3, splits=splits))


def test_sources_are_told_apart() -> None:
    drawn = labelled(30, 30, 0).with_columns(lambda n, at: {"source": f"corpus {at}"})
    lines = {(line["of"], line["label"]): line["share"] for line in audited(FEW, drawn.data()).table}
    assert lines["source corpus 0", "a"] == 1 and lines["source corpus 1", "a"] == 0


def test_labels_of_samples_that_are_not_there_are_left_to_the_gate() -> None:
    drawn = labelled(30, 30, 30)
    rows = [label(f"s_{n:04}", np.eye(3)[at].tolist()) for n, at in enumerate((*drawn.labels, 0))]
    given = data({"samples": drawn.samples, "labels": rows}, {"s_0090": "train"})
    assert audited(FEW, given).verdict == "clean"


def test_without_labels_there_is_nothing_to_look_at() -> None:
    assert audited(FEW, Draw((), ()).data()).skipped == "no sample has a label"
