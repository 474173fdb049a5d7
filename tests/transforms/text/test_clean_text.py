import unicodedata

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.running import run

from affectory.transforms.text.clean_text import CleanText

KEPT = {
    "Persian with zero-width non-joiners": "می‌ترسم، نمی‌خواهم بروم.",
    "Korean": "정말 슬프네요. 안녕히 가세요.",
    "an emoji family": "We are 👨‍👩‍👧‍👦 together 🏳️‍🌈",
    "Arabic with direction marks": "قال \u200fOK\u200f لي",
    "tabs and newlines": "one\ttwo\n\nthree",
    "Devanagari": "मैं बहुत खुश हूँ",
    "Devanagari with a joiner": "क्\u200dष और र्\u200cक",
    "Bengali": "আমি খুব খুশি। কী হয়েছে?",
    "Sinhala with a joiner": "ශ්\u200dරී ලංකා",
    "Hebrew with points": unicodedata.normalize("NFC", "שָׁלוֹם, מַה שְּׁלוֹמְךָ?"),
    "Arabic with vowels": "أَنَا سَعِيدٌ جِدًّا ـــ",
    "Urdu": "مجھے ڈر لگ رہا ہے۔",
    "Thai": "ฉันมีความสุขมาก",
    "Tibetan": "ང་དགའ་པོ་བྱུང་།",
    "Amharic": "በጣም ደስ ብሎኛል።",
    "Vietnamese": "Tôi rất buồn và thất vọng",
    "Japanese full width": "えっ！？　マジで…？",
    "Chinese": "我今天非常高兴！你呢？",
    "Korean letters by themselves": "ㅋㅋㅋ ㅠㅠ",
    "old Hangul": "\u1112\u119e\u11ab",
    "emoji of a skin, a hair and a heart": "👩🏽‍🦰 👍🏿 ❤️‍🔥 ❤︎",
    "flags, keycaps and tags": "🇮🇷🇰🇷 1️⃣ 🏴󠁧󠁢󠁥󠁮󠁧󠁿",
    "a mark by itself": "the mark \u0301 alone",
}


def cleaned(*texts: str | None, **parameters: int) -> list[str]:
    result = run(CleanText(**parameters), [{"text": text} for text in texts])
    return [str(text) for text in result.rows.column("text").to_pylist()]


@pytest.mark.parametrize("text", KEPT.values(), ids=KEPT)
def test_what_a_script_needs_stays(text: str) -> None:
    assert cleaned(text) == [text]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("cafe\u0301 au lait", "café au lait"),
        ("\u1112\u1161\u11ab\u1100\u116e\u11a8 사람", "한국 사람"),
        ("  padded \u00a0\n", "padded"),
        ("one  \t\ntwo\u3000\r\nthree\rfour", "one\ntwo\nthree\nfour"),
        ("one\n\n \n\n\ntwo", "one\n\ntwo"),
        ("be\x00e\x07p\x7f \x1b[0m\ufeffdone", "beep [0mdone"),
        ("page\x0cbreak\u2028line", "page\nbreak\nline"),
    ],
)
def test_cleaning(given: str, expected: str) -> None:
    assert cleaned(given) == [expected]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (None, "empty"),
        ("", "empty"),
        (" \n\t\u200b\u200d\ufeff", "empty"),
        (".", "too_short"),
        ("👨‍👩‍👧 🇩🇪", "too_short"),
        ("é" + "\u0301" * 20 + "!", "too_short"),
        ("x" * 101, "too_long"),
    ],
)
def test_rejects(text: str | None, reason: str) -> None:
    result = run(CleanText(max_chars=100), [{"text": "long enough"}, {"text": text}])
    assert [(r.row, r.reason) for r in result.rejected] == [(1, reason)]
    assert result.rows.num_rows == 1


def test_a_reject_says_how_many_characters_there_were() -> None:
    result = run(CleanText(min_chars=5), [{"text": "no no"}])
    assert result.rejected[0].detail == "4 visible characters, at least 5 are asked for"


def test_texts_are_cleaned_alike_in_any_company() -> None:
    """Only what is not clean is worked on, so a batch holds both."""
    unclean = ["two\r\nlines", "cafe\u0301", "both\u0301\x07 \nof it", " padded "]
    mixed = [*KEPT.values(), *unclean]
    assert cleaned(*mixed) == [cleaned(text)[0] for text in mixed]


@pytest.mark.parametrize("count", [1, 3, 4, 5, 40])
def test_a_long_text_is_counted_as_far_as_it_takes(count: int) -> None:
    """Marks that cannot be seen do not stand in for characters that can, however many come first."""
    texts = ["x" * count, "\u0301" * 50 + "x" * count, "x" + "\u0301" * 50 + "x" * (count - 1), "🇩🇪" * count]
    result = run(CleanText(min_chars=4), [{"text": text} for text in texts])
    assert (result.rows.num_rows, len(result.rejected)) == ((4, 0) if count >= 4 else (0, 4))
    assert all(f"{count} visible" in r.detail for r in result.rejected)


def test_nothing_in_nothing_out() -> None:
    result = run(CleanText(), [])
    assert result.rows.num_rows == 0
    assert result.rows.schema.field("text").type == pa.string()


@settings(deadline=None)
@given(st.lists(st.text(), max_size=8))
def test_cleaning_twice_changes_nothing(texts: list[str]) -> None:
    texts = [text.encode("utf-8", "ignore").decode() for text in texts]
    once = cleaned(*texts, min_chars=1)
    assert cleaned(*once, min_chars=1) == once
    assert all(unicodedata.is_normalized("NFC", text) and text == text.strip() for text in once)
    assert not any(unicodedata.category(c) == "Cc" and c not in "\n\t" for text in once for c in text)
