import pytest
from support.opining import labels_of, opinion

from affectory.transforms.views.majority import Majority


def votes(*labels: str) -> list[dict[str, object]]:
    return [opinion(n, [float(label == x) for x in "abc"]) for n, label in enumerate(labels)]


@pytest.mark.parametrize(
    ("cast", "share", "chosen", "state"),
    [
        ("aab", 0.5, ["a"], None),
        ("aabb", 0.5, [], "no majority"),  # exactly half is not more than half
        ("abc", 0.5, [], "no majority"),
        ("aab", 2 / 3, [], "no majority"),
        ("aab", 0.6, ["a"], None),
        ("aabbc", 0.3, ["a", "b"], "tie"),
        ("aab", 0.3, ["a"], None),  # of two above the share the one with more votes
        ("c", 0.5, ["c"], None),
    ],
)
def test_more_than_the_share_is_needed(cast: str, share: float, chosen: list[str], state: str | None) -> None:
    [label] = labels_of(Majority(share), *votes(*cast))
    assert (label["chosen"], label["state"]) == (chosen, state)


def test_nothing_is_dropped_for_want_of_a_majority() -> None:
    [label] = labels_of(Majority(), *votes(*"abc"))
    assert label["values"] == pytest.approx([1 / 3] * 3)
    assert (label["count"], label["space"]) == (3, "simplex")


def test_the_rest_may_have_a_name_of_its_own() -> None:
    [label] = labels_of(Majority(otherwise="mixed"), *votes(*"abc"))
    assert (label["chosen"], label["state"]) == (["mixed"], "no majority")
    [label] = labels_of(Majority(otherwise="mixed"), *votes(*"aab"))
    assert label["chosen"] == ["a"]


def test_without_votes_there_are_no_rows() -> None:
    assert labels_of(Majority(otherwise="mixed")) == []
