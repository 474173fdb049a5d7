"""Who is where from one look at a video to the next: boxes that lie close are the same face."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import product
from typing import Any

from affectory.transforms.image._places import demand, inside, place
from affectory.transforms.media._decode import Picture, upright_turns
from affectory.transforms.media._film import Film
from affectory.transforms.models._yunet import CANVAS, FaceFinder
from affectory.transforms.rows import Reject, Values

_REACH, _OVERLAP = 1.5, 0.3
"""Boxes are drawn out by the first before they are compared: at five looks a second heads move by half their width."""

Place = dict[str, Any]


@dataclass
class Follower:
    """Joins what is seen in look after look; a face may be lost for up to `gap_us`."""

    gap_us: int
    tracks: list[list[Place]] = field(default_factory=list)

    def see(self, at_us: int, places: Sequence[Place]) -> None:
        """Each face goes to the track that it overlaps most, each track gets one; what is left over begins a track."""
        near = [track for track in self.tracks if at_us - track[-1]["start_us"] <= self.gap_us]
        pairs = product(range(len(near)), range(len(places)))
        shares = [(-overlap(near[t][-1]["box"], places[p]["box"]), t, p) for t, p in pairs]
        taken: tuple[set[int], set[int]] = (set(), set())
        for share, track, index in sorted(shares):
            if -share >= _OVERLAP and track not in taken[0] and index not in taken[1]:
                near[track].append(places[index])
                taken[0].add(track)
                taken[1].add(index)
        self.tracks += [[found] for index, found in enumerate(places) if index not in taken[1]]

    def named(self, kind: str, least: int) -> Iterator[Place]:
        """Tracks seen at least so often, as places in the order of time; named as they appear, from left to right."""
        kept = sorted((t for t in self.tracks if len(t) >= least), key=lambda t: (t[0]["start_us"], t[0]["box"]))
        named = [{**found, "who": f"{kind}-{n}"} for n, track in enumerate(kept, 1) for found in track]
        yield from sorted(named, key=lambda found: (found["start_us"], found["box"]))


def overlap(a: Sequence[float], b: Sequence[float]) -> float:
    """Intersection over union of two boxes that are drawn out around their middles."""
    (ax, ay, aw, ah), (bx, by, bw, bh) = (_drawn_out(box) for box in (a, b))
    wide, high = min(ax + aw, bx + bw) - max(ax, bx), min(ay + ah, by + bh) - max(ay, by)
    both = max(0.0, wide) * max(0.0, high)
    return both / (aw * ah + bw * bh - both)


def _drawn_out(box: Sequence[float]) -> tuple[float, float, float, float]:
    x, y, width, height = box
    more = (_REACH - 1) / 2
    return x - width * more, y - height * more, width * _REACH, height * _REACH


class FaceLook:
    """Looks for faces in a film, `fps` times a second at most, and follows them. Boxes are in pixels of the film."""

    def __init__(self, film: Film, find: FaceFinder, step: Any) -> None:
        self._film, self._find, self._step = film, find, step
        self._follower = Follower(round(step.gap_s * 1e6))
        self._every_us, self._next_us = round(1e6 / step.fps), 0
        self._looks: list[int] = []
        self._with_face = 0

    def show(self, picture: Picture) -> None:
        """Every picture goes by; the first after each `1 / fps` seconds is looked at."""
        if picture.at_us < self._next_us:
            return
        start_us = self._film.start_us
        self._next_us = start_us + ((picture.at_us - start_us) // self._every_us + 1) * self._every_us
        found = sorted(self._faces(picture), key=lambda face: face["box"])
        self._follower.see(picture.at_us, found)
        self._looks.append(picture.at_us)
        self._with_face += bool(found)

    def _faces(self, picture: Picture) -> Iterator[Place]:
        small = self._film.rgb(picture, CANVAS)
        width, height = full_size(self._film, picture)
        across, down = width / small.shape[1], height / small.shape[0]
        for face in self._find(small):
            x, y, w, h = face.box
            box = inside((x * across, y * down, w * across, h * down), width, height)
            if box is not None and min(box[2:]) >= self._step.min_size:
                points = [v * (down if i % 2 else across) for i, v in enumerate(face.points)]
                yield place("face", box, face.score, points=points, at_us=picture.at_us)

    def made(self) -> Values:
        """What is seen holds until the next look."""
        step, film, looks = self._step, self._film, self._looks
        if not looks:
            raise Reject("empty", "no picture begins in this stretch")
        last = film.last_us if film.end_us is None else min(film.last_us, film.end_us)
        ends = dict(zip(looks, [*looks[1:], last], strict=True))
        found = self._follower.named("face", min(step.min_looks, len(looks)))
        places = [{**place, "end_us": ends[place["start_us"]]} for place in found]
        least = f"min_size {step.min_size}, min_score {step.min_score:g}, min_looks {step.min_looks}"
        demand(step.require, len({place["who"] for place in places}), "face", least, "the stretch")
        return {"face_tracks": places, "face_share": round(self._with_face / len(looks), 4)}


def full_size(film: Film, picture: Picture) -> tuple[int, int]:
    """Width and height of a picture upright, with square pixels, as `film.rgb` would give it whole."""
    width, height, aspect = picture.frame.width, picture.frame.height, film.aspect
    if upright_turns(picture.frame) % 2:
        width, height, aspect = height, width, 1 / aspect
    return max(1, round(width * aspect)), height
