"""Texts that must not name what they express."""

import pytest
from support.checking import EKMAN, checked, lost

from affectory.transforms.checks.keyword_free import KeywordFree

STEP = KeywordFree(taxonomy=EKMAN)


@pytest.mark.parametrize(
    ("text", "language", "named"),
    [
        ("He slams the door and throws his keys at the wall.", "en", None),
        ("He slams the door. He is furious.", "en", "'furious' (anger)"),
        ("She is not sad at all.", "en", "'sad' (sadness)"),
        ("Ihre Wut war nicht zu übersehen.", "de", "(anger)"),
        ("", None, None),
        (None, None, None),
    ],
)
def test_a_word_for_an_emotion_is_found(text: str | None, language: str | None, named: str | None) -> None:
    found = lost(STEP, text=text, language=language)
    assert (found is None) == (named is None)
    if named:
        assert found and found[0] == "filtered" and named in found[1]


def test_words_of_ones_own_count_and_some_may_pass_and_are_noted() -> None:
    own = KeywordFree(words=("clenched fists",), taxonomy=EKMAN)
    assert lost(own, text="He stood there with clenched fists.") is not None
    lenient = KeywordFree(words=("clenched fists",), most=1, taxonomy=EKMAN)
    (places,) = checked(lenient, {"text": "Clenched fists."}).rows.column("text_keywords").to_pylist()
    assert [(p["kind"], p["text"], p["char_start"], p["char_end"]) for p in places] == [
        ("other", "Clenched fists", 0, 14)
    ]
