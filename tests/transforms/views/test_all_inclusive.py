import pytest
from support.opining import labels_of, opinion

from affectory.transforms.views.all_inclusive import AllInclusive


def test_one_rater_is_enough_for_a_label() -> None:
    rows = [opinion(n, [1, 0, 0]) for n in range(9)]
    [label] = labels_of(AllInclusive(), *rows, opinion(9, [0, 0, 1]))
    assert (label["chosen"], label["space"], label["count"]) == (["a", "c"], "multi-label", 10)
    assert label["values"] == pytest.approx([0.9, 0, 0.1])


def test_a_rater_may_pick_several_so_that_shares_do_not_sum_to_one() -> None:
    [label] = labels_of(AllInclusive(), opinion(1, [1, 1, 0]), opinion(2, [0, 1, 0]))
    assert (label["values"], label["chosen"]) == ([0.5, 1, 0], ["a", "b"])
    assert (label["uncertainty"], label["agreement"]) == (None, None)


def test_shares_are_of_those_who_were_asked() -> None:
    rows = [opinion(1, [1, None, None]), opinion(2, [0, 1, None])]
    [label] = labels_of(AllInclusive(), *rows)
    assert (label["values"], label["chosen"]) == ([0.5, 1, None], ["a", "b"])


def test_nothing_that_applies_is_an_answer() -> None:
    [label] = labels_of(AllInclusive(), opinion(1, [0, 0, 0]), opinion(2, [0, 0, 1]))
    assert (label["values"], label["count"]) == ([0, 0, 0.5], 2)


def test_without_answers_there_are_no_rows() -> None:
    assert labels_of(AllInclusive(), opinion(1), opinion(2, [None, None, None])) == []
