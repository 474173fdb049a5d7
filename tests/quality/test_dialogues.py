"""Shifts of emotion and distances of causes: small dialogues by hand, and published ones from the published files."""

import json
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from affectory.quality.dialogues import Shifts, Turn, cause_distances, shifts
from affectory.transforms.ratings.csv import CsvRatings
from affectory.transforms.ratings.dialogues import DialogueRatings
from affectory.transforms.sources.base import Limits, SourceFile
from affectory.transforms.sources.csv import CsvSource
from affectory.transforms.sources.dialogues import DialoguesSource

Shared = Callable[[str], Path]
Row = dict[str, Any]


def dialogue(*said: str, name: str = "d") -> list[Turn]:
    """Turns written as speaker and emotion: A+ is A, happy."""
    return [Turn(name, place, turn[0], turn[1:] or None) for place, turn in enumerate(said)]


@pytest.mark.parametrize(
    ("turns", "expected"),
    [
        ([], Shifts(0, 0, 0, 0)),
        (dialogue("A+"), Shifts(0, 0, 0, 1)),
        (dialogue("A+", "B-", "A+", "B-"), Shifts(0, 3, 3, 4)),
        (dialogue("A+", "A-", "B-", "A+"), Shifts(2, 2, 1, 4)),
        (dialogue("A+", "B", "A-"), Shifts(1, 1, 0, 2)),
        (dialogue("A+") + dialogue("A-", name="e"), Shifts(0, 0, 0, 2)),
        ([Turn("d", 0, None, "+"), Turn("d", 1, None, "-")], Shifts(0, 1, 0, 2)),
    ],
    ids=["nothing", "one turn", "in turn", "in a row", "a turn without one", "two dialogues", "nobody"],
)
def test_shifts_of_one_speaker_and_from_turn_to_turn(turns: list[Turn], expected: Shifts) -> None:
    assert shifts(turns) == expected


def test_shifts_are_weighed_per_turn() -> None:
    found = shifts(dialogue("A+", "A-", "B-", "A+"))
    assert found.weighted(1.0, 0.5) == (2 * 1.0 + 1 * 0.5) / 4
    assert shifts([]).weighted(1, 1) == 0


@given(st.lists(st.tuples(st.sampled_from("AB"), st.sampled_from("+-")), max_size=12), st.randoms())
def test_the_order_in_which_turns_come_does_not_matter(said: list[tuple[str, str]], random: Any) -> None:
    turns = dialogue(*map("".join, said))
    found = shifts(turns)
    assert shifts(random.sample(turns, len(turns))) == found
    assert 0 <= found.other_speaker <= found.consecutive <= max(0, len(turns) - 1)


def test_causes_are_counted_by_how_far_back_they_lie() -> None:
    assert cause_distances([(5, [5, 4, 4, 2]), (9, [1, 3]), (0, [1])]) == {
        "t-0": 1, "t-1": 1, "t-3": 1, ">t-3": 2, "later": 1,
    }  # fmt: skip


def read(path: Path, reader: type[Any], **parameters: Any) -> list[Row]:
    """What one of our readers makes of a file, all of it."""
    made = TypeAdapter(reader).validate_python({"path": path.name, **parameters})
    file = SourceFile(path.name, path, "0" * 64, path.stat().st_size)
    batches = list(made.read(file, Limits()))
    assert not any(batch.refused for batch in batches)
    return [row for batch in batches for row in batch.rows.to_pylist()]


def turns_of(records: list[Row], ratings: list[Row]) -> Iterator[Turn]:
    emotion = {rating["target_key"]: rating["label"] for rating in ratings}
    assert emotion.keys() == {record["key"] for record in records}
    for record in records:
        yield Turn(record["dialogue"], record["position"], record["speaker"], emotion[record["key"]])


def test_meld_has_the_published_shifts(shared: Shared) -> None:
    path, key = shared("meld/dev_sent_emo.csv"), ["Dialogue_ID", "Utterance_ID"]
    published = json.loads(shared("expected/meld_stats.json").read_text())["dev"]
    places = {"speaker": "Speaker", "dialogue": "Dialogue_ID", "position": "Utterance_ID"}
    records = read(path, CsvSource, key=key, text="Utterance", **places)
    turns = list(turns_of(records, read(path, CsvRatings, of="s", target=key, label="Emotion", people=3)))
    found = shifts(turns)
    assert (found.same_speaker, found.consecutive) == (
        published["same_speaker_shifts"],
        published["consecutive_shifts"],
    )
    assert (found.turns, Counter(turn.emotion for turn in turns)) == (published["rows"], published["emotions"])


def test_reccon_has_the_published_distances_of_causes(shared: Shared) -> None:
    path, published = shared("reccon/dailydialog_valid.json"), json.loads(
        shared("expected/reccon_valid_stats.json").read_text()
    )  # fmt: skip
    records = {row["key"]: row for row in read(path, DialoguesSource, shape="reccon")}
    ratings = read(path, DialogueRatings, shape="reccon", of="s", label="emotion", people=0)
    caused = [(rating["target_key"], places) for rating in ratings if (places := rating["evidence"])]
    turns = [[key, *(p["key"] or key for p in places if p["kind"] == "cause")] for key, places in caused]
    at = [[records[key]["position"] for key in keys] for keys in turns]
    by_turn = [(own, causes) for own, *causes in at]
    found = cause_distances(by_turn)
    assert (found.pop("t-0"), found.pop("later", 0)) == (published["self_among_causes"], published["forward_causes"])
    assert found == published["cause_distance_distinct_turns"]
    kinds = Counter(place["kind"] for _, places in caused for place in places)
    assert (len(caused), kinds.total()) == (published["utterances_with_cause"], published["cause_spans"])
    assert (len(ratings), kinds["background"]) == (published["utterances"], published["background_b"])
    assert Counter(rating["label"] for rating in ratings) == published["raw_emotion_strings"]
