import numpy as np
import pyarrow as pa
import pytest
from numpy.typing import NDArray
from support.opining import ABC, Row, opinion, table

from affectory.quality.routing import (
    known_well_enough,
    plan_extra,
    routing_scores,
    routing_values,
    take_best,
)
from affectory.schemas.errors import UserError
from affectory.transforms.views._calibration import Calibration
from affectory.transforms.views._mixture import Mixture

Floats = NDArray[np.float64]

CLEAR_OR_NOT = Mixture(
    (3,), np.full((1, 4), 0.25), np.array([[9.0, 0.5, 0.5], [0.5, 9.0, 0.5], [0.5, 0.5, 9.0], [4.0, 4.0, 4.0]])
)
"""Items on which nearly all say one thing, and as many on which they do not."""


def world(items: int, votes: int, seed: int = 0) -> tuple[Floats, Floats]:
    """Distributions drawn from the mixture, and counts of votes."""
    random = np.random.default_rng(seed)
    kind = random.integers(0, 4, items)
    true = np.stack([random.dirichlet(CLEAR_OR_NOT.alphas[k]) for k in kind])
    return true, np.stack([random.multinomial(votes, p) for p in true]).astype(np.float64)


def values(*rows: Row, mixture: Mixture | None = CLEAR_OR_NOT, **given: object) -> list[Row]:
    found: list[Row] = routing_values(table(*rows), ABC, mixture, **given).to_pylist()  # type: ignore[arg-type]
    return found


def said(sample: str, *choices: int, modality: str = "text", raters: str = "r") -> list[Row]:
    """Votes about a sample, one person each."""
    return [
        opinion(
            0,
            [float(label == choice) for label in range(3)],
            opinion_id=f"{sample}/{modality}/{n}",
            sample_id=sample,
            rater=f"{raters}{n}",
            modalities=[modality],
        )
        for n, choice in enumerate(choices)
    ]


def test_what_is_known_and_what_a_rating_would_tell() -> None:
    rows = values(*said("s_1", 0, 0, 0), *said("s_2", 0, 1, 2), *said("s_3", *[0, 1, 2] * 30))
    clear, torn, known = rows
    assert clear["entropy"] < torn["entropy"]
    assert known["entropy"] == pytest.approx(1, abs=0.02)
    assert known["width"] < torn["width"] / 2
    assert known["gain"] < torn["gain"] / 10
    assert [row["sample_id"] for row in rows] == ["s_1", "s_2", "s_3"]


def test_entropy_is_of_the_distribution_and_not_of_few_votes() -> None:
    true, counts = world(4000, 2)
    rows = values(
        *(r for n, c in enumerate(counts[:400]) for r in said(f"s_{n:04}", *np.repeat(range(3), c.astype(int))))
    )
    true_entropy = -(true * np.log(true)).sum(axis=1)[:400].mean() / np.log(3)
    plugged = np.where(counts.max(axis=1) == 2, 0.0, np.log(2) / np.log(3))[:400].mean()
    assert np.mean([row["entropy"] for row in rows]) == pytest.approx(true_entropy, abs=0.02)
    assert plugged < true_entropy - 0.2


def test_a_gain_is_what_a_further_rating_gives() -> None:
    true, counts = world(40_000, 2, seed=1)
    random = np.random.default_rng(2)
    drawn = (random.random((len(true), 1)) < np.cumsum(true, axis=1)).argmax(axis=1)
    more = counts.copy()
    more[np.arange(len(true)), drawn] += 1
    before, after = (CLEAR_OR_NOT.posterior(c).mean() for c in (counts, more))
    gained = float((true * (np.log(after) - np.log(before))).sum(axis=1).mean())
    promised = float(routing_scores(CLEAR_OR_NOT, counts)[:, 0, 0].mean())
    assert promised == pytest.approx(gained, rel=0.05)


def test_an_ambiguous_item_is_asked_until_it_is_known_and_not_until_raters_agree() -> None:
    torn, clear = np.array([2.0, 2, 2]), np.array([6.0, 0, 0])
    few = known_well_enough(CLEAR_OR_NOT, np.stack([torn, torn * 20, clear]), width=0.25)[:, 0]
    assert few.tolist() == [False, True, True]
    plan = plan_extra(np.stack([torn, torn * 20, clear]), 3, CLEAR_OR_NOT, ahead=3, enough=0.25)
    assert plan[:, 0].tolist() == [3, 0, 0]


