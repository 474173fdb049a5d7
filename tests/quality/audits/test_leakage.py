"""What crosses splits is found with the training sample that it is shared with; what does not is left alone."""

import csv
import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.audited import audited, data, sample
from support.opining import Row

from affectory.quality.audits._audited import Audited
from affectory.quality.audits._data import AuditData
from affectory.quality.audits.leakage import Leakage

SAID = "it was such a long day at work that all i want now is to sleep until noon"


def file(name: str) -> Row:
    return {"asset": name, "format": "png"}


SHARED: dict[str, tuple[Row, Row]] = {
    "speaker": ({"speaker": "p_1"}, {"speaker": "p_1"}),
    "record": ({"record": "r_1"}, {"record": "r_1"}),
    "dialogue": ({"dialogue": "d1"}, {"dialogue": "d1"}),
    "session": ({"session": "e1"}, {"session": "e1"}),
    "near-duplicates": ({"duplicates": "d_1"}, {"duplicates": "d_1"}),
    "persona": ({"extra": [("persona", "nurse")]}, {"extra": [("persona", "nurse")]}),
    "origin": ({"parent": "s_000"}, {}),
    "file": ({"image": file("f1")}, {"original": file("f1")}),
    "still": ({"frames": [{"at_us": 0, **file("f1")}]}, {"frames": [{"at_us": 5, **file("f2")}, file("f1")]}),
    "the text": ({"text": SAID.upper() + "!!"}, {"text": f"  {SAID}."}),
    "nearly the text": ({"text": SAID}, {"text": f"{SAID} tomorrow"}),
}
GRAVE = {"speaker", "record", "file", "still"}


def world(shared: Sequence[Row], count: int = 40) -> list[Row]:
    """Samples that have nothing in common, but for what is planted in the first ones."""
    rows = []
    for number in range(count):
        own = {"text": f"number {number} is what they called out there in hall {number}", "speaker": f"q{number}"}
        rows.append(sample(f"s_{number:03}", **(own | (shared[number] if number < len(shared) else {}))))
    return rows


def split(rows: Sequence[Row], held: Sequence[int] = (0,), name: str = "test") -> dict[str, str]:
    """The first samples are held out, and every fourth."""
    return {row["sample_id"]: name if n in held or n % 4 == 3 else "train" for n, row in enumerate(rows)}


def look(rows: Sequence[Row], splits: dict[str, str], seed: int | None = None, **asked: Any) -> Audited:
    return audited(Leakage(**asked), looked(rows, splits, seed))


def looked(rows: Sequence[Row], splits: dict[str, str], seed: int | None = None) -> AuditData:
    return data({"samples": rows, "labels": []}, splits, seed=seed)


@pytest.mark.parametrize("kind", sorted(SHARED))
def test_what_a_held_out_sample_shares_with_training_is_found(kind: str) -> None:
    rows = world(SHARED[kind]) if kind != "origin" else world([{}, {"parent": "s_000"}])
    found = look(rows, split(rows))
    assert found.verdict == ("blocks" if kind in GRAVE else "warns")
    assert (found.rows, found.count) == (("s_000",), 1)
    [line] = found.table
    assert (line["sample"], line["split"], line["partner"], line["its split"]) == ("s_000", "test", "s_001", "train")
    [measure] = [m for m in found.measures if m.accuses and m.what.startswith("held-out")]
    assert (
        measure.value == pytest.approx(1 / 11)
        and measure.low is not None
        and measure.low < 1 / 11 < (measure.high or 0)
    )


@pytest.mark.parametrize("kind", ["dialogue", "session", "near-duplicates"])
def test_what_was_not_to_cross_is_as_grave_as_the_audit(kind: str) -> None:
    by = {"near-duplicates": "duplicates"}.get(kind, kind)
    rows = world(SHARED[kind])
    assert look(rows, split(rows), by=(by,)).verdict == "blocks"
    assert look(rows, split(rows), by=(by,), severity="tells").verdict == "tells"


@pytest.mark.parametrize("kind", sorted(SHARED))
def test_what_stays_on_one_side_is_left_alone(kind: str) -> None:
    rows = world(SHARED[kind])
    assert look(rows, split(rows, held=(0, 1))).verdict == "clean"
    assert look(rows, split(rows, held=())).verdict == "clean"


def test_short_texts_are_said_again_by_chance() -> None:
    rows = world([{"text": "Oh, yeah!"}, {"text": "oh yeah"}])
    found = look(rows, split(rows))
    assert found.verdict == "clean" and found.rows == ()
    assert look(rows, split(rows), words=2).verdict == "warns"


def test_a_dialogue_of_one_source_is_not_that_of_another() -> None:
    rows = world([{"dialogue": "1"}, {"dialogue": "1", "source": "other"}])
    assert look(rows, split(rows)).verdict == "clean"


