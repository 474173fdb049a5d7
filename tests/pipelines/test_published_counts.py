"""Published datasets imported whole: what is in the release is what their makers counted."""

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.project import Project, project

from affectory.quality.dialogues import Turn, cause_distances, shifts

Shared = Callable[[str], Path]
Row = dict[str, Any]

PUBLISH = {"configs": ["default", "opinions", "samples"], "splits": {"by": ["dialogue"], "train": 1}}

MELD = {
    "dataset": "meld-dev",
    "taxonomy": "ekman-7",
    "sources": [
        {
            "kind": "csv",
            "name": "meld",
            "path": "dev_sent_emo.csv",
            "text": "Utterance",
            "key": ["Dialogue_ID", "Utterance_ID"],
            "speaker": "Speaker",
            "dialogue": "Dialogue_ID",
            "position": "Utterance_ID",
            "keep": ["Sentiment", "Season", "Episode", "StartTime", "EndTime"],
        }
    ],
    "ratings": [
        {
            "kind": "csv",
            "name": "meld-emotions",
            "path": "dev_sent_emo.csv",
            "of": "meld",
            "target": ["Dialogue_ID", "Utterance_ID"],
            "label": "Emotion",
            "people": 3,
            "modalities": ["video", "audio", "text"],
        }
    ],
    "publish": PUBLISH,
}

RECCON = {
    "dataset": "reccon-valid",
    "taxonomy": "ekman-7",
    "sources": [
        {
            "kind": "dialogues",
            "name": "reccon",
            "shape": "reccon",
            "path": "dailydialog_valid.json",
            "keep": ["type", "explanation"],
        }
    ],
    "ratings": [
        {
            "kind": "dialogues",
            "name": "reccon-emotions",
            "shape": "reccon",
            "path": "dailydialog_valid.json",
            "of": "reccon",
            "label": "emotion",
            "labels": {
                "happiness": "joy",
                "happy": "joy",
                "excited": "joy",
                "happines": "joy",
                "sad": "sadness",
                "surprised": "surprise",
                "angry": "anger",
            },
            "people": 0,
            "rationale": "explanation",
            "modalities": ["text"],
        }
    ],
    "publish": PUBLISH,
}


def built(folder: Path, recipe: Row, file: Path) -> list[Row]:
    """The published samples in the order of their dialogues, each with the one opinion about it and its emotion."""
    made = project(folder, recipe)
    (folder / file.name).write_bytes(file.read_bytes())
    summary = made.build()
    assert (made.reasons(), summary.unattached) == ([], 0)
    default, opinions, samples = (_rows(made, summary.version, config) for config in PUBLISH["configs"])
    said = {opinion["sample_id"]: opinion for opinion in opinions}
    assert len(said) == len(opinions) == len(default) == len(samples)
    extra = {row["sample_id"]: {pair["key"]: pair["value"] for pair in row["extra"] or ()} for row in samples}
    joined = [{**row, "opinion": said[row["sample_id"]], "extra": extra[row["sample_id"]]} for row in default]
    return sorted(joined, key=lambda row: (row["dialogue"], row["position"]))


def _rows(made: Project, version: str, config: str) -> list[Row]:
    return list(made.rows(version, config).to_pylist())


def emotion(row: Row) -> str:
    """What the opinion says; the label of the default view must say the same."""
    labels, weights = row["opinion"]["asked"]["labels"], row["opinion"]["answer"]["weights"]
    assert sorted(weights) == [0] * (len(labels) - 1) + [1]
    assert row["label"] == weights.index(1)
    return str(labels[weights.index(1)])


def turns(rows: list[Row]) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = {}
    for row in rows:
        found.setdefault(row["dialogue"], []).append(row)
    return found


@pytest.fixture(scope="module")
def meld(shared: Shared, tmp_path_factory: pytest.TempPathFactory) -> list[Row]:
    return built(tmp_path_factory.mktemp("meld"), MELD, shared("meld/dev_sent_emo.csv"))


@pytest.fixture(scope="module")
def reccon(shared: Shared, tmp_path_factory: pytest.TempPathFactory) -> list[Row]:
    return built(tmp_path_factory.mktemp("reccon"), RECCON, shared("reccon/dailydialog_valid.json"))


def expected(shared: Shared, name: str) -> Row:
    return dict(json.loads(shared(f"expected/{name}").read_text()))


def test_meld_has_its_rows_dialogues_speakers_and_labels(meld: list[Row], shared: Shared) -> None:
    published = expected(shared, "meld_stats.json")["dev"]
    assert (len(meld), len(turns(meld)), len({row["speaker"] for row in meld})) == (
        published["rows"],
        published["dialogues"],
        published["speakers"],
    )
    assert Counter(map(emotion, meld)) == published["emotions"]
    assert Counter(row["extra"]["Sentiment"] for row in meld) == published["sentiment"]
    assert len(meld) - len({row["text"] for row in meld}) == published["dup_text"], "nothing is merged"
    words = [len(row["text"].split()) for row in meld]
    assert (max(words), round(sum(words) / len(words), 2)) == (published["max_words"], published["avg_words"])