def test_a_plan_spends_what_there_is_where_it_is_worth_most() -> None:
    _, counts = world(300, 2)
    plan = plan_extra(counts, 50, CLEAR_OR_NOT)
    assert plan.sum() == 50
    scores = routing_scores(CLEAR_OR_NOT, counts)[:, 0, 0]
    assert scores[plan[:, 0] > 0].min() >= scores[plan[:, 0] == 0].max() - 1e-9
    left = (np.arange(300) % 2)[:, None]
    some = plan_extra(counts, 1000, CLEAR_OR_NOT, left=left)
    assert some.tolist() == left.tolist()
    assert plan_extra(counts, 0, CLEAR_OR_NOT).sum() == 0
    assert plan_extra(counts[:0], 5, CLEAR_OR_NOT).shape == (0, 1)


def told(counts: Floats, ratings: int) -> float:
    """What this many further ratings tell of one item, over all ways in which they may turn out."""
    before = CLEAR_OR_NOT.posterior(counts[None]).mean()[0]
    total = 0.0
    for ways in np.ndindex(*(3,) * ratings):
        chance, now = 1.0, counts.copy()
        for answer in ways:
            chance *= CLEAR_OR_NOT.posterior(now[None]).mean()[0][answer]
            now[answer] += 1
        after = CLEAR_OR_NOT.posterior(now[None]).mean()[0]
        total += chance * float((after * np.log(after / before)).sum())
    return total


@pytest.mark.parametrize("counts", [(0, 0, 0), (2, 0, 0), (1, 1, 0), (0, 3, 1)])
def test_later_ratings_are_worth_what_they_add_and_never_more_than_earlier_ones(counts: tuple[int, ...]) -> None:
    row = np.array(counts, dtype=np.float64)
    scores = routing_scores(CLEAR_OR_NOT, row[None], ahead=3)[0, 0]
    assert (np.diff(scores) <= 1e-12).all()
    assert scores.sum() == pytest.approx(told(row, 3))
    assert scores[0] >= told(row, 1) - 1e-12


def test_chance_is_seeded_and_other_ways_are_refused() -> None:
    _, counts = world(100, 2)
    first, again, other = (plan_extra(counts, 20, CLEAR_OR_NOT, "random", seed=s) for s in (1, 1, 2))
    assert first.tolist() == again.tolist() != other.tolist()
    assert first.sum() == 20
    with pytest.raises(UserError, match="luck"):
        plan_extra(counts, 20, CLEAR_OR_NOT, "luck")  # type: ignore[arg-type]


def test_entropy_asks_where_raters_differ_whatever_is_known() -> None:
    counts = np.array([[1.0, 0, 0], [20.0, 20, 20]])
    by_entropy, by_gain = (plan_extra(counts, 1, CLEAR_OR_NOT, by) for by in ("entropy", "gain"))  # type: ignore[arg-type]
    assert by_entropy[:, 0].tolist() == [0, 1]
    assert by_gain[:, 0].tolist() == [1, 0]


def test_routing_by_gain_foretells_further_raters_better_than_chance() -> None:
    true, counts = world(3000, 3, seed=3)
    random = np.random.default_rng(4)
    loss = {}
    for by in ("gain", "random"):
        plan = plan_extra(counts, 900, CLEAR_OR_NOT, by, ahead=1)[:, 0]  # type: ignore[arg-type]
        extra = np.stack([random.multinomial(n, p) for n, p in zip(plan, true, strict=True)])
        loss[by] = -(true * np.log(CLEAR_OR_NOT.posterior(counts + extra).mean())).sum(axis=1).mean()
    assert loss["gain"] < loss["random"] - 0.005


def test_equals_are_taken_in_order() -> None:
    assert take_best(np.ones((4, 1, 2)), np.full((4, 1), 2), 3)[:, 0].tolist() == [2, 1, 0, 0]


