from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from support.opining import ABC, Row, opinion, table

from affectory.transforms.views._base import FIT, FittedView
from affectory.transforms.views.calibrated import CLIPPED, FEW, UNKNOWN, Calibrated


def fit_of(*rows: Row) -> pa.Table:
    view = Calibrated()
    evidence = view.evidence(table(*rows), ABC).sort_by([("sample_id", "ascending"), ("opinion_id", "ascending")])
    return view.fit(evidence, ABC)


def labels(fit: pa.Table, *rows: Row, **given: Any) -> dict[str, Row]:
    return {row["pool"]: row for row in Calibrated(**given).placed(table(*rows), ABC, fit).to_pylist()}


def machine(sample: str, weights: list[float], prompt: str = "v1", **given: Any) -> Row:
    shown = {"instructions": f"prompt {prompt}"}
    names = {"opinion_id": f"m_{sample}_{prompt}", "sample_id": sample, "rater": "eye", "rater_kind": "model"}
    return opinion(0, weights, **names, shown=shown, **given)


def person(sample: str, number: int, choice: int, chance: float | None = None) -> Row:
    weights = [float(label == choice) for label in range(3)]
    shown = {"probability": chance}
    return opinion(number, weights, opinion_id=f"p_{sample}_{number}", sample_id=sample, shown=shown)


def boastful(samples: int, seed: int = 1) -> list[Row]:
    """A model that is sure of its label, and people who say so in 6 of 10 votes only."""
    random = np.random.default_rng(seed)
    rows: list[Row] = []
    for number in range(samples):
        sample, choice = f"s_{number:04}", int(random.integers(0, 3))
        rows.append(machine(sample, [0.98 if label == choice else 0.01 for label in range(3)]))
        others = [choice if random.random() < 0.6 else (choice + int(random.integers(1, 3))) % 3 for _ in range(4)]
        rows += [person(sample, n, said) for n, said in enumerate(others)]
    return rows


def test_a_model_is_as_sure_as_people_agree_with_it() -> None:
    fit = fit_of(*boastful(300))
    [label] = labels(fit, machine("new", [0.98, 0.01, 0.01])).values()
    assert label["values"] == pytest.approx([0.6, 0.2, 0.2], abs=0.04)
    assert (label["pool"], label["space"], label["count"], label["state"]) == ("model", "simplex", 1, None)


def test_people_pass_as_their_vote_share_and_are_apart() -> None:
    rows = [machine("new", [0.98, 0.01, 0.01]), person("new", 1, 1), person("new", 2, 2)]
    found = labels(fit_of(*boastful(300)), *rows)
    assert found["human"]["values"] == [0, 0.5, 0.5]
    assert found["model"]["values"][0] == pytest.approx(0.6, abs=0.04)


def test_another_prompt_is_another_rater() -> None:
    fit = fit_of(*boastful(300), machine("s_x", [1, 0, 0], prompt="v2"))
    [label] = labels(fit, machine("new", [0.9, 0.1, 0], prompt="v2")).values()
    assert label["values"] == pytest.approx([0.9, 0.1, 0])
    assert label["state"] == UNKNOWN


@pytest.mark.parametrize(("samples", "state"), [(0, UNKNOWN), (5, FEW), (40, None)])
def test_what_it_rests_on_is_told(samples: int, state: str | None) -> None:
    [label] = labels(fit_of(*boastful(samples)), machine("new", [0.98, 0.01, 0.01])).values()
    assert label["state"] == state


def test_samples_count_by_the_inverse_of_their_chance() -> None:
    """People were asked nearly always where the model says a, where they disagree, and rarely where it says b."""
    random = np.random.default_rng(4)
    rows: list[Row] = []
    for number in range(600):
        sample, choice = f"s_{number:04}", int(number >= 500)
        rows.append(machine(sample, [0.96 if label == choice else 0.02 for label in range(3)]))
        right = random.random() < (0.3, 0.9)[choice]
        rows.append(person(sample, 1, choice if right else 2, (0.9, 0.02)[choice]))
    plain = [{**row, "shown": {**row["shown"], "probability": None}} for row in rows]
    one = [fit_of(*given).column("values").to_pylist() for given in (rows, plain)]
    assert one[0] != one[1]


def test_a_sample_that_would_decide_all_is_clipped_and_that_is_told() -> None:
    rows = [{**row, "shown": {**row["shown"], "probability": 1.0}} for row in boastful(40)]
    rows += [machine("rare", [0.01, 0.01, 0.98]), person("rare", 1, 0, 1e-6)]
    [label] = labels(fit_of(*rows), machine("new", [0.98, 0.01, 0.01])).values()
    assert label["state"] == CLIPPED
    assert label["values"][0] > 0.4


def test_it_is_a_view_that_is_fitted() -> None:
    assert isinstance(Calibrated(), FittedView)
    assert fit_of(*boastful(10)).schema == FIT
    assert fit_of().num_rows == 0
    assert Calibrated().placed(table(), ABC, fit_of()).num_rows == 0


def test_what_was_not_asked_stays_so() -> None:
    partly = {
        **machine("new", None),
        **{k: v for k, v in opinion(0, [0.9, 0.1], labels=("a", "b")).items() if k in ("asked", "answer")},
    }
    [label] = labels(fit_of(*boastful(300)), partly).values()
    assert label["values"][2] is None
    assert sum(label["values"][:2]) == pytest.approx(1)


def test_no_order_of_rows_changes_a_fit() -> None:
    rows = boastful(30)
    assert fit_of(*rows).equals(fit_of(*rows[::-1]))