def test_meld_is_read_whole_and_as_it_is_encoded(meld: list[Row], shared: Shared) -> None:
    published = expected(shared, "meld_stats.json")["dev"]
    assert published["enc"] == "utf8" and published["mojibake"] == 0
    broken = [row["text"] for row in meld if any(odd in row["text"] for odd in ("\ufffd", "Ã", "â€", "\x92"))]
    assert len(broken) == published["mojibake"]
    assert any("’" in row["text"] for row in meld), "there are curly quotes, which would be broken"
    numbers = set(map(int, turns(meld)))
    assert sorted(set(range(max(numbers) + 1)) - numbers) == published["missing_dialogue_ids"]
    assert len(meld) - len({(row["dialogue"], row["position"]) for row in meld}) == published["dup_keys"]
    columns = ("text", "speaker", "dialogue", "position", "label")
    empty = sum(row[name] in (None, "") for row in meld for name in columns)
    empty += sum(row["extra"].get(name) in (None, "") for row in meld for name in MELD["sources"][0]["keep"])
    assert empty == published["nulls"]


def test_meld_has_its_shifts_of_emotion(meld: list[Row], shared: Shared) -> None:
    published = expected(shared, "meld_stats.json")["dev"]
    dialogues = turns(meld).values()
    found = shifts(Turn(row["dialogue"], row["position"], row["speaker"], emotion(row)) for row in meld)
    assert (found.consecutive, found.same_speaker) == (
        published["consecutive_shifts"],
        published["same_speaker_shifts"],
    )
    gaps = sum([row["position"] for row in rows] != list(range(len(rows))) for rows in dialogues)
    kinds = sum(len(set(map(emotion, rows))) for rows in dialogues) / len(dialogues)
    assert (gaps, round(kinds, 2)) == (published["dialogues_with_gaps"], published["avg_emotions_per_dialogue"])


def test_meld_keeps_its_times_as_they_are_written(meld: list[Row], shared: Shared) -> None:
    published = expected(shared, "meld_stats.json")["dev"]
    lasting = [seconds(row["extra"]["EndTime"]) - seconds(row["extra"]["StartTime"]) for row in meld]
    assert (round(sum(lasting) / len(lasting), 3), sum(s < 0 for s in lasting), max(lasting)) == (
        published["mean_dur"],
        published["neg_dur"],
        pytest.approx(published["max_dur"], abs=1e-9),
    )


def seconds(stamp: str) -> float:
    hours, minutes, rest = stamp.replace(",", ".").split(":")
    return int(hours) * 3600 + int(minutes) * 60 + float(rest)


def test_reccon_has_its_dialogues_and_emotions_after_the_declared_merge(reccon: list[Row], shared: Shared) -> None:
    published = expected(shared, "reccon_valid_stats.json")
    assert (len(turns(reccon)), len(reccon)) == (published["dialogues"], published["utterances"])
    merged = {"joy" if name == "happiness" else name: n for name, n in published["raw_emotion_strings"].items()}
    assert Counter(map(emotion, reccon)) == merged
    ours = RECCON["ratings"][0]["labels"]
    for name, words in published["merge_map_for_published_counts"].items():
        assert {ours[word] for word in words} == {ours.get(name, name)}
    speakers = {(row["dialogue"], row["speaker"]) for row in reccon}
    assert len({who for _, who in speakers}) == len(speakers) == 2 * published["dialogues"], "A is another A elsewhere"
    assert Counter(kind for row in reccon for kind in json.loads(row["extra"].get("type", "[]"))) == published["types"]


def test_reccon_has_its_causes_turn_by_turn(reccon: list[Row], shared: Shared) -> None:
    published = expected(shared, "reccon_valid_stats.json")
    caused = [row for row in reccon if row["opinion"]["evidence"]]
    places = [place for row in caused for place in row["opinion"]["evidence"]]
    kinds = Counter(place["kind"] for place in places)
    assert (len(caused), len(places)) == (published["utterances_with_cause"], published["cause_spans"])
    assert kinds["background"] == published["background_b"]
    causes = [(row, causes_of(row, reccon)) for row in caused]
    own = [any(cause is row for cause in found) for row, found in causes]
    alone = [found == [row] and len(row["opinion"]["evidence"]) == 1 for row, found in causes]
    assert (sum(own), sum(alone)) == (published["self_among_causes"], published["solely_same_utterance"])
    far = cause_distances((row["position"], [cause["position"] for cause in found]) for row, found in causes)
    assert (far.pop("t-0"), far.pop("later", 0)) == (published["self_among_causes"], published["forward_causes"])
    assert far == published["cause_distance_distinct_turns"]


def causes_of(row: Row, rows: list[Row]) -> list[Row]:
    """The turns, each once, that the evidence of a row names by their records."""
    by_record = {other["record_id"]: other for other in rows}
    named = [place["record"] or row["record_id"] for place in row["opinion"]["evidence"] if place["kind"] == "cause"]
    found = [by_record[record] for record in dict.fromkeys(named)]
    assert {other["dialogue"] for other in found} <= {row["dialogue"]}
    return found


def test_reccon_causes_are_words_of_the_turn_that_they_name(reccon: list[Row], shared: Shared) -> None:
    raw = json.loads(shared("reccon/dailydialog_valid.json").read_text())
    texts = {row["record_id"]: row["text"] for row in reccon}
    for row in reccon:
        turn = raw[row["dialogue"]][0][row["position"]]
        places = row["opinion"]["evidence"] or []
        words = [
            texts[p["record"] or row["record_id"]][p["char_start"] : p["char_end"]] if p["kind"] == "cause" else "b"
            for p in places
        ]
        assert words == turn.get("expanded emotion cause span", [])
        assert row["opinion"]["rationale"] == (turn.get("explanation") or None)
