"""Open labels: words as an opinion, each with the sentence that it comes from."""

import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.talk_describing import failure, one, places, questions, step
from support.talking import backends

from affectory.transforms.assist._labels import Words
from affectory.transforms.assist._quotes import found, plain, word_count
from affectory.transforms.assist.extract_labels import ExtractLabels

pytestmark = pytest.mark.usefixtures("backends")
__all__ = ["backends"]
TEXT = "She looks worried. Her voice is low, and she seems uneasy."


def answer(*labels: tuple[str, str]) -> dict[str, Any]:
    return {"labels": [{"word": word, "quote": quote} for word, quote in labels]}


def test_words_are_an_opinion_of_the_model_asked_by_the_prompt() -> None:
    made = step(ExtractLabels, answer(("worried", "worried"), ("uneasy", "seems uneasy")), modalities=("audio", "text"))
    [opinion] = one(made, description=TEXT)["opinions_open_labels"]
    assert (opinion["rater"], opinion["rater_kind"], opinion["perspective"]) == ("parrot", "model", "expressed")
    assert opinion["answer"]["words"] == ["worried", "uneasy"]
    assert (opinion["asked"]["response"], opinion["asked"]["labels"]) == ("words", [])
    assert opinion["asked"]["question"] == "Which words of emotion does the text give for the person? (description)"
    assert opinion["shown"]["instructions"].startswith("prompt extract_labels@1 ")
    assert opinion["modalities"] == ["audio", "text"]


def test_the_evidence_is_the_sentence_and_a_wrong_quote_costs_the_evidence_alone() -> None:
    says = answer(("worried", "LOOKS  worried"), ("in love", "she beams"), ("uneasy", "“seems uneasy.”"))
    written = one(step(ExtractLabels, says, as_="words"), description=TEXT)
    assert written["words"] == "worried, in love, uneasy"
    assert places(written["words_evidence"]) == [
        {"kind": "worried", "text": "She looks worried."},
        {"kind": "uneasy", "text": "Her voice is low, and she seems uneasy."},
    ]


def test_characters_are_told_of_the_sample_s_own_text() -> None:
    written = one(step(ExtractLabels, answer(("uneasy", "uneasy")), of="text"), text=TEXT)
    [place] = places(written["open_labels_evidence"])
    assert TEXT[place["char_start"] : place["char_end"]] == place["text"]
    [span] = places(written["opinions_open_labels"][0]["evidence"])
    assert span == {"kind": "span", "char_start": place["char_start"], "char_end": place["char_end"]}


def test_no_emotion_is_an_answer_and_no_description_is_none() -> None:
    made = step(ExtractLabels, answer())
    assert one(made, description=TEXT)["opinions_open_labels"][0]["answer"]["words"] == []
    assert questions(made, description=None) == []
    assert one(made, description=None)["opinions_open_labels"] == []


def test_traced_words_all_quote_the_description() -> None:
    bad, good = answer(("worried", "worried"), ("in love", "she beams")), answer(("worried", "worried"))
    made = step(ExtractLabels, [bad, good], traced=True)
    assert one(made, description=TEXT)["open_labels"] == "worried"
    assert "what is quoted for in love is not in the text" in failure(
        step(ExtractLabels, bad, traced=True), description=TEXT
    )


@pytest.mark.parametrize("says", ["joy", {"labels": "joy"}, {"labels": [{"word": "joy"}]}, answer(("x" * 61, ""))])
def test_what_is_no_answer_fails_its_row(says: Any) -> None:
    assert failure(step(ExtractLabels, says), description=TEXT).startswith("UnreadableAnswer")


@given(st.lists(st.text(max_size=12), max_size=8))
def test_words_are_each_there_once_in_order_and_stay_as_they_are(words: list[str]) -> None:
    tidy = plain(words)
    assert plain(tidy) == tidy
    assert len({word.casefold() for word in tidy}) == len(tidy)
    assert all(tidy) and len(tidy) <= len(words)


@pytest.mark.parametrize(
    ("given", "tidy"),
    [
        ([" joy", "Joy", "joy."], ["joy"]),
        (["cafe\u0301"], ["caf\u00e9"]),
        (["", " . "], []),
        (["悲伤", "「悲伤」"], ["悲伤"]),
    ],
)
def test_words_have_one_spelling(given: list[str], tidy: list[str]) -> None:
    assert plain(given) == tidy


@pytest.mark.parametrize(
    ("quote", "text", "at"),
    [
        ("sad", "an ambassador, sad", "sad"),
        ("sad", "an ambassador", None),
        ("她很难过", "今天她很难过。", "她很难过"),
        ("it's  over", "It’s over", "It’s over"),
        ("(a.b)*", "aXb", None),
        ("...", "...", None),
        ("x" * 2001, "x" * 2001, None),
    ],
)
def test_quotes_are_found_in_whole_words(quote: str, text: str, at: str | None) -> None:
    place = found(quote, text)
    assert (text[slice(*place)] if place else None) == at


@given(st.text(max_size=60), st.integers(0, 60), st.integers(0, 60))
def test_what_is_found_lies_in_the_text(text: str, a: int, b: int) -> None:
    quote = text[min(a, b) : max(a, b)]
    words = Words.model_validate({"labels": [{"word": "joy", "quote": quote}]})
    for start, end in words.places(text).values():
        assert 0 <= start < end <= len(text)


@pytest.mark.parametrize(("text", "count"), [("I'm so-so, really", 3), ("我很高兴 ok", 5), ("", 0), ("... !", 0)])
def test_words_are_counted_in_any_script(text: str, count: int) -> None:
    assert word_count(text) == count


def test_a_hundred_words_of_a_long_text_are_looked_for_once() -> None:
    text = "He goes home. " * 3000 + "He smiles and laughs."
    words = Words.model_validate({"labels": [{"word": f"w{n}", "quote": "smiles and laughs"} for n in range(100)]})
    began = time.monotonic()
    words.check(text, traced=True)
    assert {text[start:end] for start, end in words.places(text).values()} == {"He smiles and laughs."}
    assert time.monotonic() - began < 5
