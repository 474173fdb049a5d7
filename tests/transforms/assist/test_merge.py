"""Merging clues: none is invented, each sentence leads back to what it rests on."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError
from support.talk_describing import failure, one, questions, step
from support.talking import backends, parrot

from affectory.pipelines.prompting import prompt
from affectory.transforms.assist._merging import Merged
from affectory.transforms.assist.merge import Merge

pytestmark = pytest.mark.usefixtures("backends")
__all__ = ["backends"]
HEARD, SEEN, SAID = "The voice is low. It trembles at the end.", "She looks down.", "I am fine, really."
FROM = ("heard", "seen", "text")
ROW = {"heard": HEARD, "seen": SEEN, "text": SAID}


def answer(*sentences: tuple[str, dict[str, str]]) -> dict[str, Any]:
    return {
        "sentences": [
            {"text": text, "rests_on": [{"clue": clue, "quote": quote} for clue, quote in rests.items()]}
            for text, rests in sentences
        ]
    }


def test_each_sentence_leads_back_to_sentences_of_clues() -> None:
    says = answer(
        ("Her voice trembles.", {"heard": "it  TREMBLES"}),
        ("She hides it.", {"seen": "looks down", "text": "fine"}),
        ("She is a nurse.", {"seen": "a white coat"}),
    )
    written = one(step(Merge, says, from_=FROM), **ROW)
    assert written["description"] == "Her voice trembles. She hides it. She is a nurse."
    assert json.loads(written["description_from"]) == [
        {"text": "Her voice trembles.", "from": [{"clue": "heard", "quote": "It trembles at the end."}]},
        {"text": "She hides it.", "from": [{"clue": "seen", "quote": SEEN}, {"clue": "text", "quote": SAID}]},
        {"text": "She is a nurse.", "from": []},
    ]
    assert written["description_by"].startswith("parrot, asked by merge@1 ")


def test_missing_clues_are_left_out_and_named_to_nobody() -> None:
    (asked,) = questions(step(Merge, from_=FROM), heard=None, seen="", text=SAID)
    assert SAID in asked
    assert 'name="seen"' not in asked
    assert "the clue's name\n(text)" in asked


def test_a_sample_without_clues_passes_untouched() -> None:
    made = step(Merge, answer(("made up", {})), from_=FROM)
    assert questions(made) == []
    assert set(one(made).values()) == {None}


def test_kept_columns_are_clues_under_their_own_names() -> None:
    says = answer(("She looks down.", {"SALMONN-7B": "down"}))
    made = step(Merge, says, from_=("extra.SALMONN-7B", "text"))
    written = one(made, extra={"SALMONN-7B": SEEN}, text=SAID)
    assert json.loads(written["description_from"])[0]["from"] == [{"clue": "SALMONN-7B", "quote": SEEN}]


def test_a_clue_that_is_not_there_cannot_be_named() -> None:
    told = failure(step(Merge, answer(("x", {"smelled": "smoke"})), from_=FROM), **ROW)
    assert told.startswith("UnreadableAnswer: bird was asked 3 times")
    assert "'smelled' is not one of ['heard', 'seen', 'text']" in told


@pytest.mark.parametrize("says", ["...", "", " "])
def test_a_sentence_that_says_nothing_is_asked_for_again(says: str) -> None:
    bad, good = answer((SEEN, {}), (says, {})), answer((SEEN, {}))
    assert failure(step(Merge, bad, from_=FROM), **ROW).startswith("UnreadableAnswer")
    assert one(step(Merge, [bad, good], from_=FROM), **ROW)["description"] == SEEN


def test_traced_asks_again_until_every_sentence_quotes_a_clue() -> None:
    bare, good = answer(("She is tired.", {})), answer(("She looks down.", {"seen": "looks down"}))
    assert one(step(Merge, [bare, bare, good], from_=FROM, traced=True), **ROW)["description"] == "She looks down."
    assert "no clue says what is quoted for 'She is tired.'" in failure(
        step(Merge, bare, from_=FROM, traced=True), **ROW
    )


def test_a_prompt_whose_answer_is_text_gives_text() -> None:
    written = one(step(Merge, " She hides it. ", from_=FROM, prompt="merge_text"), **ROW)
    assert (written["description"], written["description_from"]) == ("She hides it.", None)


@given(st.dictionaries(st.sampled_from(FROM), st.text(max_size=40)), st.lists(st.text(max_size=20), max_size=3))
def test_whatever_is_quoted_only_words_of_clues_are_noted(clues: dict[str, str], quotes: list[str]) -> None:
    rests = [{"clue": clue, "quote": quote} for quote in quotes for clue in FROM]
    merged = Merged.model_validate({"sentences": [{"text": "x", "rests_on": rests}]})
    assert all(rest["quote"] and rest["quote"] in clues[rest["clue"]] for rest in merged.traced(clues)[0]["from"])


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"prompt": "caption"}, "merge tells clues, and prompt caption does not"),
        ({"prompt": "merge_text", "traced": True}, "merge reads JSON"),
        ({"model": parrot(can=["image"])}, "merge needs json of model bird"),
    ],
)
def test_mistakes_are_told_when_planning(given: dict[str, Any], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        step(Merge, from_=("text",), **given)


@pytest.mark.parametrize("parameters", [{"from": []}, {"from": ["text"], "as": "text"}, {"from": ["text"], "as": "A"}])
def test_parameters_that_mean_nothing(parameters: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(Merge).validate_python({"model": parrot(), "prompt": prompt("merge"), **parameters})
