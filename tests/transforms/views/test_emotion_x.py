from collections.abc import Callable
from pathlib import Path

import pytest
from support.opining import labels_of, opinion
from support.published import FRIENDS, counted, friends

from affectory.transforms.views.emotion_x import EmotionX

Shared = Callable[[str], Path]


@pytest.mark.parametrize(
    ("cast", "chosen", "state"),
    [
        ("aaabc", ["a"], None),
        ("aabbc", ["non-neutral"], "no majority"),
        ("aaabbb", ["a", "b"], "tie"),
        ("aaabbbb", ["b"], None),
        ("aa", ["non-neutral"], "no majority"),  # so many votes, not such a share
    ],
)
def test_three_votes_make_a_label(cast: str, chosen: list[str], state: str | None) -> None:
    rows = [opinion(n, [float(label == x) for x in "abc"]) for n, label in enumerate(cast)]
    [label] = labels_of(EmotionX(), *rows)
    assert (label["chosen"], label["state"], label["space"]) == (chosen, state, "simplex")


def test_the_votes_and_the_word_can_be_others() -> None:
    rows = [opinion(1, [1, 0, 0]), opinion(2, [0, 1, 0])]
    [label] = labels_of(EmotionX(votes=1, otherwise="other"), *rows)
    assert label["chosen"] == ["a", "b"]
    [label] = labels_of(EmotionX(votes=2, otherwise="other"), *rows)
    assert label["chosen"] == ["other"]


@pytest.mark.parametrize(
    ("people", "chosen", "state"),
    [(5, ["a"], None), (4, ["non-neutral"], "no majority"), (0, [], "nobody said how many voted")],
)
def test_who_sums_up_people_has_their_votes(people: int, chosen: list[str], state: str | None) -> None:
    [label] = labels_of(EmotionX(), opinion(1, [0.6, 0.2, 0.2], people=people))
    assert (label["chosen"], label["state"]) == (chosen, state)


def test_without_votes_there_are_no_rows() -> None:
    assert labels_of(EmotionX(), opinion(1)) == []


def test_friends_is_reproduced(shared: Shared) -> None:
    published, votes = friends(shared)
    samples = [f"line{n:05}" for n in range(len(published))]
    labels = EmotionX().view(counted(samples, votes, FRIENDS), FRIENDS)
    pairs = list(zip(labels.column("chosen").to_pylist(), published, strict=True))
    assert (len(pairs), sum(ours == [theirs] for ours, theirs in pairs)) == (14_503, 14_503)
