from collections.abc import Callable
from pathlib import Path

import pytest
from support.opining import labels_of, opinion
from support.published import CREMA_D, counted, crema_d

from affectory.transforms.views.plurality import Plurality

Shared = Callable[[str], Path]


def test_the_most_votes_win_and_the_share_stays() -> None:
    [label] = labels_of(Plurality(), opinion(1, [1, 0, 0]), opinion(2, [1, 0, 0]), opinion(3, [0, 0, 1]))
    assert (label["chosen"], label["state"], label["space"]) == (["a"], None, "simplex")
    assert label["values"] == pytest.approx([2 / 3, 0, 1 / 3])
    assert label["agreement"] == pytest.approx(2 / 3)


def test_those_that_tie_are_all_named() -> None:
    [label] = labels_of(Plurality(), opinion(1, [0, 0, 1]), opinion(2, [1, 0, 0]))
    assert (label["chosen"], label["state"], label["agreement"]) == (["a", "c"], "tie", 0.5)


def test_thirds_of_votes_that_sum_to_as_much_tie() -> None:
    thirds = [opinion(n, [0.1, 0.2, 0]) for n in (1, 2, 3)]  # one vote for a, two for b
    [label] = labels_of(Plurality(), *thirds, opinion(4, [1, 0, 0]))
    assert (label["chosen"], label["state"]) == (["a", "b"], "tie")


def test_what_is_lost_in_32_bits_breaks_no_tie() -> None:
    [label] = labels_of(Plurality(), *(opinion(n, w) for n, w in enumerate(([0.2, 0.8, 0], [0.3, 0.7, 0], [1, 0, 0]))))
    assert (label["chosen"], label["state"]) == (["a", "b"], "tie")


def test_a_label_that_few_were_asked_about_is_not_behind_for_that() -> None:
    many = [opinion(n, [1, 0], labels=("a", "b")) for n in (1, 2)] + [opinion(3, [0, 1], labels=("a", "b"))]
    [label] = labels_of(Plurality(), *many, opinion(4, [1], labels=("c",)))
    assert label["chosen"] == ["c"]


def test_without_votes_there_are_no_rows() -> None:
    assert labels_of(Plurality(), opinion(1, [0, 0, 0])) == []


def test_crema_d_is_reproduced_with_its_ties(shared: Shared) -> None:
    table, samples, votes = crema_d(shared)
    labels = Plurality().view(counted(samples, votes, CREMA_D), CREMA_D)
    assert labels.column("sample_id").to_pylist() == samples
    chosen = [":".join(names) for names in labels.column("chosen").to_pylist()]
    published = table.column("emoVote").to_pylist()
    assert (len(chosen), sum(a == b for a, b in zip(chosen, published, strict=True))) == (22_326, 22_326)
    agreement = zip(labels.column("agreement").to_pylist(), table.column("agreement").to_pylist(), strict=True)
    assert max(abs(a - b) for a, b in agreement) < 1e-7
    ties = [state == "tie" for state in labels.column("state").to_pylist()]
    assert ties == [":" in names for names in published]