def test_why_raters_differ() -> None:
    rows = [
        *said("s_agree", 0, 0, 0),
        *said("s_one", 0),
        *said("s_torn", 0, 1, 2, 0, 1, 2),
        *said("s_heard", *[0] * 5, modality="audio"),
        *said("s_heard", *[1] * 5, modality="video", raters="v"),
        *said("s_odd", 0, 0, 0, 2),
    ]
    for n in range(12):  # rater r3 says the unlikely thing again and again
        rows += said(f"t_{n:02}", *[n % 2] * 3, 2)
    causes = {(row["sample_id"], row["modalities"]): row["cause"] for row in values(*rows)}
    assert causes[("s_agree", "text")] == "raters agree"
    assert causes[("s_one", "text")] == "one rater"
    assert causes[("s_torn", "text")] == "ambiguous item"
    assert causes[("s_heard", "audio")] == causes[("s_heard", "video")] == "modality conflict"
    assert causes[("s_odd", "text")] == "odd rater"


def test_a_taste_that_others_share_is_not_odd() -> None:
    rows = [row for n in range(20) for row in said(f"s_{n:02}", 0, 0, 1, 1)]
    assert {row["cause"] for row in values(*rows)} == {"ambiguous item"}


def test_a_choice_that_covers_what_there_is() -> None:
    rows = [row for n in range(6) for row in said(f"s_{n}", *[0] * 8)] + said("s_8", *[1] * 8) + said("s_9", *[2] * 8)
    diversity = {row["sample_id"]: row["diversity"] for row in values(*rows)}
    assert min(diversity["s_8"], diversity["s_9"]) > 0.5
    assert sorted(round(diversity[f"s_{n}"], 6) for n in range(6))[:5] == [0] * 5
    other = {f"s_{n}": np.eye(6)[n] for n in range(6)}
    spread = {row["sample_id"]: row["diversity"] for row in values(*rows, vectors=other)}
    assert all(spread[f"s_{n}"] > 0.3 for n in range(6))


def test_a_calibrated_model_counts_as_much_as_it_is_worth() -> None:
    machine = opinion(1, [0.98, 0.01, 0.01], rater="eye", rater_kind="model")
    [plain] = values(machine)
    [known] = values(machine, calibrations={"perceived/eye": Calibration(np.eye(3), np.zeros(3), 500, 900.0, 6.0)})
    assert known["entropy"] < plain["entropy"] - 0.1
    assert plain["cause"] == known["cause"] == "nobody"


def test_models_tell_of_a_sample_whatever_they_saw_and_are_no_people() -> None:
    calibrations = {f"perceived/{name}": Calibration(np.eye(3), np.zeros(3), 9, 9.0, 6.0) for name in ("eye", "ear")}
    models = [
        opinion(n, [0.98, 0.01, 0.01], rater=name, rater_kind="model", modalities=[name], sample_id="s_1")
        for n, name in enumerate(("eye", "ear"))
    ]
    people = said("s_1", 0)
    [alone], [one], [two] = (
        values(*rows, calibrations=calibrations) for rows in (people, [*people, models[0]], [*people, *models])
    )
    assert one["modalities"] == two["modalities"] == "text"
    assert one["entropy"] < alone["entropy"] - 0.05
    assert two["entropy"] == pytest.approx(one["entropy"])
    assert two["cause"] == "one rater"
    [nobody] = values(*models, calibrations=calibrations)
    assert (nobody["modalities"], nobody["cause"]) == ("", "nobody")
    assert nobody["width"] > two["width"]


def test_an_opinion_that_sums_up_people_counts_as_many() -> None:
    [many] = values(opinion(1, [0.5, 0.5, 0], people=20))
    [two] = values(*said("s_1", 0, 1))
    assert many["width"] < two["width"] * 0.6
    assert many["cause"] == "ambiguous item"


def test_no_order_of_rows_changes_a_value() -> None:
    rows = [*said("s_1", 0, 1), *said("s_2", 0, 0, 2), *said("s_3", 2)]
    assert values(*rows, mixture=None) == values(*rows[::-1], mixture=None)


def test_nothing_and_nobody() -> None:
    found = routing_values(table(), ABC)
    assert found.num_rows == 0
    assert found.schema.field("gain").type == pa.float64()
    assert found.column_names == [
        *("sample_id", "perspective", "whose", "modalities"),
        *("entropy", "width", "gain", "cause", "diversity"),
    ]
    [alone] = values(*said("s_1", 0), mixture=None)
    assert alone["cause"] == "one rater"
