"""Captions: what is shown and told, and when nothing is asked."""

from typing import Any

import pytest
from support.talk_describing import one, questions, step
from support.talking import backends, parrot

from affectory.transforms.assist.caption import Caption

pytestmark = pytest.mark.usefixtures("backends")
__all__ = ["backends"]
SOUND = {"asset": "a" * 64, "format": "wav", "bytes": None, "path": None}


def test_a_caption_says_who_wrote_it_asked_by_what() -> None:
    written = one(step(Caption, "Somebody smiles.", as_="seen"), text="I am glad")
    assert written["seen"] == "Somebody smiles."
    assert written["seen_by"].startswith("parrot, asked by caption@1 ")


@pytest.mark.parametrize("prompt", ["audio_clues", "video_clues", "image_clues"])
def test_clues_are_asked_for_of_media_in_a_language(prompt: str) -> None:
    made = step(Caption, "A low voice.", prompt=prompt, see=("audio",), language="zh")
    (asked,) = questions(made, audio=SOUND)
    assert "language with the code zh" in " ".join(asked.split())
    assert one(made, audio=SOUND)["caption"] == "A low voice."


@pytest.mark.parametrize(("given", "row"), [({}, {"text": ""}), ({"see": ("audio",), "prompt": "audio_clues"}, {})])
def test_nothing_is_asked_about_nothing(given: dict[str, Any], row: dict[str, Any]) -> None:
    made = step(Caption, "made up", **given)
    assert questions(made, **row) == []
    assert one(made, **row) == {"caption": None, "caption_by": None}


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"prompt": "audio_clues"}, "the model is told nothing"),
        ({"prompt": "merge"}, "reads text: leave out `answer`"),
        ({"see": ("frames",), "model": parrot(can=["audio"])}, "needs image of model bird"),
    ],
)
def test_mistakes_are_told_when_planning(given: dict[str, Any], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        step(Caption, **given)
