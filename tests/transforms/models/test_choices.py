"""First tokens and the choices that they stand for."""

import math
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from affectory.transforms.models._choices import likeliest, meant, seen


@pytest.mark.parametrize(
    ("choices", "token", "choice"),
    [
        ("AB", "A", "A"),
        ("AB", " A", "A"),
        ("AB", "ĠA", "A"),
        ("AB", "▁B", "B"),
        ("AB", "A\n", "A"),
        ("AB", "a", None),
        ("AB", "C", None),
        ("AB", "Answer", None),
        ("AB", " ", None),
        ("AB", "", None),
        (["joy", "sadness"], " sad", "sadness"),
        (["sadness", "surprise"], "s", None),
        (["1", "10"], "1", "1"),
        (["yes", "no"], "Yes", "yes"),
        (["yes", "no"], " NO", "no"),
        (["yes", "no"], "Y", "yes"),
        (["yes", "no"], "Not", None),
        (["Joy", "joy"], "JOY", None),
        (["-1", "1"], "-", "-1"),
    ],
)
def test_a_token_stands_for_the_choice_that_it_spells_or_alone_begins(
    choices: Sequence[str], token: str, choice: str | None
) -> None:
    assert meant(list(choices), token) == choice


def test_tokens_of_one_choice_add_up_in_the_order_of_the_choices() -> None:
    tokens = [("B", math.log(0.5)), ("A", math.log(0.2)), (" A", math.log(0.1)), ("The", math.log(0.1))]
    found = seen(["A", "B", "C"], tokens)
    assert [choice for choice, _ in found] == ["A", "B"]
    assert [math.exp(x) for _, x in found] == pytest.approx([0.3, 0.5])
    assert likeliest(found) == "B"


def test_what_is_no_number_is_not_seen() -> None:
    assert seen(["A", "B"], [("A", -math.inf), ("B", math.nan)]) == ()
    assert likeliest(()) is None


@given(st.lists(st.tuples(st.sampled_from(["A", " A", "B", "▁B", "x", " "]), st.floats(-50, 0))))
def test_no_choice_is_likelier_than_certain_and_the_order_of_tokens_does_not_matter(
    tokens: list[tuple[str, float]],
) -> None:
    given = list(dict(tokens).items())
    found = seen(["A", "B"], given)
    assert all(logprob <= 0 for _, logprob in found)
    assert [c for c, _ in found] == [c for c, _ in seen(["A", "B"], given[::-1])]
    assert [x for _, x in found] == pytest.approx([x for _, x in seen(["A", "B"], given[::-1])])
