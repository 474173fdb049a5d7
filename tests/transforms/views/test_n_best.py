import pytest
from support.opining import labels_of, opinion

from affectory.schemas.taxonomy import parse_taxonomy
from affectory.transforms.views.n_best import NBest

FOUR = parse_taxonomy({"name": "four", "entries": list("abcd")})


@pytest.mark.parametrize(
    ("weights", "n", "values", "chosen", "state"),
    [
        ([5, 3, 2, 0], 2, [5 / 8, 3 / 8, 0, 0], ["a", "b"], None),
        ([5, 3, 2, 0], 1, [1, 0, 0, 0], ["a"], None),
        ([5, 3, 2, 0], 3, [0.5, 0.3, 0.2, 0], ["a", "b", "c"], None),
        ([5, 2, 2, 1], 2, [5 / 9, 2 / 9, 2 / 9, 0], ["a", "b", "c"], "tie"),
        ([4, 4, 1, 1], 2, [0.5, 0.5, 0, 0], ["a", "b"], None),  # a tie within is none at the border
        ([1, 0, 0, 0], 2, [1, 0, 0, 0], ["a"], None),  # what nobody named is not among the best
        ([1, 1, 1, 1], 9, [0.25] * 4, ["a", "b", "c", "d"], None),
        ([2, None, 1, 1], 1, [1, None, 0, 0], ["a"], None),
    ],
)
def test_the_best_share_the_whole(
    weights: list[float | None], n: int, values: list[float | None], chosen: list[str], state: str | None
) -> None:
    [label] = labels_of(NBest(n), opinion(1, weights, labels=FOUR.labels, of=FOUR), taxonomy=FOUR)
    assert label["values"] == pytest.approx(values)
    assert (label["chosen"], label["state"], label["space"]) == (chosen, state, "simplex")


def test_the_uncertainty_is_that_of_what_is_left() -> None:
    [label] = labels_of(NBest(1), opinion(1, [1, 0, 0]), opinion(2, [1, 0, 0]), opinion(3, [0, 1, 0]))
    assert (label["uncertainty"], label["count"]) == (0, 3)
    assert label["agreement"] == pytest.approx(2 / 3)


def test_without_votes_there_are_no_rows() -> None:
    assert labels_of(NBest()) == []
