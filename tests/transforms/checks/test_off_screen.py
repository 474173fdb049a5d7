"""Clips whose speaker is not seen."""

from typing import Any

import pytest
from support.checking import checked, lost

from affectory.transforms.checks.off_screen import OffScreen

S = 1_000_000


def place(kind: str, start: float, end: float, who: str | None = None) -> dict[str, Any]:
    return {"kind": kind, "start_us": int(start * S), "end_us": int(end * S), "who": who}


def faces(*stretches: tuple[float, float], who: str = "face-1") -> list[dict[str, Any]]:
    return [place("face", *stretch, who) for stretch in stretches]


@pytest.mark.parametrize(
    ("seen", "share"),
    [
        (faces((0, 4)), 1.0),
        (faces((0, 2), (1.5, 2.5)), 0.5),
        (faces((2, 3), (0, 1.5)), 0.5),
    ],
)
def test_the_share_of_speech_with_a_face(seen: list[dict[str, Any]], share: float) -> None:
    speech = [place("speech", 1, 3), place("speech", 3, 4), place("speech", 3, 4)]
    found = checked(OffScreen(least=0.3), {"segments": speech, "face_tracks": seen}).rows.column("speaker_seen")
    assert found.to_pylist() == [share]


def test_too_little_is_rejected() -> None:
    row = {"segments": [place("speech", 0, 4)], "face_tracks": faces((0, 1))}
    assert lost(OffScreen(), **row) == ("filtered", "a face is seen during 25% of the speech, 50% asked")


def test_with_many_faces_nobody_knows_who_speaks() -> None:
    both = faces((0, 4)) + faces((0, 4), who="face-2")
    found = lost(OffScreen(faces=1), segments=[place("speech", 0, 4)], face_tracks=both)
    assert found and "2 faces at once, at most 1 asked" in found[1]


@pytest.mark.parametrize(
    "other",
    [faces((2, 4), who="face-2"), faces((2, 3), (3, 4), who="face-2"), faces((0, 1.5), who="face-2")],
    ids=["after a cut", "at several looks", "before anybody speaks"],
)
def test_faces_that_are_not_there_at_once_while_somebody_speaks_are_not_many(other: list[dict[str, Any]]) -> None:
    seen = faces((1, 2)) + other
    assert lost(OffScreen(faces=1, least=0), segments=[place("speech", 1.5, 4)], face_tracks=seen) is None


@pytest.mark.parametrize("segments", [None, [], [place("scene", 0, 4)], [{**place("speech", 0, 1), "end_us": None}]])
def test_where_nobody_speaks_there_is_nothing_to_see(segments: Any) -> None:
    assert checked(OffScreen(), {"segments": segments}).rows.column("speaker_seen").to_pylist() == [None]
    assert lost(OffScreen(silent=True), segments=segments) == ("filtered", "nobody speaks in it")
