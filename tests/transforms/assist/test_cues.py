"""Cues: of what the sample shows, where it shows it, and nowhere else."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.talk_describing import failure, one, places, questions, step
from support.talking import backends

from affectory.transforms.assist._cues import Cue
from affectory.transforms.assist.cues import Cues

pytestmark = pytest.mark.usefixtures("backends")
__all__ = ["backends"]
SOUND = {"asset": "a" * 64, "format": "wav", "bytes": None, "path": None}
STILL = {**SOUND, "format": "jpg", "at_us": 0}
CLIP = {"record": "r", "start_us": 2_000_000, "end_us": 5_000_000}
WHOLE = {"record": "r"}


def answer(*cues: dict[str, Any]) -> dict[str, Any]:
    return {"cues": list(cues)}


def cue(kind: str, what: str, **more: Any) -> dict[str, Any]:
    return {"kind": kind, "cue": what, **more}


def test_textual_cues_are_words_of_the_text_and_found_there() -> None:
    says = answer(
        cue("textual", "wants to be alone", quote="Leave me ALONE"), cue("textual", "anger", quote="I hate you")
    )
    text = "Go. Leave me alone!"
    written = one(step(Cues, says), text=text, anchor=WHOLE)
    [place] = places(written["cues"])
    assert place == {"kind": "textual", "text": "Leave me alone", "char_start": 4, "char_end": 18}
    assert written["cues_by"].startswith("parrot, asked by cues@1 ")


def test_the_model_is_offered_the_kinds_that_it_is_shown() -> None:
    made = step(Cues, answer(cue("acoustic", "a sob")), see=("frames", "audio"))
    both, sound = {"frames": [STILL], "audio": SOUND, "anchor": WHOLE}, {"audio": SOUND, "anchor": WHOLE}
    assert "Kinds: visual, acoustic.\n" in questions(made, **both)[0]
    assert "Kinds: acoustic, textual.\n" in questions(made, text="Go", **sound)[0]
    assert places(one(made, **sound)["cues"]) == [{"kind": "acoustic", "text": "a sob"}]
    assert "'acoustic' is not one of ['visual']" in failure(made, frames=[STILL], anchor=WHOLE)


def test_times_are_those_of_the_record_and_lie_in_the_sample() -> None:
    says = answer(
        cue("acoustic", "a sob", start_s=0.5, end_s=1),
        cue("acoustic", "a sigh", start_s=2.5, end_s=9),
        cue("acoustic", "too late", start_s=3, end_s=4),
        cue("acoustic", "backwards", start_s=2, end_s=1),
        cue("acoustic", "too early", start_s=-1, end_s=1),
        cue("acoustic", "some time", start_s=1),
    )
    made = step(Cues, says, see=("audio",), times=True)
    assert "lasts 3.0 seconds" in questions(made, audio=SOUND, anchor=CLIP)[0]
    assert places(one(made, audio=SOUND, anchor=CLIP)["cues"]) == [
        {"kind": "acoustic", "text": "a sob", "start_us": 2_500_000, "end_us": 3_000_000},
        {"kind": "acoustic", "text": "a sigh", "start_us": 4_500_000, "end_us": 5_000_000},
        *({"kind": "acoustic", "text": text} for text in ("too late", "backwards", "too early", "some time")),
    ]


def test_a_recording_as_a_whole_is_as_long_as_was_measured() -> None:
    says = answer(cue("acoustic", "a sob", start_s=0, end_s=99))
    made = step(Cues, says, see=("audio",), times=True)
    assert places(one(made, audio=SOUND, anchor=WHOLE, duration_s=4.0)["cues"])[0]["end_us"] == 4_000_000
    assert "end_us" not in places(one(made, audio=SOUND, anchor=WHOLE)["cues"])[0]


def test_a_description_is_taken_apart_by_quoting_it() -> None:
    says = answer(
        cue("visual", "brows", quote="frowns"),
        cue("emotional", "sadness", quote="is sad"),
        cue("acoustic", "a sob", quote="sobs"),
    )
    made = step(Cues, says, of="description", prompt="split_cues", as_="atoms")
    written = one(made, description="She frowns and is sad.", anchor=WHOLE)
    assert places(written["atoms"]) == [{"kind": "visual", "text": "frowns"}, {"kind": "emotional", "text": "is sad"}]


def test_nothing_is_asked_about_nothing() -> None:
    made = step(Cues, answer(), see=("audio",))
    assert questions(made, anchor=WHOLE) == []
    assert one(made, anchor=WHOLE) == {"cues": None, "cues_by": None}
    assert one(made, text="Go", anchor=WHOLE)["cues"] == []


@given(st.floats(allow_nan=False), st.floats(allow_nan=False), st.integers(0, 10**10), st.integers(1, 10**10))
def test_no_time_lies_outside_the_sample(start: float, end: float, begin: int, length: int) -> None:
    place = Cue(kind="visual", cue="x", start_s=start, end_s=end).place(None, False, False, (begin, begin + length))
    assert place
    if "start_us" in place:
        assert begin <= place["start_us"] <= place["end_us"] <= begin + length


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"of": "description"}, "cues tells description, and prompt cues does not"),
        ({"prompt": "split_cues", "of": "description", "times": True}, "cues tells seconds"),
        ({"prompt": "caption"}, "cues tells kinds"),
    ],
)
def test_mistakes_are_told_when_planning(given: dict[str, Any], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        step(Cues, **given)
