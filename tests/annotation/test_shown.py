"""What is shown is written down, and is the same when it is read."""

import json
from dataclasses import replace

import pytest

from affectory.annotation.shown import Media, Shown, Turn, shown_of

ANCHOR = {"record": "r", "start_us": 5, "end_us": 9, "char_start": None, "char_end": None, "box": None}
CLIP = Shown(
    "s", "video", ANCHOR, "hi", {"video": Media("a" * 64, "mp4")}, (Turn("A", "so?"),), (), 2.5, 25.0, (64, 48)
)
PAIR = Shown("p", "pair", ANCHOR, sides=(CLIP, replace(CLIP, sample_id="t")))


@pytest.mark.parametrize("shown", [CLIP, PAIR, Shown("s", "text", ANCHOR, "")])
def test_what_is_written_down_is_read_again(shown: Shown) -> None:
    assert shown_of(json.loads(json.dumps(shown.facts()))) == shown


@pytest.mark.parametrize(
    "other",
    [
        replace(CLIP, text="ho"),
        replace(CLIP, media={"video": Media("b" * 64, "mp4")}),
        replace(CLIP, context=()),
        replace(PAIR, sides=(CLIP,)),
    ],
)
def test_its_hash_tells_what_is_shown(other: Shown) -> None:
    assert other.content not in (CLIP.content, PAIR.content)
    assert replace(CLIP, sample_id="t").content == CLIP.content, "the same clip, whatever it is called"
