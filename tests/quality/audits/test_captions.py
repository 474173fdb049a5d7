"""What models wrote: captions that tell what there is, and such that tell what there is not or nothing at all."""

import gzip
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.audited import audited, data, note, sample, tolerable
from support.opining import Row

from affectory.quality.audits import captions
from affectory.quality.audits._audited import Audited
from affectory.quality.audits._data import AuditData
from affectory.quality.audits._named_cues import CUES
from affectory.quality.audits.captions import Captions

DEFAULT = Captions()
Shared = Callable[[str], Path]
PLACES = ("kitchen", "garden", "office", "station", "market", "library", "harbour", "theatre", "forest", "hotel")
PEOPLE = ("woman", "man", "girl", "boy", "nurse", "driver", "teacher", "singer's friend", "neighbour", "clerk")
ACTS = ("waits", "reads a letter", "talks on the phone", "looks around", "turns away", "sits down", "tells a story")
DOUBT = 0.03


def written(random: np.random.Generator, loud: bool, smile: bool) -> str:
    """A caption of its own words that names what is there, and now and then what is not."""
    said = [str(random.choice(of)) for of in (PEOPLE, ACTS, PLACES, PEOPLE, ACTS, PLACES) for _ in range(2)]
    said += ["smiles"] * (smile != (random.random() < DOUBT)) + ["loudly"] * loud
    return f"The {' '.join(random.permutation(said))}."


Spoil = Callable[[int, str], str]


def given(draw: int, spoil: Spoil = lambda n, text: text, samples: int = 60, seed: int | None = None) -> AuditData:
    random, notes = np.random.default_rng(draw), list[Row]()
    for number in range(samples):
        name, loudness, smiling = f"s_{number:03}", float(random.normal(-25, 6)), bool(random.random() < 0.5)
        unit = {"kind": "AU12", "score": 3.0 if smiling else 0.0}
        caption = spoil(number, written(random, loudness > -22, smiling))
        notes += [note(name, "caption", caption), note(name, "caption_by", "m@1"), note(name, "faces", [{}])]
        notes += [note(name, "loudness_lufs", loudness), note(name, "action_units", [unit])]
    return data({"samples": [sample(f"s_{n:03}") for n in range(samples)], "notes": notes}, seed=seed)


def accusing(found: Audited) -> list[str]:
    return [measure.what for measure in found.measures if measure.accuses]


def every(step: int, make: Callable[[int, str], str]) -> Spoil:
    return lambda n, text: make(n, text) if n % step == 0 else text


def as_model(n: int, text: str) -> str:
    return f"As an AI language model, I cannot see the clip. {text}"


PLANTED: dict[str, tuple[Spoil, str]] = {
    "hallucinated": (every(2, lambda n, text: f"{text} They shout and whisper."), captions.UNSUPPORTED),
    "refusals": (every(4, as_model), captions.PHRASES),
    "placeholders": (every(4, lambda n, text: "[insert description here]"), captions.PHRASES),
    "empty": (every(4, lambda n, text: " "), captions.EMPTY),
    "boilerplate": (
        every(3, lambda n, text: f"In this clip we can see that the person is {n} and feels an emotion of some kind."),
        captions.COMMON,
    ),
    "twice the same": (every(3, lambda n, text: f"A man waits for train number {n % 4} at noon."), captions.SAME),
    "endless": (every(5, lambda n, text: " ".join([text] * 40)), captions.LENGTH),
    "another language": (
        every(4, lambda n, text: f"Eine Frau wartet in der Küche auf ihren Bruder und liest den Brief Nummer {n}."),
        captions.LANGUAGE,
    ),
}  # fmt: skip


@pytest.mark.parametrize(("spoil", "fault"), PLANTED.values(), ids=PLANTED)
def test_a_planted_fault_is_found_with_its_rows(spoil: Spoil, fault: str) -> None:
    found = audited(DEFAULT, given(1, spoil, 120))
    assert f"caption: {fault}" in accusing(found)
    planted = {f"s_{n:03}" for n in range(120) if spoil(n, "") != ""}
    assert len(planted & set(found.rows)) >= (0.6 if fault == captions.UNSUPPORTED else 1) * len(planted)


