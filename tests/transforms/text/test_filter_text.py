import unicodedata
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.running import run

from affectory.transforms.text.filter_text import FilterText

PROSE = "I was afraid at first. Then I laughed, and it was over."


def kept(text: str, **limits: float) -> bool:
    return run(FilterText(**limits), [{"text": text}]).rows.num_rows == 1  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("limits", "text", "reason", "detail"),
    [
        ({"min_chars": 10}, "too few", "too_short", "characters: 7, at least 10 is asked for"),
        ({"max_chars": 6}, "too many", "too_long", "characters: 8, at most 6 is allowed"),
        ({"min_words": 3}, "two words", "too_short", "words: 2, at least 3 is asked for"),
        ({"max_words": 3}, "these are four words", "too_long", "words: 4, at most 3 is allowed"),
        ({"min_words": 4}, "我很高兴", "too_short", "words: 2, at least 4 is asked for"),
        (
            {"min_alnum": 0.5},
            "a -- b -- c",
            "filtered",
            "share of letters and digits: 0.2727, at least 0.5 is asked for",
        ),
        ({"max_digits": 0.3}, "call 0123456", "filtered", "share of digits: 0.5833, at most 0.3 is allowed"),
        ({"max_symbols": 0.5}, "😀😀😀!a", "filtered", "share of symbols: 0.8, at most 0.5 is allowed"),
        ({"max_upper": 0.5}, "STOP IT now", "filtered", "share of capitals: 0.6667, at most 0.5 is allowed"),
        ({"min_word_chars": 2}, "a b c d ef", "filtered", "characters a word: 1.2, at least 2 is asked for"),
        ({"max_word_chars": 20}, "x" * 21, "filtered", "characters a word: 21, at most 20 is allowed"),
        (
            {"max_repeated_chars": 0.4},
            "noooooo!",
            "filtered",
            "share of repeated characters: 0.5, at most 0.4 is allowed",
        ),
        (
            {"max_repeated_lines": 0.3},
            "ha\nha \n\n ha\nho",
            "filtered",
            "share of repeated lines: 0.5, at most 0.3 is allowed",
        ),
        (
            {"max_repeated_phrases": 0.3, "phrase_words": 2},
            "no way No way no way",
            "filtered",
            "share of repeated phrases: 0.6, at most 0.3 is allowed",
        ),
    ],
)
def test_what_is_outside_a_limit_is_rejected_with_its_measure(
    limits: dict[str, float], text: str, reason: str, detail: str
) -> None:
    result = run(FilterText(**limits), [{"text": PROSE}, {"text": text}])  # type: ignore[arg-type]
    others = [r for r in result.rejected if r.row == 1]
    assert [(r.reason, r.detail) for r in others] == [(reason, detail)]


def test_the_first_limit_that_is_broken_is_told() -> None:
    result = run(FilterText(min_chars=20, min_alnum=0.9, max_upper=0.1), [{"text": "A B"}, {"text": "A" * 20}])
    assert [(r.row, r.reason) for r in result.rejected] == [(0, "too_short"), (1, "filtered")]


def test_values_at_a_limit_are_kept() -> None:
    assert kept("ab--", min_alnum=0.5, max_symbols=0.5, min_chars=4, max_chars=4, min_words=1, max_words=1)


@pytest.mark.parametrize("text", ["", None])
def test_an_empty_text_has_shares_of_zero(text: str | None) -> None:
    result = run(FilterText(max_upper=0, max_digits=0, max_repeated_lines=0, max_repeated_chars=0), [{"text": text}])
    assert result.rows.num_rows == 1
    assert run(FilterText(min_chars=1), [{"text": text}]).rejected[0].reason == "too_short"


def test_without_limits_all_are_kept() -> None:
    assert run(FilterText(), [{"text": t} for t in ("", None, "x", PROSE)]).rows.num_rows == 4
    assert run(FilterText(min_alnum=1), []).rows.num_rows == 0


@pytest.mark.parametrize(
    "text",
    [
        "می‌ترسم، نمی‌خواهم بروم.",
        "मैं बहुत खुश हूँ",
        "정말 슬프네요",
        "ฉันมีความสุขมาก",
        "我今天非常高兴！",
        "أنا خائف جدا",
        "በጣም ደስ ብሎኛል",
    ],
)
def test_limits_that_suit_english_suit_other_scripts(text: str) -> None:
    limits = {"min_words": 2, "max_words": 30, "min_alnum": 0.25, "max_symbols": 0.2, "max_upper": 0.5}
    assert kept(text, **limits, max_digits=0.2, min_word_chars=1.5, max_word_chars=12, max_repeated_chars=0.1)


# Few texts that Hypothesis draws from all characters repeat anything.
TEXTS = st.lists(
    st.one_of(st.text(st.sampled_from("aaAb1 .\né한中😀\u0301"), max_size=30), st.text(max_size=10)), max_size=6
)


@settings(deadline=None, max_examples=50)
@given(TEXTS, st.sampled_from([0.1, 0.25, 0.5]))
def test_shares_are_what_python_counts(texts: list[str], share: float) -> None:
    texts = [text.encode("utf-8", "ignore").decode() for text in texts]
    by_definition = {
        "min_alnum": lambda t: sum(c.isalnum() for c in t) / max(1, len(t)) >= share,
        "max_digits": lambda t: sum(c.isdecimal() for c in t) / max(1, len(t)) <= share,
        "max_upper": lambda t: _upper(t) <= share,
        "max_symbols": lambda t: _symbols(t) <= share,
        "max_repeated_chars": lambda t: sum(t[i - 2] == t[i - 1] == t[i] for i in range(2, len(t))) <= share * len(t),
        "max_repeated_lines": lambda t: _again([x.strip() for x in t.split("\n") if x.strip()]) <= share,
    }
    for name, right in by_definition.items():
        result = run(FilterText(**{name: share}), [{"text": text} for text in texts])
        assert result.origin.tolist() == [i for i, text in enumerate(texts) if right(text)], name


@settings(deadline=None)
@given(st.lists(st.text(st.sampled_from("ab "), max_size=24), max_size=5), st.integers(2, 3))
def test_phrases_are_counted_within_a_text(texts: list[str], length: int) -> None:
    result = run(FilterText(max_repeated_phrases=0.3, phrase_words=length), [{"text": text} for text in texts])
    words = [text.split() for text in texts]
    phrases = [[tuple(w[i : i + length]) for i in range(len(w) - length + 1)] for w in words]
    assert result.origin.tolist() == [i for i, found in enumerate(phrases) if _again(found) <= 0.3]


def _again(values: list[object]) -> float:
    return sum(n - 1 for n in Counter(values).values()) / max(1, len(values))  # type: ignore[arg-type]


def _upper(text: str) -> float:
    cased = [c for c in text if c.isupper() or c.islower()]
    return sum(c.isupper() for c in cased) / max(1, len(cased))


def _symbols(text: str) -> float:
    found = [c for c in text if c.isprintable() and not c.isalnum() and not c.isspace()]
    return sum(unicodedata.category(c)[0] != "M" for c in found) / max(1, len(text))
