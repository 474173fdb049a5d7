from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.running import run

from affectory.schemas.derived import OPINIONS_TABLE
from affectory.schemas.errors import UserError
from affectory.schemas.opinion import OPINIONS
from affectory.schemas.taxonomy import Taxonomy, load_taxonomy, parse_taxonomy
from affectory.transforms.models._words import Vocabulary
from affectory.transforms.models.lexicon import Lexicon

EKMAN = load_taxonomy("ekman-7")
WORDS = parse_taxonomy(
    {
        "name": "words",
        "entries": [
            {"name": "joy", "synonyms": ["happy", "over the moon", "😀"], "languages": {"de": ["Freude", "froh"]}},
            {
                "name": "pride",
                "synonyms": ["proud", "happy with myself"],
                "languages": {"ko": ["자랑"], "zh": ["骄傲"]},
            },
            {
                "name": "sadness",
                "synonyms": ["sad"],
                "languages": {"ko": ["슬픔", "슬프"], "fa": ["غمگین"], "th": ["เศร้า"]},
            },
        ],
    }
)


def opinions(text: str | None, language: str | None = None, taxonomy: Taxonomy = WORDS) -> list[dict[str, Any]]:
    column = run(Lexicon(taxonomy=taxonomy), [{"text": text, "language": language}]).rows.column("opinions_lexicon")
    assert column.type == OPINIONS
    found: list[dict[str, Any]] = column[0].as_py(maps_as_pydicts="strict")
    return found


def votes(text: str, language: str | None = None) -> dict[str, float]:
    found = opinions(text, language)
    weights = found[0]["answer"]["weights"] if found else [0.0] * 3
    return {label: w for label, w in zip(WORDS.labels, weights, strict=True) if w}


def evidence(text: str, language: str | None = None) -> list[str]:
    return [text[e["char_start"] : e["char_end"]] for o in opinions(text, language) for e in o["evidence"]]


def test_weights_are_shares_of_the_hits() -> None:
    assert votes("Sad, sad and still happy; a proud day.", "en") == {"sadness": 0.5, "joy": 0.25, "pride": 0.25}


def test_the_opinion_says_who_was_asked_what() -> None:
    opinion = opinions("So happy!", "en")[0]
    assert (opinion["rater"], opinion["rater_kind"], opinion["perspective"]) == ("lexicon@1", "lexicon", "expressed")
    assert opinion["modalities"] == ["text"]
    asked = opinion["asked"]
    assert (asked["labels"], asked["response"]) == (list(WORDS.labels), "simplex")
    assert (asked["taxonomy"], asked["taxonomy_hash"]) == ("words", WORDS.hash)
    assert [(e["kind"], e["char_start"], e["char_end"]) for e in opinion["evidence"]] == [("span", 3, 8)]


@pytest.mark.parametrize("text", [None, "", "Nothing to find here.", "unhappy saddle", "happy2go"])
def test_no_hit_is_no_opinion(text: str | None) -> None:
    assert opinions(text, "en") == []


@pytest.mark.parametrize(
    ("text", "language", "found"),
    [
        ("I am happy with myself and over the moon.", "en", ["happy with myself", "over the moon"]),
        ("OVER  the-Moon!", "en", ["OVER  the-Moon"]),
        ("over. the moon", "en", []),
        ("Was für eine FREUDE, ich bin froh.", "de", ["FREUDE", "froh"]),
        ("Vorfreude", "de", []),
        ("그의 자랑이 대단하다, 슬픔!", "ko", ["자랑", "슬픔"]),
        ("슬프네요", "ko", ["슬프"]),
        ("我很骄傲。", "zh", ["骄傲"]),
        ("او خیلی غمگین است", "fa", ["غمگین"]),
        ("غمگین‌تر", "fa", []),
        ("ฉันเศร้ามาก", "th", ["เศร้า"]),
        ("ok 😀😀", "en", ["😀", "😀"]),
    ],
)
def test_words_of_many_scripts(text: str, language: str, found: Sequence[str]) -> None:
    assert evidence(text, language) == list(found)


@pytest.mark.parametrize(
    ("text", "language", "found"),
    [
        ("I am not happy.", "en", {}),
        ("I’m not at all happy", "en", {}),
        ("I don't feel sad", None, {}),
        ("never sad, happy", "en", {"joy": 1.0}),
        ("not really what we call happy", "en", {"joy": 1.0}),
        ("I am not sad but happy", "en", {"joy": 1.0}),
        ("not froh", "de", {"joy": 1.0}),
    ],
)
def test_negation_is_english_and_near(text: str, language: str | None, found: dict[str, float]) -> None:
    assert votes(text, language) == found


def test_a_known_language_has_only_its_own_words() -> None:
    assert evidence("Sad froh", "de") == ["froh"]
    assert evidence("Sad froh", "en-GB") == ["Sad"]
    assert evidence("Sad froh", None) == ["Sad", "froh"]
    assert evidence("Sad froh", "sw") == []


def test_the_built_in_taxonomy_knows_its_own_labels() -> None:
    for label in EKMAN.labels:
        found = opinions(f"It was {label}.", "en", EKMAN)
        assert found[0]["answer"]["weights"][EKMAN.index(label)] == 1


def test_the_column_fits_the_opinions_table() -> None:
    row = {**opinions("happy", "en")[0], "opinion_id": "o_1", "sample_id": "s_1"}
    assert OPINIONS_TABLE.from_rows([row]).num_rows == 1


def test_a_taxonomy_is_needed() -> None:
    with pytest.raises(UserError, match="lexicon needs a taxonomy"):
        Lexicon().setup()


@settings(deadline=None)
@given(st.lists(st.sampled_from(["happy", "with", "myself", "happy with myself", "not", "的", "骄傲", "슬픔이", ". "])))
def test_hits_lie_in_the_text_one_after_the_other(words: list[str]) -> None:
    text = " ".join(words)
    hits = list(Vocabulary(WORDS.words()).find(text, english=False))
    assert all(WORDS.resolve(text[h.start : h.end]) == h.meaning for h in hits)
    assert all(a.end <= b.start for a, b in pairwise(hits))
