"""The report: figures with intervals where they are honest, words where they are not."""

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.rating import asked

from affectory.quality.agreement import MEASURES, Figure, Ratings, agreement
from affectory.quality.agreement.report import _Plan
from affectory.schemas.errors import UserError

Matrix = list[list[Any]]


def figures(matrix: Matrix, level: Any = None, draws: int = 50, **more: Any) -> dict[str, Figure]:
    """Of all raters, by measure."""
    found = agreement(Ratings((asked(matrix, level, **more),)), draws=draws, by_rater=False)
    return {f.measure: f for f in found.figures}


def crowd(raters: int, items: int = 30, noise: float = 0.5, seed: int = 0) -> Matrix:
    draw = np.random.default_rng(seed)
    truth = draw.integers(0, 4, items)
    return [
        [int(v) for v in np.where(draw.random(items) < noise, draw.integers(0, 4, items), truth)] for _ in range(raters)
    ]


def test_a_figure_says_what_it_rests_on_and_how_sure_it_is() -> None:
    alpha = figures(crowd(6), draws=200)["alpha ordinal"]
    assert (alpha.items, alpha.raters, alpha.ratings, alpha.pairs, alpha.state) == (30, 6, 180, 450, "")
    for low, high in ((alpha.items_low, alpha.items_high), (alpha.raters_low, alpha.raters_high)):
        assert alpha.value and low and high and low < alpha.value < high < low + 0.6


@pytest.mark.parametrize(
    ("matrix", "says"),
    [
        ([[1, 2, 3]], "a single rater"),
        ([[1, 1, 1], [1, 1, 1]], "all ratings are alike"),
        ([[1, None], [None, 2]], "no item has two ratings"),
        ([[None, None], [None, None]], "no ratings"),
        ([[1], [2]], "only one item has two ratings"),
        ([[1, 2], [2, None]], "only one item has two ratings"),
        ([[2, None, 1], [2, 1, None]], "all ratings are alike"),
    ],
)
def test_words_stand_where_a_number_would_mislead(matrix: Matrix, says: str) -> None:
    found = figures(matrix)
    assert found and {f.value for f in found.values()} == {None}
    assert all(says in f.state for f in found.values())
    assert says in agreement(Ratings((asked(matrix),))).as_text()


def test_raters_asked_only_after_a_yes_get_no_alpha() -> None:
    rounds: Matrix = [[0] * 10 + [1] * 10, [None] * 10 + [1] * 8 + [0] * 2]
    alpha = figures(rounds)["alpha ordinal"]
    assert alpha.value is None
    assert "asked only after" in alpha.state and "end with a no" in alpha.state


def test_a_chain_of_rounds_is_seen_too() -> None:
    chain: Matrix = [[0] * 6 + [1] * 12, [None] * 6 + [0] * 4 + [1] * 8, [None] * 10 + [1] * 7 + [0]]
    assert "asked only after" in figures(chain)["alpha ordinal"].state


@pytest.mark.parametrize(
    "matrix",
    [
        [[0, 1, 0, 1, 1, 0], [0, 1, 1, 1, 0, 0]],
        [[0] * 10 + [1] * 10, [None] * 9 + [0] + [0] * 5 + [1] * 5],
        [[1] * 10 + [1] * 10, [None] * 10 + [1] * 5 + [0] * 5],
        [[0, 1], [None, 1]],
    ],
    ids=["all rated", "a second no", "single yes", "too few to tell"],
)
def test_ratings_that_merely_lack_some_are_no_rounds(matrix: Matrix) -> None:
    assert "asked only after" not in figures(matrix)["alpha ordinal"].state


@settings(max_examples=30)
@given(st.integers(0, 10_000))
def test_gaps_by_chance_are_no_rounds(seed: int) -> None:
    draw = np.random.default_rng(seed)
    matrix = np.where(draw.random((3, 40)) < 0.3, np.nan, draw.integers(0, 2, (3, 40)))
    assert "asked only after" not in figures(matrix.tolist(), draws=0)["alpha ordinal"].state


