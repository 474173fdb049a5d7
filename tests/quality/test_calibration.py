import dataclasses
import json
import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from affectory.quality.calibration import (
    adaptive_ece,
    brier,
    calibrate,
    calibration_report,
    ece,
    emocaliber_reward,
    nll,
    reliability,
    roc_auc,
    wilson,
)
from affectory.schemas.errors import UserError

Shared = Callable[[str], Path]
THOUGHT = "".join(f"<{tag}>x</{tag}>" for tag in ("element", "human", "context", "interaction", "analysis"))
pairs = st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), min_size=1, max_size=40)


def test_the_figures_of_the_reference(shared: Shared) -> None:
    cases = json.loads(shared("expected/emocaliber_confidence.json").read_text())
    for case in cases["calibration"]:
        found = [f(case["confidence"], case["correct"]) for f in (lambda *x: ece(*x, edges="open"), brier, roc_auc)]
        expected = [case[f"calculate_{name}"] for name in ("ece", "brier_score", "roc_auc")]
        assert found == pytest.approx(expected, abs=1e-9)
    for case in cases["reward"]:
        found = dataclasses.asdict(emocaliber_reward(case["response"], case["truth"]))
        assert found == pytest.approx(case["result"], abs=1e-9)
    assert (len(cases["calibration"]), len(cases["reward"])) == (4, 5)


@pytest.mark.parametrize(
    ("response", "score"),
    [
        (f"<think>{THOUGHT}</think><answer>Joy!</answer><confidence>0.5</confidence>", 2 + 2 * math.log(0.5)),
        (f"<think>{THOUGHT}</think><answer>joy sad</answer><confidence>0.5</confidence>", 1 + 2 * math.log(0.5)),
        (f"<think>{THOUGHT}</think>\n<answer>\njoy</answer><confidence> 0.5\n</confidence>", 2 + 2 * math.log(0.5)),
        (f"<think>{THOUGHT}</think><answer>joy</answer><confidence>high</confidence>", -5),
        (f"<think>{THOUGHT}</think><answer>joy</answer><confidence>nan</confidence>", -5),
        (f"<think>{THOUGHT}</think><answer>joy</answer><confidence>0</confidence>", -5),
        (f"<think>{THOUGHT[:-12]}</think><answer>joy</answer><confidence>0.5</confidence>", -5),
        (f"{THOUGHT}<answer>joy</answer><confidence>0.5</confidence>", -5),
        ("", -5),
    ],
)
def test_a_malformed_answer_has_no_merit(response: str, score: float) -> None:
    assert emocaliber_reward(response, "joy").score == pytest.approx(score)


def test_what_is_certain_counts_in_the_last_bin() -> None:
    assert ece([1.0, 1.0, 0.5], [1, 0, 1]) == pytest.approx(0.5)
    assert ece([1.0, 1.0, 0.5], [1, 0, 1], edges="open") == pytest.approx(0.5 / 3)


@pytest.mark.parametrize("written", [0.1, 0.3, 0.6, 0.7, 0.9])
def test_a_bin_begins_where_it_is_written_to_begin(written: float) -> None:
    for value in (written, float(np.float32(written))):
        table = reliability([value], [1]).to_pylist()
        assert [row["low"] for row in table if row["count"]] == [written]


def test_soft_truth_is_no_error() -> None:
    assert ece([0.6, 0.6], [0.6, 0.6]) == adaptive_ece([0.6, 0.6], [0.5, 0.7]) == pytest.approx(0)
    people = np.array([[0.6, 0.3, 0.1], [0.2, 0.2, 0.6]])
    report = calibration_report(people, people)
    assert (report.ece, report.brier) == (0, 0)
    assert report.nll == pytest.approx(-(people * np.log(people)).sum() / 2)


def test_scores_of_distributions() -> None:
    said, true = np.array([[0.5, 0.25, 0.25]]), np.array([[1.0, 0, 0]])
    assert brier(said, true) == pytest.approx(0.25 + 2 * 0.0625)
    assert nll(said, true) == pytest.approx(math.log(2))
    assert nll([0.25], [1]) == pytest.approx(math.log(4))
    assert nll([0.0, 1.0], [0, 1]) == 0
    assert nll([0.0], [1]) == math.inf


def test_bins_of_equally_many() -> None:
    said, right = [0.1, 0.2, 0.8, 0.9], [0, 0, 1, 1]
    assert adaptive_ece(said, right, bins=2) == pytest.approx(0.15)
    assert adaptive_ece([0.5] * 4, [1, 1, 0, 0], bins=2) == pytest.approx(0)


@given(pairs, st.randoms(use_true_random=False))
def test_no_order_changes_a_number(items: list[tuple[float, float]], random: object) -> None:
    turned = items[::-1]
    for measure in (ece, adaptive_ece, brier, roc_auc):
        a, b = (measure(*map(list, zip(*rows, strict=True))) for rows in (items, turned))  # type: ignore[operator]
        assert a == pytest.approx(b, abs=1e-12) if a is not None else b is None


