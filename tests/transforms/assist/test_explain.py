"""Reasoning: bound to the facts that a sample has, in the length and form that is asked for."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.talk_describing import failure, one, questions, step
from support.talking import backends

from affectory.schemas.taxonomy import load_taxonomy
from affectory.transforms.assist._facts import facts_of, listed, units
from affectory.transforms.assist.explain import Explain

pytestmark = pytest.mark.usefixtures("backends")
__all__ = ["backends"]
EKMAN = load_taxonomy("ekman-7")
FACTS = ("action_units", "pitch_hz", "text")
UNITS = [{"kind": "AU12", "score": 1.5}, {"kind": "AU12", "score": 3.25}, {"kind": "AU06L", "score": 2.0}]
ROW = {"action_units": UNITS, "pitch_hz": 213.0, "text": 'So glad!\nAU04: 5 "yes"'}


def answer(*steps: tuple[str, list[str]], then: str = "She is glad.") -> dict[str, Any]:
    return {"steps": [{"says": says, "facts": facts} for says, facts in steps], "conclusion": then}


GOOD = answer(("The lip corners rise (AU12).", ["AU12"]), ("Her cheeks too, as AU 6 tells.", ["AU06L", "AU06L"]))


def explain(says: Any, **given: Any) -> Explain:
    made: Explain = step(Explain, says, facts=FACTS, taxonomy=EKMAN, **given)
    return made


def test_the_explanation_is_its_steps_each_with_the_facts_that_it_cites() -> None:
    written = one(explain(GOOD), **ROW)
    assert written["explanation"] == "The lip corners rise (AU12). Her cheeks too, as AU 6 tells. She is glad."
    assert json.loads(written["explanation_facts"]) == [
        {"says": "The lip corners rise (AU12).", "facts": ["AU12"]},
        {"says": "Her cheeks too, as AU 6 tells.", "facts": ["AU06L"]},
    ]
    assert written["explanation_by"].startswith("parrot, asked by explain@1 ")


def test_findings_are_facts_by_their_kind_at_their_strongest_and_texts_keep_their_line() -> None:
    facts = facts_of(ROW, FACTS)
    assert facts == {"AU06L": 2.0, "AU12": 3.25, "pitch_hz": 213.0, "text": ROW["text"]}
    assert listed(facts).splitlines() == [
        "AU06L: 2",
        "AU12: 3.25",
        "pitch_hz: 213",
        'text: "So glad!\\nAU04: 5 \\"yes\\""',
    ]
    assert listed(facts) in questions(explain(GOOD), **ROW)[0]


def test_two_facts_of_one_name_are_told_apart() -> None:
    found = [{"kind": "calm", "score": 1.0}]
    assert facts_of({"calm": 0.5, "moods": found}, ("calm", "moods")) == {"calm": 0.5, "calm (moods)": 1.0}


@pytest.mark.parametrize("row", [{}, {"action_units": [], "pitch_hz": None, "text": ""}])
def test_a_sample_without_facts_is_not_asked_about(row: dict[str, Any]) -> None:
    assert questions(explain(GOOD), **row) == []
    assert set(one(explain(GOOD), **row).values()) == {None}


@pytest.mark.parametrize(
    ("says", "objection"),
    [
        (answer(("She frowns.", ["AU04"])), "'AU04' is not one of ['AU06L', 'AU12', 'pitch_hz', 'text']"),
        (answer(("She frowns.", [])), "should be non-empty"),
        (answer(), "should be non-empty"),
        (answer(("She smiles and frowns (AU12+AU4).", ["AU12"])), "the facts do not have AU04"),
        (answer(("Her right cheek rises, AU6R.", ["AU06L"])), "the facts do not have AU06R"),
        ("She is glad.", "it is not JSON"),
    ],
)
def test_what_no_fact_bears_is_asked_for_again(says: Any, objection: str) -> None:
    assert objection in failure(explain(says), **ROW)
    assert one(explain([says, GOOD]), **ROW)["explanation"].startswith("The lip corners")


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("AU12", {"AU12"}),
        ("AU 4 and AU07", {"AU04", "AU07"}),
        ("AU6+12", {"AU06", "AU12"}),
        ("AU14L", {"AU14L"}),
        ("action units 6 and 12", {"AU06", "AU12"}),
        ("Action unit 1.", {"AU01"}),
        ("au 12 rue Haute, 4 cases, AUTO 3, AU0", set()),
    ],
)
def test_action_units_are_known_however_they_are_spelled(text: str, named: set[str]) -> None:
    assert units(text) == named


@pytest.mark.parametrize(
    ("given", "objection"),
    [
        ({"min_words": 50, "max_words": 200}, "it has 15 words, and 50 to 200 are wanted"),
        ({"max_words": 5}, "it has 15 words, and 1 to 5 are wanted"),
    ],
)
def test_its_length_is_a_bound(given: dict[str, int], objection: str) -> None:
    assert objection in failure(explain(GOOD, **given), **ROW)


@pytest.mark.parametrize(
    "begins", ["Joy is what it is.", "The emotion is: happiness.", '"Sad," she says.', "悲伤是明显的。"]
)
def test_it_may_have_to_begin_with_something_else_than_a_label(begins: str) -> None:
    says = answer((begins, ["text"]))
    assert one(explain(says), **ROW)["explanation"].startswith(begins)
    assert "it begins with the label" in failure(explain(says, label_first=False), **ROW)
    late = answer(("Her voice rises; that is joy.", ["text"]))
    assert one(explain(late, label_first=False), **ROW)["explanation"].startswith("Her voice")


@given(st.text(max_size=30))
def test_no_text_makes_up_a_fact(text: str) -> None:
    assert len(listed({"text": text, "pitch_hz": 1.0}).split("\n")) == 2


def test_bounds_that_exclude_everything_are_told_when_planning() -> None:
    with pytest.raises(ValueError, match="min_words is 9 and max_words 8: nothing is between them"):
        explain(GOOD, min_words=9, max_words=8)