def test_one_record_cut_in_pieces_shares_its_file_as_a_record() -> None:
    pieces = [{"record": "r_1", "original": file("f1")}] * 2
    assert {line["in common"] for line in look(world(pieces), split(world(pieces))).table} == {"record"}


def test_twins_of_twins_are_of_one_origin() -> None:
    rows = world([{"parent": "s_002"}, {}, {"parent": "s_001"}])
    found = look(rows, split(rows, held=(0,)))
    assert {(line["in common"], line["partner"]) for line in found.table} == {("twin", "s_001")}


def test_validation_and_test_are_kept_apart_too() -> None:
    rows = world([{"speaker": "p_1"}] * 2)
    where = {row["sample_id"]: "train" for row in rows} | {"s_000": "validation", "s_001": "test"}
    found = look(rows, where)
    assert found.verdict == "blocks" and found.rows == ("s_000", "s_001")


def test_it_says_from_how_many_lots_splits_are_cut() -> None:
    """Speakers 0 and 1 meet in one record, so nothing of them can be parted."""
    rows = world(
        [{"speaker": "p_0"}, {"speaker": "p_0", "record": "r"}, {"speaker": "p_1", "record": "r"}, {"speaker": "p_1"}]
    )
    found = look(rows, {row["sample_id"]: "test" if n > 20 else "train" for n, row in enumerate(rows)})
    assert (
        "cut from 37 lots of samples that hang together by speaker and source, the largest of which holds 10.0%"
        in found.says
    )
    assert found.verdict == "clean"


@settings(max_examples=15)
@given(seed=st.integers(0, 10**6))
def test_order_and_parts_change_nothing(seed: int) -> None:
    rows = world([both for pair in SHARED.values() for both in pair])
    where = split(rows, held=range(0, 22, 2))
    assert look(rows, where) == look(rows, where, seed=seed)


def test_without_two_splits_there_is_nothing_to_leak() -> None:
    rows = world([])
    assert look(rows, {}).skipped == "there are no two splits"
    assert audited(Leakage(), data({"samples": [], "labels": []})).verdict == "not looked at"


def drawn(name: str) -> str:
    """Eight in ten are for training."""
    number = int(hashlib.sha256(name.encode()).hexdigest(), 16) % 10
    return "train" if number < 8 else "validation" if number == 8 else "test"


def meld(shared: Callable[[str], Path], by: str) -> tuple[list[Row], dict[str, str]]:
    rows, where = [], {}
    with shared("meld/dev_sent_emo.csv").open(encoding="utf-8") as lines:
        for line in csv.DictReader(lines):
            name = f"s_{line['Dialogue_ID']}_{line['Utterance_ID']}"
            own = {"speaker": line["Speaker"], "dialogue": line["Dialogue_ID"]}
            rows.append(sample(name, text=line["Utterance"], **own))
            where[name] = drawn(own[by])
    return rows, where


def test_meld_cut_by_dialogue_keeps_its_speakers_in_every_split(shared: Callable[[str], Path]) -> None:
    """As its own splits do: of the held-out utterances nine in ten are of somebody who speaks in training."""
    found = look(*meld(shared, "dialogue"), by=("dialogue",))
    values = {m.what: m.value for m in found.measures}
    assert found.verdict == "warns" and values["held-out samples with the speaker of a training sample"] > 0.9
    assert values["held-out samples with the dialogue of a training sample"] == 0
    assert values["held-out samples with the text of a training sample"] == 0
    assert 0.05 < values["held-out samples with the short text of a training sample"] < 0.1
    assert look(*meld(shared, "dialogue"), by=("speaker", "dialogue")).verdict == "blocks"


def test_meld_cut_by_speaker_tears_its_dialogues(shared: Callable[[str], Path]) -> None:
    found = look(*meld(shared, "speaker"))
    values = {m.what: m.value for m in found.measures}
    assert found.verdict == "warns" and values["held-out samples with the dialogue of a training sample"] == 1
    assert values["held-out samples with the speaker of a training sample"] == 0


def test_xed_says_a_few_lines_twice(shared: Callable[[str], Path]) -> None:
    """Cut at random: five of the held-out lines are in training but for their signs, and one nearly."""
    lines = shared("xed/en-annotated.tsv").read_text(encoding="utf-8").splitlines()
    rows = [sample(f"x{n:05}", text=line.split("\t")[0], language="en") for n, line in enumerate(lines)]
    found = look(rows, {row["sample_id"]: drawn(row["sample_id"]) for row in rows}, by=("source",))
    counts = {kind: sum(line["in common"] == kind for line in found.table) for kind in ("text", "nearly the same text")}
    assert found.verdict == "warns" and counts == {"text": 5, "nearly the same text": 1} and found.count == 6
