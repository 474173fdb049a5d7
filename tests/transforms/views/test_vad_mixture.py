"""Distributions over emotions from places in valence, arousal and dominance."""

import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError
from support.opining import ABC, Row, labels_of, opinion, vad

from affectory.schemas.errors import UserError
from affectory.schemas.taxonomy import Taxonomy, load_taxonomy, parse_taxonomy
from affectory.transforms.views.vad_mixture import VadMixture

EKMAN = load_taxonomy("ekman-7")
USUAL = VadMixture()


def shares(*rows: Row, view: VadMixture = USUAL, taxonomy: Taxonomy = EKMAN) -> dict[str, float]:
    [label] = labels_of(view, *rows, taxonomy=taxonomy)
    return dict(zip(taxonomy.labels, label["values"], strict=True))


def most(found: dict[str, float]) -> str:
    return max(found, key=lambda name: found[name])


@pytest.mark.parametrize(
    ("place", "expected"),
    [
        ((1, 0.5, 0.5), "joy"),
        ((-1, 1, 1), "anger"),
        ((-1, 1, -1), "fear"),
        ((-1, -1, -1), "sadness"),
        ((0.3, 1, -0.2), "surprise"),
        ((-0.7, 0.3, 0), "disgust"),
        ((0, 0, 0), "neutral"),
    ],
)
def test_extremes_are_the_expected_emotion_and_the_origin_is_neutral(place: tuple[float, ...], expected: str) -> None:
    assert most(shares(vad(1, *place))) == expected


@pytest.mark.parametrize("name", ["ekman-6", "ekman-7", "mikels-8", "plutchik-8"])
def test_the_place_of_a_label_is_most_of_all_its_own(name: str) -> None:
    taxonomy = load_taxonomy(name)
    for entry in taxonomy.asked:
        assert entry.vad is not None
        place = (entry.vad.valence, entry.vad.arousal, entry.vad.dominance)
        assert most(shares(vad(1, *place), taxonomy=taxonomy)) == entry.name


def test_the_posterior_is_that_of_two_gaussians() -> None:
    two = parse_taxonomy({"name": "two", "entries": [
        {"name": "low", "vad": {"valence": -0.5, "arousal": 0, "dominance": 0}},
        {"name": "high", "vad": {"valence": 0.5, "arousal": 0, "dominance": 0}},
    ]})  # fmt: skip
    found = shares(vad(1, 0.25, 0, 0), view=VadMixture(width=0.5), taxonomy=two)
    near, far = math.exp(-0.5 * 0.5**2), math.exp(-0.5 * 1.5**2)
    assert found == pytest.approx({"low": far / (near + far), "high": near / (near + far)})
    wide = shares(vad(1, 0.0, 0, 0), view=VadMixture(width=0.5, widths={"low": 1.0}), taxonomy=two)
    narrow, broad = math.exp(-0.5) / 0.5**3, math.exp(-0.125)
    assert wide == pytest.approx({"low": broad / (narrow + broad), "high": narrow / (narrow + broad)})


def test_raters_at_opposite_ends_are_two_emotions_and_not_a_neutral_one() -> None:
    found = shares(vad(1, 1, 0.5, 0.5), vad(2, -0.8, -0.4, -0.4))
    assert found["neutral"] < 0.1 < min(found["joy"], found["sadness"])


def test_what_was_not_given_is_left_out() -> None:
    found = shares(vad(1, None, None, 0.3))
    assert (found["anger"], found["joy"]) == (pytest.approx(max(found.values())), pytest.approx(0.2, abs=0.05))
    assert most(shares(vad(1, 0.9, None, None))) == "joy"


def test_how_raters_differ_and_how_far_it_may_be_from_everybodys_mean() -> None:
    [one] = labels_of(USUAL, vad(1, 0.8, 0.5, 0.4), taxonomy=EKMAN)
    [many] = labels_of(USUAL, *(vad(n, 0.8, 0.5, 0.4) for n in range(20)), taxonomy=EKMAN)
    joy = EKMAN.index("joy")
    assert (one["spread"], many["spread"][joy]) == ([None] * 7, pytest.approx(0, abs=1e-9))
    assert one["values"] == pytest.approx(many["values"])
    assert one["high"][joy] - one["low"][joy] > 0.7 > 0.4 > many["high"][joy] - many["low"][joy] > 0
    assert (many["agreement"], many["count"], many["space"]) == (1, 20, "simplex")


def test_a_label_without_a_place_is_told_by_name() -> None:
    with pytest.raises(UserError, match="abc there is no place in VAD of a, b, c") as error:
        labels_of(USUAL, vad(1, 0, 0, 0), taxonomy=ABC)
    assert "vad: {valence" in (error.value.hint or "")
    with pytest.raises(UserError, match="no label 'jo', did you mean joy"):
        shares(vad(1, 0, 0, 0), view=VadMixture(widths={"jo": 1.0}))


def test_nothing_placed_is_no_label() -> None:
    assert labels_of(USUAL, taxonomy=EKMAN) == labels_of(USUAL, opinion(1, [1, 0, 0]), taxonomy=EKMAN) == []


@pytest.mark.parametrize("width", [0, -1, float("nan")])
def test_a_width_is_positive(width: float) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(VadMixture).validate_python({"width": width})


Places = st.lists(
    st.lists(st.one_of(st.none(), st.floats(-1, 1, width=32)), min_size=3, max_size=3).filter(
        lambda place: any(p is not None for p in place)
    ),
    min_size=1,
    max_size=6,
)


@settings(max_examples=50)
@given(Places, st.floats(0.01, 10), st.randoms())
def test_it_is_a_distribution_inside_its_interval_whatever_the_order(
    places: list[list[float]], width: float, random: Any
) -> None:
    rows = [vad(n, *place) for n, place in enumerate(places)]
    [label] = labels_of(VadMixture(width=width), *rows, taxonomy=EKMAN)
    assert sum(label["values"]) == pytest.approx(1, abs=1e-6)
    assert all(
        lo - 1e-6 <= v <= hi + 1e-6 for lo, v, hi in zip(label["low"], label["values"], label["high"], strict=True)
    )
    assert labels_of(VadMixture(width=width), *random.sample(rows, len(rows)), taxonomy=EKMAN) == [label]
