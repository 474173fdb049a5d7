"""Samples of the faces that were followed through a video, each with stills of that face alone."""

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Any

from PIL import Image

from affectory.transforms.image._crops import Cut, boxed
from affectory.transforms.media._decode import moving_pictures, opened
from affectory.transforms.media._limits import span
from affectory.transforms.media._upright import Upright
from affectory.transforms.rows import Reject, Values
from affectory.transforms.video._stills import shown_at, thinned

Place = Mapping[str, Any]


def tracks_of(row: Values, places: Sequence[Place], cut: Cut, count: int) -> Iterator[Values]:
    """One for each who, with at most `count` stills. Its box is the smallest that holds all of the track's."""
    tracks: dict[str, list[Place]] = {}
    for place in _within(places, *span(row["anchor"])):
        tracks.setdefault(place["who"], []).append(place)
    if not tracks:
        raise Reject("no_face", "no face was followed through this stretch: it was cut out after `face_tracks`")
    chosen = {who: thinned([p["start_us"] for p in track], count) for who, track in tracks.items()}
    stills = {who: list[Values]() for who in tracks}
    for at_us, image in _shown(row["original"]["path"], sorted({at for times in chosen.values() for at in times})):
        for who, track in tracks.items():
            box = next((p["box"] for p in track if p["start_us"] == at_us), None)
            if at_us in chosen[who] and box is not None:
                region = cut.around(tuple(map(int, box)), *image.size)  # type: ignore[arg-type]
                stills[who].append({"at_us": at_us, **cut.media(cut.out_of(image, region))})
    for who, track in tracks.items():
        start_us, end_us = track[0]["start_us"], track[-1]["end_us"]
        part = boxed(row, start_us, end_us, _around_all([p["box"] for p in track]))
        yield {**part, "duration_s": (end_us - start_us) / 1e6, "frames": stills[who], "face_tracks": track}


def _within(places: Sequence[Place], start_us: int, end_us: int | None) -> Iterator[Place]:
    """What was seen in a stretch, which may have been cut since."""
    for place in places:
        if start_us <= place["start_us"] and (end_us is None or place["start_us"] < end_us):
            yield {**place, "end_us": place["end_us"] if end_us is None else min(place["end_us"], end_us)}


def _shown(path: str, wanted: list[int]) -> Iterator[tuple[int, Image.Image]]:
    with opened(path) as container:
        upright = Upright.within(moving_pictures(container).sample_aspect_ratio or Fraction(1), None)
        for picture in shown_at(container, wanted):
            yield picture.at_us, Image.fromarray(next(upright(picture.frame)).to_ndarray())


def _around_all(boxes: Sequence[Sequence[float]]) -> tuple[int, int, int, int]:
    left, top = (int(min(box[i] for box in boxes)) for i in (0, 1))
    right, bottom = (int(max(box[i] + box[i + 2] for box in boxes)) for i in (0, 1))
    return left, top, right - left, bottom - top
