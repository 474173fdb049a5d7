"""Published tables, against the csv module's own reading of them."""

import csv

import pytest

from affectory.transforms.sources.csv import CsvSource


def plainly(path):
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def test_meld(take, shared):
    path = shared("meld/dev_sent_emo.csv")
    source = CsvSource(
        path="x",
        text="Utterance",
        speaker="Speaker",
        dialogue="Dialogue_ID",
        position="Utterance_ID",
        keep=("Emotion",),
    )
    rows, refused = take(source, path)
    expected = plainly(path)
    assert (len(expected), refused) == (1109, [])
    assert rows[0]["text"] == "Oh my God, he’s lost it. He’s totally lost it."
    assert [(r["text"], r["speaker"], r["dialogue"], str(r["position"]), r["extra"]["Emotion"]) for r in rows] == [
        (e["Utterance"], e["Speaker"], e["Dialogue_ID"], e["Utterance_ID"], e["Emotion"]) for e in expected
    ]


@pytest.mark.parametrize("part", ["a_train_afr", "a_train_arq", "b_train_arq", "a_test_arq"])
def test_brighter(take, shared, part):
    path = shared(f"brighter/gold_track_{part}.csv")
    rows, refused = take(CsvSource(path="x", key="id", keep=("anger", "joy")), path)
    assert refused == []
    assert [(r["key"], r["text"], r["extra"]) for r in rows] == [
        (e["id"], e["text"], {"anger": e["anger"], "joy": e["joy"]}) for e in plainly(path)
    ]


def test_brighter_individuals_repeat_each_text_for_each_emotion(take, shared):
    path = shared("brighter/arq_individuals.csv")
    rows, refused = take(CsvSource(path="x", keep=("Annotator-10",)), path)
    expected = plainly(path)
    assert len(rows) + len(refused) == len(expected)
    assert [r["text"] for r in rows] == [e["text"] for e in expected]
    assert max(r["occurrence"] for r in rows) >= 5
    assert {r["extra"]["Annotator-10"] for r in rows} == {e["Annotator-10"] for e in expected}


def test_cawi2_texts(take, shared):
    path = shared("cawi2/cawi2_texts_multilang.csv")
    rows, refused = take(CsvSource(path="x", key="text_id", keep=("text_russian", "split")), path)
    assert (len(rows), refused) == (100, [])
    assert [(r["key"], r["text"], r["extra"]["text_russian"]) for r in rows] == [
        (e["text_id"], e["text"], e["text_russian"]) for e in plainly(path)
    ]
