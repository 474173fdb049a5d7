import json
import os
import subprocess
import sys
from typing import Any

import pytest
from support.running import run

from affectory.schemas.errors import UserError
from affectory.schemas.taxonomy import Taxonomy, load_taxonomy, parse_taxonomy
from affectory.transforms.models import _sentences
from affectory.transforms.models._sentences import CLASSES
from affectory.transforms.models.text_emotion import TextEmotion

EKMAN = load_taxonomy("ekman-7")
PLAIN = {
    "I am furious, how dare you lie to me!": "anger",
    "That is disgusting, it makes me want to vomit.": "disgust",
    "I am so scared, someone is following me.": "fear",
    "What a wonderful day, I am so happy!": "joy",
    "My best friend died and I cannot stop crying.": "sadness",
    "The bus stops in front of the post office.": "neutral",
    "Wow, I really did not expect to see you here!": "surprise",
    "Das Geschenk ist wunderschön, ich freue mich riesig!": "joy",
    "J'ai très peur, il y a un bruit dans la cave.": "fear",
    "Estoy muy triste porque mi perro ha muerto.": "sadness",
    "彼にはすごく腹が立つ！": "anger",
}


def opinions(texts: list[str | None], language: str | None = None, taxonomy: Taxonomy = EKMAN) -> list[Any]:
    rows = run(TextEmotion(taxonomy=taxonomy), [{"text": text, "language": language} for text in texts]).rows
    found: list[Any] = rows.column("opinions_text_emotion").to_pylist(maps_as_pydicts="strict")
    return found


def test_plain_sentences_that_are_not_seeds() -> None:
    found = opinions(list(PLAIN))
    tops = [max(zip(o["answer"]["weights"], EKMAN.labels, strict=True))[1] for [o] in found]
    assert tops == list(PLAIN.values())


def test_weights_add_up_and_say_who_was_asked_what() -> None:
    [[opinion]] = opinions(["I am so happy!"], "en")
    assert sum(opinion["answer"]["weights"]) == pytest.approx(1, abs=5e-4)
    assert (opinion["rater"], opinion["rater_kind"], opinion["perspective"]) == ("text-emotion@1", "model", "expressed")
    assert opinion["asked"]["labels"] == list(EKMAN.labels)
    assert opinion["asked"]["taxonomy_hash"] == EKMAN.hash


@pytest.mark.parametrize(("text", "language"), [("", None), (None, None), ("من خیلی خوشحالم", "fa")])
def test_nothing_to_read_or_a_foreign_language_is_no_opinion(text: str | None, language: str | None) -> None:
    assert opinions([text], language) == [[]]


def test_a_row_does_not_depend_on_its_batch() -> None:
    assert opinions(list(PLAIN)) == [found for text in PLAIN for found in opinions([text])]


def test_a_very_long_text_is_read_from_its_beginning() -> None:
    start = "I am so happy! " * 200
    assert opinions([start]) == opinions([start + "I am so sad. " * 1000])


@pytest.mark.parametrize("threads", ["1", "3"])
def test_weights_do_not_depend_on_the_number_of_threads(threads: str) -> None:
    code = """
import json, sys
from affectory.transforms.models._sentences import classifier
classify = classifier()
print(json.dumps([classify(text).tolist() for text in json.load(sys.stdin)]))
"""
    texts = [*PLAIN, " ".join(PLAIN) * 3]
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": threads, "OMP_NUM_THREADS": threads}
    done = subprocess.run(
        [sys.executable, "-c", code],
        input=json.dumps(texts),
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    weights = [[round(w, 4) for w in row] for row in json.loads(done.stdout)]
    order = [CLASSES.index(label) for label in EKMAN.labels]
    here = [[round(w, 4) for w in o["answer"]["weights"]] for [o] in opinions(list(texts))]
    assert [[row[place] for place in order] for row in weights] == here


def test_another_taxonomy_is_answered_through_a_map() -> None:
    sentiment = load_taxonomy("sentiment")
    [[opinion]] = opinions(["I am so happy!"], taxonomy=sentiment)
    assert opinion["asked"]["labels"] == list(sentiment.labels)
    assert max(zip(opinion["answer"]["weights"], sentiment.labels, strict=True))[1] == "positive"


def test_weight_without_a_counterpart_is_no_opinion() -> None:
    six = load_taxonomy("ekman-6")
    [happy, neutral] = opinions(["I am so happy!", "The bus stops in front of the post office."], taxonomy=six)
    assert len(happy[0]["answer"]["weights"]) == 6
    assert neutral == []


def test_a_taxonomy_without_a_map_is_a_clear_error() -> None:
    own = parse_taxonomy({"name": "own", "entries": ["calm", "tense"]})
    with pytest.raises(ValueError, match="text_emotion answers in ekman-7, and there is no map from that to own"):
        TextEmotion(taxonomy=own)
    with pytest.raises(UserError, match="needs a taxonomy"):
        TextEmotion().setup()


def test_another_encoder_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(_sentences._ENCODER, "sp.model", "0")
    with pytest.raises(UserError, match="another model"):
        _sentences.classifier.__wrapped__()
