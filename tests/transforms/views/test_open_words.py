"""Open words: what they mean in a taxonomy, and that none of them gets lost."""

import csv
import gzip
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.opining import Row, labels_of, opinion, table

from affectory.quality.emotion_wheel import words_of
from affectory.schemas.taxonomy import load_taxonomy, parse_taxonomy
from affectory.transforms.views._word_forms import plain, stems
from affectory.transforms.views._word_vectors import similarities
from affectory.transforms.views._words import Meaning, lexicon
from affectory.transforms.views.open_words import OpenWords, unmapped

Shared = Callable[[str], Path]
EKMAN = load_taxonomy("ekman-7")
FEELINGS = parse_taxonomy(
    {
        "name": "feelings",
        "entries": [
            {"name": "joy", "synonyms": ["happiness"], "languages": {"de": "Freude"}},
            {"name": "anger", "synonyms": ["frustration"]},
            {"name": "worry", "synonyms": ["anxiety"]},
        ],
    }
)


def said(number: int, *words: str, **given: Any) -> Row:
    return opinion(number, labels=(), of=None, answer={"words": list(words)}, **given)


def view(*rows: Row, **parameters: Any) -> list[Row]:
    return labels_of(OpenWords(**parameters), *rows, taxonomy=FEELINGS)


def test_each_rater_counts_once_for_each_label() -> None:
    [label] = view(said(1, "joy", "happiness", "anger"), said(2, "Freude"), said(3, "worry"), said(4))
    assert label["values"] == [0.5, 0.25, 0.25]
    assert (label["count"], label["space"], label["state"]) == (4, "multi-label", None)


def test_words_that_mean_nothing_are_named_and_their_raters_count() -> None:
    [label] = view(said(1, "joy", "Xyzzy!"), said(2, "xyzzy", "bittersweet"))
    assert label["values"] == [0.5, 0, 0]
    assert label["state"] == "words that mean none of the labels: xyzzy (2), bittersweet"


def test_a_sample_without_any_word_that_means_something_has_no_values() -> None:
    [lost, empty] = view(said(1, "xyzzy"), said(2, sample_id="s_2"))
    assert lost["values"] == [None, None, None]
    assert empty["values"] == [0, 0, 0], "a rater who names nothing says that nothing is there"


def test_many_words_are_told_in_short() -> None:
    [label] = view(said(1, *(f"word{letter}" for letter in "abcdefg")))
    assert label["state"].endswith("worda, wordb, wordc, wordd, worde and 2 more")


def test_other_answers_and_no_answers_are_no_words() -> None:
    assert view(opinion(1, [1, 0, 0])) == view() == []
    assert unmapped(table(), FEELINGS).num_rows == 0


@pytest.mark.parametrize(
    ("word", "label"),
    [
        ("joyfully", "joy"), ("JOYFUL ", "joy"), ("happily", "joy"), ("happy", "joy"), ("joyous", "joy"),
        ("angry", "anger"), ("angered", "anger"), ("angrily", "anger"), ("frustrated", "anger"),
        ("frustrating", "anger"), ("worried", "worry"), ("worries", "worry"), ("anxious", "worry"),
        ("slightly anxious", "worry"), ("a feeling of joy", "joy"), ("very happy", "joy"), ("[happy]", "joy"),
    ],
)  # fmt: skip
def test_forms_of_the_taxonomys_words_are_known(word: str, label: str) -> None:
    assert lexicon(FEELINGS).meaning(word) == Meaning(label, "form")
    assert lexicon(FEELINGS, forms=False).meaning(word).label is None or word == "[happy]"


@pytest.mark.parametrize(
    ("one", "other"),
    [("excitement", "excited"), ("amazement", "amazed"), ("satisfaction", "satisfied"), ("terror", "terrified"),
     ("loneliness", "lonely"), ("ecstasy", "ecstatic"), ("relief", "relieved"), ("passion", "passionate"),
     ("irritability", "irritated"), ("upset", "upsetting"), ("sadness", "saddened")],
)  # fmt: skip
def test_forms_of_one_word_share_a_stem(one: str, other: str) -> None:
    assert {*stems(one)} & {*stems(other)}


@pytest.mark.parametrize(
    ("one", "other"),
    [("passion", "passive"), ("content", "consent"), ("terror", "terrible"), ("care", "careful"), ("joy", "joyless"),
     ("hope", "hopeless"), ("like", "likely"), ("boy", "bo"), ("contempt", "content"), ("anger", "danger")],
)  # fmt: skip
def test_words_that_only_look_alike_do_not(one: str, other: str) -> None:
    assert not {*stems(one)} & {*stems(other)}


@pytest.mark.parametrize(
    "word", ["not happy", "unhappy", "joyless", "without joy", "isn't happy", "unworried", "wor", "", "!", "ange", "jo"]
)
def test_opposites_and_odds_and_ends_are_no_forms(word: str) -> None:
    assert lexicon(FEELINGS).meaning(word).label is None


def test_a_form_of_two_labels_words_is_neither() -> None:
    two = parse_taxonomy({"name": "two", "entries": ["hopeful", "hoping"]})
    assert lexicon(two).meaning("hopes").label is None


def test_the_forms_of_another_languages_words_are_not_guessed() -> None:
    german = parse_taxonomy({"name": "de", "language": "de", "entries": ["Rage", "Hass"]})
    assert lexicon(german).meaning("raging").label is None


