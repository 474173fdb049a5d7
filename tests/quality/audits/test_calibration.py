"""Models that say how sure they are: calibrated ones, such that are too sure, and such that are not sure enough."""

import numpy as np
import pytest
from support.audited import audited, data, sample, tolerable
from support.opining import Row, opinion

from affectory.quality.audits._data import AuditData
from affectory.quality.audits.calibration import Calibration

QUICK = Calibration(times=99)
STRICT = Calibration(times=99, most=0.0)
"""By chance alone: no error is small enough to do no harm."""


def world(draw: int, sharper: float = 1.0, samples: int = 60, voters: int = 2, windows: int = 1) -> list[Row]:
    """A model that knows how people's answers are spread, and says it more or less sharply."""
    random = np.random.default_rng(draw)
    rows: list[Row] = []
    for place in range(samples):
        if place % windows == 0:
            truth = random.dirichlet([0.7] * 3)
        said = truth**sharper / (truth**sharper).sum()
        about = {"sample_id": f"s_{place:03}"}
        rows.append(opinion(len(rows), said.tolist(), rater="m@1", rater_kind="model", **about))
        for voter in range(voters):
            vote = np.eye(3)[random.choice(3, p=truth)].tolist()
            rows.append(opinion(len(rows), vote, rater=f"p_{voter}", **about))
    return rows


def given(opinions: list[Row], seed: int | None = None, windows: int = 1) -> AuditData:
    names = sorted({row["sample_id"] for row in opinions})
    samples = [sample(name, record=f"r_{int(name[2:]) // windows}") for name in names]
    return data({"samples": samples, "opinions": opinions}, seed=seed)


@pytest.mark.parametrize(("sharper", "word"), [(4.0, "surer than it is right"), (0.15, "less sure than it is right")])
def test_a_model_that_is_too_sure_or_not_sure_enough_is_found(sharper: float, word: str) -> None:
    found = audited(QUICK, given(world(1, sharper, 300)))
    [error, excess] = found.measures
    assert (found.verdict, error.accuses) == ("warns", True)
    assert word in found.says
    assert error.low is not None and error.high is not None
    assert error.low < error.value < error.high + 0.05
    assert (excess.value > 0) == (sharper > 1)


@pytest.mark.parametrize("draws", [80, pytest.param(200, marks=pytest.mark.drill)])
def test_calibrated_models_are_accused_no_more_often_than_is_said(draws: int) -> None:
    accused = sum(audited(STRICT, given(world(draw))).verdict == "warns" for draw in range(draws))
    assert accused <= tolerable(draws)


def test_samples_that_the_model_is_sure_of_and_people_are_not_are_named_worst_first() -> None:
    rows = [
        row
        for place, said in enumerate([0.95, 0.99, 0.6] * 12)
        for row in (
            opinion(2 * place, [said, 1 - said, 0], rater="m", rater_kind="model", sample_id=f"s_{place:03}"),
            opinion(2 * place + 1, [0, 1, 0] if place < 3 else [1, 0, 0], rater="p", sample_id=f"s_{place:03}"),
        )
    ]
    found = audited(QUICK, given(rows))
    assert (found.rows, found.count) == (("s_001", "s_000"), 2)
    assert {line["count"] for line in found.table} == {12, 24}


def test_order_and_parts_change_nothing() -> None:
    rows = world(3, 2.0)
    assert audited(QUICK, given(rows)) == audited(QUICK, given(rows, seed=5))


def test_many_windows_of_few_records_are_as_few_tries_as_records() -> None:
    """What goes wrong in one record goes wrong in all of its windows: that is one error."""
    accused = [audited(STRICT, given(world(d, 1.0, 80, 1, 8), windows=8)).measures[0].accuses for d in range(40)]
    assert sum(accused) <= 5


@pytest.mark.parametrize(
    ("rows", "why"),
    [
        (
            [opinion(1, [1, 0, 0], rater="p", sample_id="s_000")],
            "no model judged what people judged, from the same perspective",
        ),
        (
            world(1, samples=10),
            "models and people judged 10 of the same samples from the same perspective, 30 are needed",
        ),
    ],
)
def test_where_there_is_nothing_to_compare_that_is_said(rows: list[Row], why: str) -> None:
    found = audited(QUICK, given(rows))
    assert (found.verdict, found.skipped) == ("not looked at", why)
