"""Words that give labels away are found and named; texts in which they do not are left alone."""

import time
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from support.audited import audited, data, label, sample
from support.drawn import BY_CHANCE, Draw, accused, draw, over_draws, unlikely
from support.goemotions import goemotions
from support.opining import Row

from affectory.quality.audits._contextual import measures
from affectory.quality.audits._words import Bag, words_of
from affectory.quality.audits.keywords import Keywords
from affectory.schemas.errors import UserError
from affectory.schemas.taxonomy import load_taxonomy

FEW = Keywords(times=99)


def named(row: Row, own: str) -> str:
    return f"{row['text']} i feel {'sea' if own == 'c' else own}"


def hinted(row: Row, own: str) -> str:
    return f"{row['text']} hint{own}"


def measured(draw: Draw, audit: Keywords = FEW) -> dict[str, float]:
    return {m.what: m.value for m in audited(audit, draw.data()).measures}


@pytest.mark.parametrize("share", [0.2, 0.5, 1.0])
def test_texts_that_name_their_label_are_found(share: float) -> None:
    planted = draw(1).with_text(named, share)
    found = audited(FEW, planted.data())
    assert found.verdict == "warns"
    assert found.count == len(planted.samples) * share
    assert set(found.rows) <= {row["sample_id"] for row in planted.samples[: found.count]}
    assert f"{share:.1%} of 100 texts name their own label" in found.says


@pytest.mark.parametrize("share", [0.4, 0.7, 1.0])
def test_words_that_name_no_emotion_but_tell_the_label_are_found(share: float) -> None:
    found = audited(FEW, draw(2).with_text(hinted, share).data())
    assert found.verdict == "warns" and found.count == 0
    told = {(line["word"], line["label"]) for line in found.table[:3]}
    assert told == {("hinta", "a"), ("hintb", "b"), ("hintc", "c")}


def test_the_more_words_tell_the_more_is_told() -> None:
    told = [measured(draw(3).with_text(hinted, share)) for share in (0.0, 0.5, 1.0)]
    gains = [one["of what there is to know of a label, told by words"] for one in told]
    rights = [one["labels foretold rightly by words"] for one in told]
    assert gains == sorted(gains) and rights == sorted(rights) and gains[0] < 0.05 < 0.5 < gains[2]


@pytest.mark.parametrize(("share", "words"), [(0.0, False), (1.0, True)])
def test_words_are_said_to_tell_most_where_words_tell_something(share: float, words: bool) -> None:
    assert ("those that tell most: hint" in audited(FEW, draw(3).with_text(hinted, share).data()).says) is words


def test_where_labels_are_exchanged_nothing_is_foretold() -> None:
    found = measured(draw(3).with_text(hinted))
    assert found["labels foretold rightly by words"] > 0.95
    assert found["the same where labels are exchanged"] < 0.6


@pytest.mark.parametrize("one_label", [False, pytest.param(True, marks=pytest.mark.drill)])
def test_clean_draws_are_accused_no_more_often_than_it_says(one_label: bool) -> None:
    """Some texts name a label, whichever."""

    def random(row: Row, own: str) -> str:
        return f"{row['text']} {'abc--'[zlib.crc32(row['text'].encode()) % 5]}"

    found = over_draws(FEW, lambda seed: draw(seed, 60, 12 if one_label else 6, one_label).with_text(random).data())
    assert accused(found) <= BY_CHANCE and unlikely(found) <= BY_CHANCE


def test_order_and_parts_change_nothing() -> None:
    planted = draw(4).with_text(hinted, 0.5)
    assert audited(FEW, planted.data()) == audited(FEW, planted.data(seed=1)) == audited(FEW, planted.data(seed=2))


def test_what_cannot_be_looked_at_says_why() -> None:
    silent = draw(5).with_columns(lambda n, own: {"text": None})
    assert audited(FEW, silent.data()).skipped == "of those with a text 0 samples have a label, fewer than 20"
    alike = Draw(draw(5).samples, (0,) * 100)
    assert audited(FEW, alike.data()).skipped == "of those with a text all samples have the same label"


