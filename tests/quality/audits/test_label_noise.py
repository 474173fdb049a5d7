"""Labels that were mixed up, in some samples or in one source, beside a model that was not told of it."""

import numpy as np
import pytest
from support.audited import audited, data, sample, tolerable
from support.opining import Row, opinion

from affectory.quality.audits._data import AuditData
from affectory.quality.audits.label_noise import LabelNoise

QUICK = LabelNoise(times=99)
MODEL = {"rater": "m@1", "rater_kind": "model"}


def world(
    draw: int, noise: float = 0.0, samples: int = 60, sources: int = 2, only: int | None = None, blind: bool = False
) -> tuple[AuditData, set[str]]:
    """One person's label for each sample, a model that is sure of the right one and seldom wrong, and labels that are
    wrong in a share of the samples, of one source or of all."""
    random = np.random.default_rng(draw)
    rows, wrong = list[Row](), set[str]()
    for place in range(samples):
        truth, name = int(random.integers(3)), f"s_{place:03}"
        logits = random.normal(0, 1, 3) + (0 if blind else 4) * np.eye(3)[truth]
        said = np.exp(logits) / np.exp(logits).sum()
        label = truth
        if random.random() < noise and only in (None, place % sources):
            label = (truth + int(random.integers(1, 3))) % 3
            wrong.add(name)
        rows.append(opinion(2 * place, np.eye(3)[label].tolist(), rater="p_1", sample_id=name))
        rows.append(opinion(2 * place + 1, said.tolist(), sample_id=name, **MODEL))
    shown = [sample(f"s_{place:03}", source=f"source {place % sources}") for place in range(samples)]
    return data({"samples": shown, "opinions": rows}), wrong


def test_mixed_up_labels_are_found_and_stand_first() -> None:
    given, wrong = world(1, 0.25, 300)
    found = audited(QUICK, given)
    assert (found.verdict, found.measures[0].accuses) == ("warns", True)
    named = set(found.rows)
    assert len(named & wrong) > 0.85 * len(wrong)
    assert len(named - wrong) < 0.1 * len(named)
    assert set(found.rows[:20]) <= wrong
    assert "it may be the models that are wrong" in found.says


def test_one_source_with_mixed_up_labels_is_named() -> None:
    found = audited(QUICK, world(2, 0.3, 240, sources=4, only=2)[0])
    [source] = [measure for measure in found.measures if measure.what.endswith("in source 2")]
    assert source.accuses


@pytest.mark.parametrize("draws", [60, pytest.param(200, marks=pytest.mark.drill)])
def test_good_labels_are_accused_no_more_often_than_is_said(draws: int) -> None:
    accused = sum(audited(QUICK, world(draw)[0]).verdict == "warns" for draw in range(draws))
    assert accused <= tolerable(draws)


def test_a_model_that_knows_nothing_is_not_asked() -> None:
    found = audited(QUICK, world(3, 0.3, 100, blind=True)[0])
    assert found.verdict == "not looked at"
    assert "no more than by chance" in found.skipped


def test_what_some_people_say_too_is_known_already() -> None:
    """The label is a distribution: a model that agrees with a third of the people found nothing."""
    rows = list[Row]()
    for place in range(90):
        name, label = f"s_{place:03}", place % 3
        said = np.full(3, 0.02) + 0.94 * np.eye(3)[label if place > 8 else (label + 1) % 3]
        voters = [label, label, (label + 1) % 3 if place <= 8 else label]
        rows.append(opinion(len(rows), said.tolist(), sample_id=name, **MODEL))
        for voter, vote in enumerate(voters):
            rows.append(opinion(len(rows), np.eye(3)[vote].tolist(), rater=f"p_{voter}", sample_id=name))
    given = data({"samples": [sample(f"s_{place:03}") for place in range(90)], "opinions": rows})
    assert audited(QUICK, given).count == 0
    assert audited(LabelNoise(times=99, known=0.5), given).count == 9


def test_order_and_parts_change_nothing() -> None:
    rows = world(4, 0.2)[0]
    tables = {name: [row for table in parts for row in table.to_pylist()] for name, parts in rows.tables.items()}
    assert audited(QUICK, rows) == audited(QUICK, data(tables, seed=3))


@pytest.mark.parametrize(
    ("samples", "why"),
    [(0, "no model judged what people judged"), (9, "9 of the same samples from the same perspective, 30")],
)
def test_where_there_is_nothing_to_compare_that_is_said(samples: int, why: str) -> None:
    assert why in audited(QUICK, world(1, samples=samples)[0]).skipped