@pytest.mark.parametrize("draws", [40, pytest.param(200, marks=pytest.mark.drill)])
def test_honest_captions_are_accused_no_more_often_than_is_said(draws: int) -> None:
    assert sum(audited(DEFAULT, given(draw)).verdict == "warns" for draw in range(draws)) <= tolerable(draws)


def test_claims_of_honest_captions_are_better_than_those_of_others() -> None:
    found = audited(DEFAULT, given(2, samples=120))
    [claims] = [measure for measure in found.measures if captions.UNSUPPORTED in measure.what]
    [dealt] = [line["share"] for line in found.table if "dealt at random" in line["what"]]
    assert claims.value < 0.1 < 0.3 < dealt


@pytest.mark.parametrize(
    ("text", "cues"),
    [
        ("She smiles and shouts.", {"smile", "loud voice"}),
        ("There is no smile, and he never shouts.", set()),
        ("He doesn't really smile", set()),
        ("Not angry; later a broad grin", {"smile"}),
        ("Her lips are pressed while music plays", {"pressed lips", "face", "music"}),
        ("A cloud passes", set()),
        ("in tears, with a monotonous, low-pitched voice and pauses", {"tears", "monotone", "low pitch", "pauses"}),
    ],
)
def test_cues_are_named_where_they_are_not_denied(text: str, cues: set[str]) -> None:
    assert {cue.name for cue in CUES if cue.named(text)} == cues


FEATURES = [
    ("He smiles.", [("faces", [])], True),
    ("He smiles.", [("faces", [{}])], False),
    ("He smiles.", [("action_units", [{"kind": "AU12L", "score": 2.5}])], False),
    ("He smiles.", [("action_units", [{"kind": "AU04", "score": 2.5}]), ("faces", [{}])], True),
    ("Tears run down.", [("faces", [])], True),
    ("Music plays.", [("sound_music_share", 0.0)], True),
    ("Music plays.", [("sound_music_share", 0.4)], False),
    ("Many pauses.", [("pause_count", 0)], True),
]


@pytest.mark.parametrize(("text", "notes", "wrong"), FEATURES)
def test_a_claim_is_held_against_what_was_measured(text: str, notes: Sequence[tuple[str, Any]], wrong: bool) -> None:
    rows = [note("s_1", name, value) for name, value in (*notes, ("caption", text), ("caption_by", "m"))]
    found = audited(DEFAULT, data({"samples": [sample("s_1")], "notes": rows}))
    assert [m.value for m in found.measures if captions.UNSUPPORTED in m.what] == [float(wrong)]


@pytest.mark.parametrize(
    ("notes", "of", "why"),
    [
        ([note("s_1", "caption", "typed by somebody")], (), "no note was written by a model"),
        ([], ("caption", "clues"), "no sample has caption or clues"),
    ],
)
def test_where_nothing_was_written_that_is_said(notes: list[Row], of: tuple[str, ...], why: str) -> None:
    found = audited(Captions(of=of), data({"samples": [sample("s_1")], "notes": notes}))
    assert found.skipped == why


def test_order_and_parts_change_nothing() -> None:
    spoil = PLANTED["boilerplate"][0]
    assert audited(DEFAULT, given(3, spoil)) == audited(DEFAULT, given(3, spoil, seed=8))


@pytest.mark.parametrize(("model", "shares"), [("SALMONN", True), ("Chat-UniVi", False), ("VideoChat2", False)])
def test_of_three_real_models_one_says_back_what_it_was_asked(model: str, shares: bool, shared: Shared) -> None:
    """A third of SALMONN's captions is mostly "As an expert in the field of emotions ...", which is its prompt."""
    with gzip.open(shared("ovmer/ovmer_model_captions.jsonl.gz"), "rt", encoding="utf-8") as file:
        told = [row for row in map(json.loads, file) if (row["model"], row["condition"]) == (model, "nosubtitle")]
    notes = [note(row["clip"], *of) for row in told for of in (("caption", row["caption"]), ("caption_by", model))]
    found = audited(DEFAULT, data({"samples": [sample(row["clip"]) for row in told], "notes": notes}))
    assert accusing(found) == [f"caption: {captions.COMMON}"] * shares