def test_further_words_may_be_given() -> None:
    """They name an emotion, whichever: no text names its own label by them."""
    planted = draw(6).with_text(lambda row, own: row["text"] + " grin", 0.5)
    found = {words: measured(planted, Keywords(times=99, words=words)) for words in ((), ("grin",))}
    assert found[()]["texts that name any label"] == 0 < found["grin",]["texts that name any label"]
    assert found["grin",]["texts that name their own label"] == 0


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Don't -- DON’T!", ["don't", "don’t"]),
        ("Ünïcode, naïve.", ["ünïcode", "naïve"]),
        ("我很高兴 OK", ["我", "很", "高", "兴", "ok"]),
        ("?! ...", []),
        ("", []),
    ],
)
def test_words_of_a_text(text: str, words: list[str]) -> None:
    assert words_of(text) == words


def test_a_bag_holds_words_of_several_texts_the_most_frequent_first() -> None:
    bag = Bag.of(["b a a", "a b", "a b c", None, "a"])
    assert bag.words == ("a", "b") and bag.counts.tolist() == [4, 3] and bag.rows == 5


def test_labels_of_goemotions_are_partly_given_by_words(shared: Callable[[str], Path]) -> None:
    """23.7 % of the texts name their label, 1.6 % by chance; words alone foretell 45 %, exchanged labels 29 %."""
    real = goemotions(shared)
    start = time.process_time()
    found = audited(Keywords(times=99), real)
    assert time.process_time() - start < 10
    value = {m.what: m.value for m in found.measures}
    assert found.verdict == "warns"
    assert 0.22 < value["texts that name their own label"] < 0.26
    assert value["texts that name their own label where labels are exchanged"] < 0.03
    assert 0.43 < value["labels foretold rightly by words"] < 0.48
    assert 0.28 < value["the same where labels are exchanged"] < 0.31
    assert 0.21 < value["of what there is to know of a label, told by words"] < 0.27
    assert 0.18 < value["of what there is to know of a label, told by named emotions"] < 0.24
    assert ("thanks", "gratitude") in {(line["word"], line["label"]) for line in found.table}


@pytest.mark.parametrize("naming", [False, True])
def test_a_contextual_classifier_is_asked_and_believed_for_what_it_does_with_keywords(naming: bool) -> None:
    taxonomy = load_taxonomy("ekman-7")
    rows, labels = [], []
    for number in range(24):
        own = ("joy", "sadness")[number % 2]
        text = f"I feel so much {own}." if naming else "The train left at nine."
        rows.append(sample(f"s_{number:02}", text=text, language="en"))
        labels.append(label(f"s_{number:02}", [float(name == own) for name in taxonomy.labels], taxonomy))
    given = data({"samples": rows, "labels": labels}, taxonomy=taxonomy)
    own_texts, control = audited(Keywords(times=99, contextual=24), given).measures[-2:]
    assert control.what.endswith("of sentences with a keyword") and control.value > 0.6
    assert own_texts.accuses == naming


@pytest.mark.parametrize(
    ("name", "own", "text", "right"),
    [
        ("plutchik-8", "joy", "I feel so much joy.", 1.0),
        ("plutchik-8", "joy", "The train left at nine.", 0.0),  # what is said to be neutral is not left out
        ("ekman-6", "joy", "The train left at nine.", 0.0),
        ("goemotions-28", "annoyance", "I feel so much anger.", 1.0),
        ("sentiment", "positive", "I feel so much joy.", 1.0),
        ("plutchik-8", "trust", "I feel so much trust.", 0.0),  # it has no word for it: nothing is counted
    ],
)
def test_the_classifier_is_asked_in_its_own_classes(name: str, own: str, text: str, right: float) -> None:
    taxonomy = load_taxonomy(name)
    place = taxonomy.labels.index(own)
    texts, control = measures(taxonomy, [text] * 3, ["en"] * 3, np.full(3, place))
    assert texts.value == right and control.value >= 0.5
    assert (texts.low, texts.high) == ((0.0, 1.0) if own == "trust" else (right, right))


def test_a_classifier_that_knows_none_of_the_labels_is_refused() -> None:
    rows = draw(7)
    with pytest.raises(UserError, match="there is no map"):
        Keywords(times=99, contextual=5).audit(rows.data())
