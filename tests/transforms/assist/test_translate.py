"""Translation: in the language that is asked for, and near the original when it is translated back."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.talk_describing import failure, one, questions, step, told
from support.talking import backends, parrot

from affectory.transforms.assist._translating import MEASURES, language_of
from affectory.transforms.assist.translate import Translate

pytestmark = pytest.mark.usefixtures("backends")
__all__ = ["backends"]
TEXT = "She looks worried, and her voice is very low."
CHINESE, BACK = "她看起来很担心，声音也很低沉。", "She looks very worried, and her voice is low."
ROW = {"description": TEXT}


def translate(says: Any = CHINESE, back: Any = BACK, **given: Any) -> Translate:
    made: Translate = step(Translate, says, to="zh", back=parrot(back, name="other"), **given)
    return made


def test_a_text_is_translated_back_and_compared() -> None:
    written = one(translate(as_="chinese"), **ROW)
    assert (written["chinese"], written["chinese_back"]) == (CHINESE, BACK)
    assert written["chinese_check"] == MEASURES["characters"](TEXT, BACK)
    assert 0.5 < written["chinese_check"] < 1
    assert one(translate(measure="words"), **ROW)["translation_check"] == 1.0


def test_below_the_threshold_a_sample_is_rejected() -> None:
    assert one(translate(back="Nothing alike here at all.", min_similarity=0.0), **ROW)["translation_check"] < 0.3
    (lost,) = told(translate(back="Nothing alike here at all.", min_similarity=0.8), ROW).rejected
    assert lost.reason == "filtered"
    assert lost.detail.endswith("of it is alike, and 0.8 is asked")


def test_without_the_check_nobody_is_asked_to_translate_back() -> None:
    made = translate(back="FAIL", check=False)
    assert one(made, **ROW) == {"translation": CHINESE, "translation_by": one(made, **ROW)["translation_by"]}
    assert [model.name for model in made.models()] == ["bird"]


def test_both_languages_are_told() -> None:
    (asked,) = questions(translate(from_="de"), **ROW)
    assert "from the language with the code de into the language with the\ncode zh" in asked


@pytest.mark.parametrize(
    ("says", "objection"),
    [
        ("Elle a l'air inquiète et sa voix est très basse.", "it is in the language fr, and zh is asked for"),
        (TEXT, "it is the text unchanged"),
        ("", "it was empty"),
    ],
)
def test_another_language_is_asked_for_again(says: str, objection: str) -> None:
    assert objection in failure(translate(says), **ROW)
    assert one(translate([says, CHINESE]), **ROW)["translation"] == CHINESE


@pytest.mark.parametrize("name", ["Anna.", "OK!", "Hm ...", "No"])
def test_what_is_the_same_in_many_languages_may_stay_as_it_is(name: str) -> None:
    written = one(translate(name, back=name), description=name)
    assert (written["translation"], written["translation_check"]) == (name, 1.0)


def test_the_way_back_is_held_to_its_language_too() -> None:
    assert "it is the text unchanged" in failure(translate(back=CHINESE), **ROW)
    assert "it is in the language fr, and en" in failure(translate(back="Elle a l'air très inquiète ce soir."), **ROW)


def test_nothing_is_asked_about_nothing() -> None:
    assert questions(translate(), description=None) == []
    assert set(one(translate(), description=None).values()) == {None}


@pytest.mark.parametrize(("text", "language"), [("ok", None), (TEXT, "en"), ("我很高兴见到你", "zh"), ("", None)])
def test_a_short_text_has_no_language(text: str, language: str | None) -> None:
    assert language_of(text) == language


@pytest.mark.parametrize("measure", MEASURES)
@given(one_text=st.text(max_size=30), other=st.text(max_size=30))
def test_likeness_is_between_0_and_1_the_same_both_ways_and_1_for_the_same(
    measure: str, one_text: str, other: str
) -> None:
    alike = MEASURES[measure]
    assert 0 <= alike(one_text, other) <= 1
    assert alike(one_text, other) == alike(other, one_text)
    assert alike(one_text, one_text) == 1


@pytest.mark.parametrize(
    ("measure", "one_text", "other", "score"),
    [
        ("words", "a b", "B c", 0.5),
        ("words", "很好", "好", 0.6667),
        ("characters", "ab", "AB", 1.0),
        ("characters", "abc", "abd", 0.3889),
        ("characters", "", "a", 0.0),
    ],
)
def test_what_likeness_is(measure: str, one_text: str, other: str, score: float) -> None:
    assert MEASURES[measure](one_text, other) == score


def test_a_threshold_without_a_check_is_told_when_planning() -> None:
    with pytest.raises(ValueError, match="leave `check` on"):
        translate(check=False, min_similarity=0.5)
