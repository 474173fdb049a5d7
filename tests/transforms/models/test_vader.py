from typing import Any

import pytest
from support.running import run
from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

from affectory.transforms.models.vader import Vader


def opinions(text: str | None, language: str | None = "en") -> list[dict[str, Any]]:
    rows = run(Vader(), [{"text": text, "language": language}]).rows
    found: list[dict[str, Any]] = rows.column("opinions_vader")[0].as_py(maps_as_pydicts="strict")
    return found


@pytest.mark.parametrize("text", ["I love this, it is wonderful!", "What a terrible, horrible day.", "It is not good."])
@pytest.mark.parametrize("language", ["en", "en-GB", None])
def test_valence_is_vaders_compound_score(text: str, language: str | None) -> None:
    vad = opinions(text, language)[0]["answer"]["vad"]
    assert vad["valence"] == pytest.approx(SentimentIntensityAnalyzer().polarity_scores(text)["compound"])
    assert (vad["arousal"], vad["dominance"]) == (None, None)


def test_the_opinion_says_who_was_asked_what() -> None:
    opinion = opinions("I love it")[0]
    assert (opinion["rater"], opinion["rater_kind"], opinion["perspective"]) == ("vader@3.3.2", "lexicon", "expressed")
    assert opinion["asked"]["response"] == "continuous"
    assert opinion["asked"]["labels"] == ["valence"]
    assert opinion["answer"]["weights"] is None


@pytest.mark.parametrize(
    ("text", "language"),
    [("Das ist super, I love it", "de"), ("The table is in the room.", "en"), ("", "en"), (None, "en"), ("정말", None)],
)
def test_another_language_or_no_known_word_is_no_opinion(text: str | None, language: str | None) -> None:
    assert opinions(text, language) == []