@given(pairs)
def test_an_error_lies_between_nothing_and_all(items: list[tuple[float, float]]) -> None:
    said, right = zip(*items, strict=True)
    bias = abs(np.mean(said) - np.mean(right))
    for measure in (ece, adaptive_ece):
        assert bias - 1e-9 <= measure(said, right) <= 1


@given(st.lists(st.tuples(st.integers(0, 5), st.booleans()), min_size=2, max_size=30))
def test_the_auc_is_the_share_of_pairs_in_order(items: list[tuple[int, bool]]) -> None:
    good, bad = ([x for x, right in items if right is wanted] for wanted in (True, False))
    found = roc_auc([x / 5 for x, _ in items], [right for _, right in items])
    won = [1.0 if g > b else 0.5 if g == b else 0.0 for g in good for b in bad]
    assert found == (pytest.approx(sum(won) / len(won)) if won else None)


def test_the_table_of_reliability() -> None:
    table = reliability([0.05, 0.95, 0.95, 1.0], [0, 1, 1, 0.5])
    rows = table.to_pylist()
    assert [row["count"] for row in rows] == [1, 0, 0, 0, 0, 0, 0, 0, 0, 3]
    assert (rows[1]["confidence"], rows[1]["correct_low"]) == (None, None)
    last = rows[-1]
    assert (last["low"], last["high"], last["correct"]) == (0.9, 1.0, pytest.approx(2.5 / 3))
    assert last["correct_low"] < last["correct"] < last["correct_high"]


def test_wilson_against_the_published_example() -> None:
    low, high = wilson([0.0, 0.5, 0.5], [10, 10, 0])
    assert low.tolist() == pytest.approx([0, 0.236593, 0], abs=1e-6)
    assert high.tolist() == pytest.approx([0.277533, 0.763407, 1], abs=1e-6)


@pytest.mark.parametrize(
    ("said", "right", "state"),
    [
        ([], [], "no items"),
        ([0.5], [1], "few items (1), all or none correct"),
        ([np.nan, 0.2], [1, np.nan], "no items"),
        ([0.5] * 200, [1, 0] * 100, None),
    ],
)
def test_what_is_lacking_is_said_in_words(said: list[float], right: list[float], state: str | None) -> None:
    report = calibration_report(said, right)
    assert report.state == state
    assert math.isnan(report.ece) == (report.count == 0)


def test_distributions_may_be_none_at_all() -> None:
    assert calibration_report(np.zeros((0, 3)), np.zeros((0, 3))).state == "no items"


def test_what_does_not_fit_together_is_refused() -> None:
    with pytest.raises(UserError, match="not as many"):
        ece([0.5], [1, 0])
    with pytest.raises(UserError, match="platt"):
        calibrate([0.5], [1], [True], method="guess")


def boastful(items: int, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A model that says 0.8 to 1 and is right less often, in steps of 0.05 as models say it; half of it to fit on."""
    random = np.random.default_rng(seed)
    said = np.round(random.uniform(0.8, 1.0, items) * 20) / 20
    right = random.random(items) < 0.3 + 2 * (said - 0.8)
    return said, right.astype(np.float64), np.arange(items) % 2 == 0


@pytest.mark.parametrize("method", ["beta", "platt", "isotonic"])
def test_what_a_model_says_of_itself_is_better_on_the_split_not_used(method: str) -> None:
    said, right, split = boastful(4000, 1)
    found = calibrate(said, right, split, method)
    assert found.helps
    assert found.before.ece > 0.3
    assert found.after.ece < found.before.ece / 5
    assert found.after.roc_auc == pytest.approx(found.before.roc_auc, abs=0.01)
    assert (found.fitted_on, found.after.count) == (2000, 2000)


@pytest.mark.parametrize("method", ["beta", "platt"])
def test_few_items_move_little(method: str) -> None:
    found = calibrate([0.9, 0.9, 0.4, np.nan], [0, 1, 1, 1], [True, False, False, False], method)
    assert 0.3 < found.calibrated[0] < 0.9
    assert found.calibrated[2] == pytest.approx(0.4, abs=0.2)
    assert np.isnan(found.calibrated[3])


@pytest.mark.parametrize("method", ["beta", "platt", "isotonic"])
@given(items=st.lists(st.tuples(st.floats(0, 1), st.booleans()), max_size=30))
def test_a_map_never_falls(method: str, items: list[tuple[float, bool]]) -> None:
    ladder = np.linspace(0, 1, 21)
    said = np.concatenate([[x for x, _ in items], ladder])
    right = np.concatenate([[float(r) for _, r in items], np.zeros(21)])
    found = calibrate(said, right, np.arange(len(said)) < len(items), method).calibrated[len(items) :]
    assert ((found >= 0) & (found <= 1)).all()
    assert (np.diff(found) >= -1e-12).all()