def chances(*given: float) -> Ratings:
    rows = [
        {"i": item, "r": rater, "v": (item + rater) % 3, "p": given[(item + rater * len(given) // 2) % len(given)]}
        for item in range(6)
        for rater in range(2)
    ]
    return Ratings.read(rows, item="i", rater="r", value="v", chance="p")


def test_chances_of_being_asked_that_differ_within_an_item_are_routing() -> None:
    figure = agreement(chances(1.0, 0.5)).of("v", "alpha ordinal")
    assert figure.value is None and "asked only after" in figure.state


def test_items_chosen_with_unequal_chances_are_told() -> None:
    rows = [{"i": i, "r": r, "v": (i + r) % 3, "p": 0.1 + i / 10} for i in range(6) for r in range(2)]
    found = agreement(Ratings.read(rows, item="i", rater="r", value="v", chance="p"))
    assert found.of("v", "alpha ordinal").value is not None
    assert "unequal chances" in found.as_text()


def test_routing_that_is_declared_is_believed() -> None:
    found = figures(crowd(3), conditional=True)
    assert {f.value for f in found.values()} == {None}


def test_raters_have_intervals_over_items_where_they_rated_enough() -> None:
    matrix = [*crowd(5, 40), [*([None] * 37), 1, 2, 3]]
    found = {f.rater: f for f in agreement(Ratings((asked(matrix),)), draws=100).figures if f.rater}
    assert found["r005"].value is not None and found["r005"].items_low is None, "three items"
    whole = agreement(Ratings((asked(matrix),)), draws=100).of("value", "alpha ordinal")
    for rater in ("r000", "r004"):
        figure = found[rater]
        assert figure.items_low < figure.value < figure.items_high
        assert figure.items_low < whole.value < figure.items_high, "all of them answer alike well"


@pytest.mark.parametrize("measure", ["cohen kappa", "pairwise f1"])
def test_pairs_with_few_items_do_not_lie_outside_their_interval(measure: str) -> None:
    """An item that is drawn twice adds nothing to a pair: plain percentiles lie below the figure."""
    draw = np.random.default_rng(2)
    matrix = [[v if draw.random() < 0.3 else None for v in row] for row in crowd(12, 120)]
    [figure] = [f for f in agreement(Ratings((asked(matrix),)), measures=[measure]).figures if f.rater is None]
    assert figure.value is not None
    for low, high in ((figure.items_low, figure.items_high), (figure.raters_low, figure.raters_high)):
        assert low < figure.value < high < low + 0.4


def test_very_many_ratings_get_fewer_draws_but_a_hundred() -> None:
    plan = _Plan((), 1000, 0, 0.95, False)
    assert [plan.of(cost) for cost in (0, 1000, 400_000, 10**9)] == [1000, 1000, 500, 100]
    assert _Plan((), 20, 0, 0.95, False).of(10**9) == 20


@pytest.mark.parametrize("measure", ["split-half r", "leave-one-out r", "rater against rest"])
def test_correlations_of_a_few_items_are_left_to_luck(measure: str) -> None:
    few, enough = (
        agreement(Ratings((asked(matrix, "interval"),)), draws=0, measures=[measure]).of("value", measure)
        for matrix in ([[0, 1], [0, 2], [1, 3]], crowd(3))
    )
    assert few.value is None and few.state
    assert enough.value is not None


def test_few_raters_say_nothing_of_how_others_would_differ() -> None:
    found = agreement(Ratings((asked(crowd(3)),)), draws=50)
    alpha = found.of("value", "alpha ordinal")
    assert (alpha.raters_low, alpha.items_low is None) == (None, False)
    assert "3 raters are too few" in found.as_text()


def test_clusters_are_drawn_whole() -> None:
    matrix = crowd(4, items=40)
    rows = [
        {"i": f"{item}", "r": rater, "v": value, "s": f"speaker{item // 8}"}
        for rater, values in enumerate(matrix)
        for item, value in enumerate(values)
    ]
    for row in rows:  # one speaker is agreed on, the others are not
        row["v"] = int(row["i"]) % 4 if row["s"] == "speaker0" else (row["v"] + 2 * row["r"]) % 4
    free, tied = (
        agreement(Ratings.read(rows, item="i", rater="r", value="v", **of), draws=300).of("v", "alpha ordinal")
        for of in ({}, {"cluster": "s"})
    )
    assert free.value == tied.value
    assert tied.items_high - tied.items_low > 1.3 * (free.items_high - free.items_low)


def test_people_and_models_are_never_mixed() -> None:
    matrix = crowd(4)
    rows = [
        {"i": item, "r": rater, "v": value, "k": "model" if rater > 1 else "human"}
        for rater, values in enumerate(matrix)
        for item, value in enumerate(values)
    ]
    found = agreement(Ratings.read(rows, item="i", rater="r", value="v", kind="k"), draws=0)
    for pool, mine in (("people", matrix[:2]), ("models", matrix[2:])):
        assert found.of("v", "alpha ordinal", pool).value == pytest.approx(
            figures(mine, draws=0)["alpha ordinal"].value
        )
    assert {f.rater for f in found.figures if f.pool == "models" and f.rater} == {"2", "3"}


def test_ratings_of_nobody_in_particular_have_alpha_but_nothing_by_rater() -> None:
    rows = [{"i": item, "v": value} for values in crowd(4) for item, value in enumerate(values)]
    found = agreement(Ratings.read(rows, item="i", value="v"), draws=50)
    alpha = found.of("v", "alpha ordinal")
    assert alpha.value == pytest.approx(figures(crowd(4))["alpha ordinal"].value)
    assert (alpha.raters, alpha.raters_low, found.of("v", "cohen kappa quadratic").state) == (
        None, None, "it is not said of every rating who gave it",
    )  # fmt: skip
    assert "it is not said of every rating who gave it" in found.as_text()
    assert not [f for f in found.figures if f.rater]


def test_what_would_take_too_long_to_compare_is_said() -> None:
    rows = [{"i": n // 2, "r": n % 2, "v": 1 + n / 7} for n in range(4500)]
    figure = agreement(Ratings.read(rows, item="i", rater="r", value="v", level="ratio"), draws=0).of(
        "v", "alpha ratio"
    )
    assert (figure.value, figure.state) == (None, "more than 4000 different values to compare")


def test_a_raters_second_rating_of_an_item_is_told() -> None:
    rows = [{"i": i, "r": r, "v": (i * r) % 3} for i in range(6) for r in (1, 2)]
    found = agreement(Ratings.read([*rows, {"i": 0, "r": 1, "v": 2}], item="i", rater="r", value="v"))
    assert "1 ratings are a rater's second of an item" in found.as_text()


def test_alpha_and_halves_are_shown_side_by_side_with_the_reason() -> None:
    draw = np.random.default_rng(0)
    truth = draw.normal(size=60)
    matrix = [[float(v) for v in np.round(truth + 3 * draw.normal(size=60), 2)] for _ in range(24)]
    text = agreement(Ratings((asked(matrix),)), draws=0).as_text()
    assert "alpha asks whether one rater can stand for another" in text
    foretold, found = next(line.split()[1:3] for line in text.splitlines() if line.endswith(" 12"))
    assert abs(float(foretold) - float(found)) < 0.05


@pytest.mark.parametrize("by", ["emotion", "rater"])
def test_the_report_is_text_json_and_a_table(by: str) -> None:
    found = agreement(Ratings((asked(crowd(3)), asked([[1, 1]]))), draws=10)
    assert json.loads(json.dumps(found.facts()))["figures"][0]["measure"] == "alpha ordinal"
    assert found.table().num_rows == len(found.figures)
    assert found.table().column("value").null_count > 0
    assert all(len(line) < 200 for line in found.as_text(by).splitlines())


def test_the_same_ratings_give_the_same_report_in_any_order() -> None:
    rows = [{"i": i, "r": r, "v": v} for r, values in enumerate(crowd(6)) for i, v in enumerate(values)]
    a, b = (
        agreement(Ratings.read(given, item="i", rater="r", value="v"), draws=40, measures=tuple(MEASURES)).facts()
        for given in (rows, rows[::-1])
    )
    assert a == b


def test_nothing_rated_is_said() -> None:
    assert agreement(Ratings(())).as_text() == "no ratings"
    assert agreement(Ratings.read([], item="i", value="v")).facts() == {"figures": [], "notes": []}


def test_what_there_is_not_is_said_with_what_there_is() -> None:
    with pytest.raises(UserError, match="no measure 'kapa'"):
        agreement(Ratings(()), measures=["kapa"])
    with pytest.raises(UserError, match="there are: value: alpha interval, value: alpha ordinal"):
        agreement(Ratings((asked(crowd(2)),)), draws=0).of("joy", "alpha ordinal")


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.lists(st.one_of(st.none(), st.sampled_from([0.0, 1.0, 7.5])), min_size=3, max_size=3), max_size=6),
    st.sampled_from(["nominal", "ordinal", "interval", "ratio"]),
)
def test_no_ratings_crash_any_measure(matrix: Matrix, level: Any) -> None:
    rows = [{"i": i, "r": r, "v": v} for r, values in enumerate(matrix) for i, v in enumerate(values)]
    found = agreement(
        Ratings.read(rows, item="i", rater="r", value="v", level=level), draws=5, measures=tuple(MEASURES)
    )
    for figure in found.figures:
        assert (figure.value is None) == bool(figure.state)
        assert figure.value is None or np.isfinite(figure.value)


RANKINGS = [["a", "b", "c"], ["a", "c", "b"]]
TRACES = [
    [{"at_us": t * 40_000, "value": v} for t, v in enumerate(values)] for values in ([0.0, 1.0] * 5, [0.1, 0.9] * 5)
]
SPANS = [[{"start": 0.0, "end": 2.0}], [{"start": 1.0, "end": 2.0}]]


@pytest.mark.parametrize(
    ("level", "given", "measure", "expected"),
    [
        ("ranking", RANKINGS, "kendall w", 0.75),
        ("ranking", RANKINGS, "kendall tau", 1 / 3),
        ("ranking", RANKINGS, "spearman", 0.5),
        ("trace", TRACES, "ccc", 2 * 0.2 / (0.25 + 0.16)),
        ("trace", TRACES, "lag", 0.0),
        ("spans", SPANS, "alpha unitizing", 1 - 1 / 4 / (2 / 2 * (2 + 4 * 0) / (4 * 3 - 2)) / 2),
    ],
)
def test_lists_are_measured_item_by_item(level: Any, given: Any, measure: str, expected: float) -> None:
    rows = [{"i": item, "r": rater, "v": said} for item in range(6) for rater, said in enumerate(given)]
    figure = agreement(Ratings.read(rows, item="i", rater="r", value="v", level=level), draws=20).of("v", measure)
    assert figure.value == pytest.approx(expected, abs=0.02 if level != "spans" else 1)
    assert (figure.items, figure.raters, figure.state) == (6, 2, "")
    assert figure.items_low is not None and figure.items_low <= figure.value + 1e-9
