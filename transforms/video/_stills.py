"""Stills of a film: which pictures a way of choosing takes, and how to get them with as little decoding as it takes."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Literal

import numpy as np
from av.container import InputContainer
from PIL import Image

from affectory.transforms.media._decode import Picture, key_times, moving_pictures, opened, pictures
from affectory.transforms.media._film import Film
from affectory.transforms.media._images import encoded, shrunk
from affectory.transforms.rows import Reject, Values
from affectory.transforms.video._cuts import Cuts, detector_of, motion

_NEAR_US, _WORTH_A_SEEK_US = 1_000_000, 10_000_000


class Stills:
    """Pictures of a film as a step writes them, at most `count`."""

    def __init__(self, film: Film, step: Any) -> None:
        self.film, self.count = film, step.count
        self._max_side, self._quality = step.max_side, step.quality

    def still(self, picture: Picture) -> Values:
        image = shrunk(Image.fromarray(self.film.rgb(picture)), self._max_side)
        return {"at_us": picture.at_us, "bytes": encoded(image, quality=self._quality), "format": "jpeg"}

    def of(self, chosen: Iterable[Picture]) -> Values:
        return {"frames": [self.still(picture) for picture in chosen]}

    def at(self, wanted: Sequence[int]) -> Values:
        """The pictures on display at increasing times."""
        if self.film.reel.holds(wanted[0], wanted[-1]):
            return self.of(on_display(self.film.reel.pictures(wanted[0]), wanted))
        with opened(self.film.path) as container:
            return self.of(shown_at(container, wanted))

    def even(self) -> list[int]:
        """The middle of each of `count` equal parts."""
        start_us, length = self.film.start_us, self.film.end - self.film.start_us
        return [start_us + length * (2 * k + 1) // (2 * self.count) for k in range(self.count)]

    def keys(self) -> list[int]:
        """When the stream's own key pictures begin, or the start where there are none."""
        with opened(self.film.path) as container:
            found = key_times(container, moving_pictures(container), self.film.start_us, self.film.end_us)
        return thinned(found, self.count) or [self.film.start_us]


def thinned(times: Sequence[int], count: int) -> list[int]:
    """No more than `count` of increasing times, evenly chosen."""
    if len(times) <= count:
        return list(times)
    return [times[(2 * k + 1) * len(times) // (2 * count)] for k in range(count)]


class EvenLook:
    """Takes the stills as their pictures go by."""

    def __init__(self, stills: Stills) -> None:
        self._stills, self._wanted = stills, stills.even()
        self._made: list[Values] = []
        self._last: Picture | None = None

    def show(self, picture: Picture) -> None:
        self._take_before(picture.at_us)
        self._last = picture

    def _take_before(self, at_us: float) -> None:
        """Until this time the last picture is on display: whoever asks for one of the times before gets it, once."""
        last = self._last or self._stills.film.on_display
        if last is not None and self._wanted and self._wanted[0] < at_us:
            self._made.append(self._stills.still(last))
            self._wanted = [at for at in self._wanted if at >= at_us]

    def made(self) -> Values:
        self._take_before(float("inf"))
        return {"frames": self._made}


class KeyLook:
    """Needs to see nothing to know which pictures are the stream's own key pictures."""

    def __init__(self, stills: Stills) -> None:
        self._stills = stills

    def show(self, picture: Picture) -> None:
        pass

    def made(self) -> Values:
        return self._stills.at(self._stills.keys())


class ChosenLook(Cuts):
    """Looks at all pictures before it says which: the middle of each shot, or where most happens."""

    def __init__(self, stills: Stills, mode: Literal["scene", "motion"], apart_s: float) -> None:
        super().__init__(stills.film, detector_of("content", {}))
        self._stills, self._mode, self._apart_us = stills, mode, round(apart_s * 1e6)
        self._moved: list[float] = []

    def show(self, picture: Picture) -> None:
        before = self._seen
        super().show(picture)
        self._moved.append(motion(before, self._seen) if before.size else 0.0)

    def made(self) -> Values:
        times, cuts = self.found()
        if self._mode == "scene":
            shots = times[[0, *(np.flatnonzero(cuts[1:]) + 1), len(cuts)]]
            middles = (shots[:-1] + shots[1:]) // 2
            return self._stills.at(thinned(middles.tolist(), self._stills.count))
        found = peaks(times[:-1].tolist(), self._moved, self._stills.count, self._apart_us)
        return self._stills.at(found or [int(times[0] + times[-1]) // 2])


def look_of(film: Film, step: Any) -> EvenLook | KeyLook | ChosenLook:
    """How a step that takes stills looks at a film."""
    stills = Stills(film, step)
    if step.mode == "uniform":
        return EvenLook(stills)
    return KeyLook(stills) if step.mode == "keyframes" else ChosenLook(stills, step.mode, step.apart_s)


def peaks(times: Sequence[int], moved: Sequence[float], count: int, apart_us: int) -> list[int]:
    """The times of the greatest changes, none nearer to a greater one than `apart_us`; none where nothing moves."""
    chosen: list[int] = []
    for index in sorted(range(len(times)), key=lambda i: (-moved[i], i)):
        if len(chosen) == count or not moved[index]:
            break
        if all(abs(times[index] - other) >= apart_us for other in chosen):
            chosen.append(times[index])
    return sorted(chosen)


def _skipped(here: Picture, at_us: int) -> Literal["NONREF", "DEFAULT"]:
    """Far from the wanted picture, those that no other one is built on need no decoding."""
    return "NONREF" if at_us - here.at_us > max(_NEAR_US, 20 * here.lasts_us) else "DEFAULT"


def on_display(found: Iterator[Picture], wanted: Sequence[int]) -> Iterator[Picture]:
    """Of pictures in order those on display at increasing times, each once."""
    here, following = next(found, None), next(found, None)
    given = None
    for at_us in wanted:
        while following is not None and following.at_us <= at_us:
            here, following = following, next(found, None)
        if here is not None and here is not given:
            given = here
            yield here


def shown_at(container: InputContainer, wanted: Sequence[int]) -> Iterator[Picture]:
    """The pictures on display at increasing times, each once."""
    stream = moving_pictures(container)
    found = pictures(container, stream, wanted[0])
    here, following = next(found, None), next(found, None)
    if here is None:
        raise Reject("empty", "no picture can be decoded")
    given = None
    for at_us in wanted:
        if at_us - here.at_us > _WORTH_A_SEEK_US:
            found = pictures(container, stream, at_us)
            here, following = next(found, None) or here, next(found, None)
        while following is not None and following.at_us <= at_us:
            stream.codec_context.skip_frame = _skipped(here, at_us)
            here, following = following, next(found, None)
        if given is None or here.at_us > given:
            given = here.at_us
            yield here
