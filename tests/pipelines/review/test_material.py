"""Whatever can be planned can be put into a task, and what cannot is counted with its reason."""

from typing import Any

import pytest
from support.forms import asking

from affectory.pipelines.review.material import Material
from affectory.pipelines.review.withheld import Withheld
from affectory.schemas.derived import NOTES, OPINIONS_TABLE, SAMPLES
from affectory.schemas.recipe.review import Question

CLIP, SOUND = {"asset": "a" * 64, "format": "mp4"}, {"asset": "b" * 64, "format": "wav"}
FILM = {"asset": "c" * 64, "format": "mkv"}
BASE = {"kind": "video", "source": "media", "uri": "v", "anchor": {"record": "r"}, "text": "what is said"}
ROWS = [
    {**BASE, "sample_id": "whole", "original": CLIP, "audio": SOUND},
    {**BASE, "sample_id": "silent", "original": CLIP, "text": None},
    {**BASE, "sample_id": "no browser plays it", "original": FILM},
]


@pytest.mark.parametrize(
    ("see", "shown", "why"),
    [
        ((), {"whole", "silent"}, "no video"),
        (("video", "audio"), {"whole", "silent"}, "no video/audio"),
        (("video", "audio", "text"), {"whole", "silent"}, "no video"),
        (("audio", "text"), {"whole"}, "no audio"),
        (("text",), {"whole", "no browser plays it"}, "no text"),
        (("frames",), set(), "no frames"),
    ],
    ids=lambda given: "+".join(given) if isinstance(given, tuple) else "",
)
def test_what_is_planned_has_all_that_its_interface_shows(see: Any, shown: set[str], why: str) -> None:
    material = Material(SAMPLES.from_rows(ROWS), OPINIONS_TABLE.empty(), NOTES.empty())
    found = material.showable(Question(see=see), Withheld())
    assert set(found.shown) == shown
    assert all(reason.startswith(why) for reason in found.left_out)
    assert sum(found.left_out.values()) == len(ROWS) - len(shown)
    form = asking("video", "categories", see=see) if shown else None
    for one in found.shown.values():
        assert form is not None
        assert set(form.scene.objects) <= set(form.data(one, str))