@given(st.text(max_size=30))
@settings(max_examples=200)
def test_no_text_is_too_odd_to_be_looked_up(text: str) -> None:
    assert lexicon(FEELINGS).meaning(text).label in {None, *FEELINGS.labels}
    assert stems(text)
    assert plain(text) or not text.split()


@pytest.mark.parametrize(
    ("word", "label"), [("furious", "anger"), ("delighted", "joy"), ("wütend", "anger"), ("enojado", "anger")]
)
def test_unknown_words_are_found_by_meaning_where_that_is_asked_for(word: str, label: str) -> None:
    found = lexicon(FEELINGS, embeddings=0.5).meaning(word)
    assert (found.label, found.how) == (label, "meaning")
    assert found.similarity is not None and found.similarity >= 0.5
    assert lexicon(FEELINGS).meaning(word).label is None


@pytest.mark.parametrize("word", ["unhappy", "not happy", "joyless", "table", "xyzzy"])
def test_meaning_never_turns_a_word_into_its_opposite(word: str) -> None:
    assert lexicon(FEELINGS, embeddings=0.55).meaning(word).label in {None, "worry", "anger"}
    assert lexicon(FEELINGS, embeddings=0.55).meaning(word).label != "joy"


def test_unmapped_words_come_with_counts_and_what_is_nearest() -> None:
    rows = [said(1, "table", "joy"), said(2, "table", "Table", "xyzzy"), said(3, "table", sample_id="s_2")]
    found = unmapped(table(*rows), FEELINGS, embeddings=0.9).to_pylist()
    assert [(row["word"], row["opinions"], row["samples"]) for row in found] == [("table", 3, 2), ("xyzzy", 1, 1)]
    assert all(row["nearest"] in FEELINGS.labels and row["similarity"] < 0.9 for row in found)
    [first, *_] = unmapped(table(*rows), FEELINGS).to_pylist()
    assert (first["nearest"], first["similarity"]) == (None, None)


def test_neither_the_order_of_opinions_nor_their_repetition_matters() -> None:
    rows = [said(1, "joy", "odd"), said(2, "angry", "strange"), said(3, "worried")]
    assert view(*rows) == view(*reversed(rows)) == view(*rows, rows[0])


@pytest.mark.parametrize("threads", ["1", "3"])
def test_meaning_does_not_depend_on_the_number_of_threads(threads: str) -> None:
    words = ["furious", "delighted", "melancholy", "table", "ease"]
    code = """
import json, sys
from affectory.schemas.taxonomy import load_taxonomy
from affectory.transforms.views._words import lexicon
known = lexicon(load_taxonomy("sentiment"), embeddings=0.5)
print(json.dumps([[m.nearest, m.similarity] for m in map(known.meaning, json.load(sys.stdin))]))
"""
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": threads, "OMP_NUM_THREADS": threads}
    done = subprocess.run(
        [sys.executable, "-c", code],
        input=json.dumps(words),
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    known = lexicon(load_taxonomy("sentiment"), embeddings=0.5)
    assert json.loads(done.stdout) == [[m.nearest, m.similarity] for m in map(known.meaning, words)]


def test_forms_agree_with_those_listed_for_the_wheels(shared: Shared) -> None:
    """Of the forms that the authors of the wheels list (some of them made up by a model), those that are found belong
    to the word that they are listed for."""
    with shared("emotion_wheel/format_2026.csv").open(encoding="utf-8") as file:
        listed = {row["name"].lower(): row["format"].lower().split(",") for row in csv.DictReader(file)}
    bases: dict[str, set[str]] = {}
    for base in listed:
        for stem in stems(base):
            bases.setdefault(stem, set()).add(base)
    owners: dict[str, set[str]] = {}
    for base, forms in listed.items():
        for form in forms:
            owners.setdefault(form.strip(), set()).add(base)
    found = [
        bool(known & owners[form])
        for form in owners
        if form not in listed and (known := next((bases[s] for s in stems(form) if s in bases), set()))
    ]
    assert len(found) > 4700
    assert sum(found) / len(found) > 0.99


def test_words_of_real_models_reach_a_taxonomy_of_nouns(shared: Shared) -> None:
    with gzip.open(shared("ovmer/ovmer_model_captions.jsonl.gz"), "rt", encoding="utf-8") as file:
        words = [word for row in map(json.loads, file) for word in words_of(row["open_labels_raw"])]
    parrott = load_taxonomy("parrott")
    known = [
        sum(lexicon(parrott, forms).meaning(word).label is not None for word in words) / len(words)
        for forms in (False, True)
    ]
    assert len(words) > 7000
    assert known[0] < 0.4 < 0.6 < known[1]


def test_meaning_is_mostly_right_where_words_are_near() -> None:
    """Each word of a taxonomy, as if neither it nor its forms were in it."""
    words = EKMAN.words("en")
    right = []
    for word, label in sorted(words.items()):
        others = [other for other in words if not {*stems(word)} & {*stems(other)}]
        alike = similarities(word, others)
        if alike.max() >= 0.8:
            right.append(words[others[int(alike.argmax())]] == label)
    assert len(right) > 0.5 * len(words)
    assert sum(right) / len(right) > 0.88
