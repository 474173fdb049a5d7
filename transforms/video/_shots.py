"""The look that measures a film."""

from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from affectory.transforms.image._measures import Look as Light
from affectory.transforms.image._measures import look, mean
from affectory.transforms.media._decode import Picture
from affectory.transforms.media._film import Film
from affectory.transforms.rows import Values
from affectory.transforms.video._cuts import Cuts, boundaries, detector_of, motion

_SIDE = 160
_DIGITS = 4


class ShotLook(Cuts):
    """Watches for cuts in all pictures, and measures some a second."""

    def __init__(self, film: Film, shots: Any) -> None:
        super().__init__(film, detector_of("content", {"threshold": shots.threshold}))
        self._min_us, self._every_us = round(shots.min_s * 1e6), round(1e6 / shots.fps) if shots.fps else 1
        self._lights: list[Light] = []
        self._moved: list[float] = []
        self._measured: NDArray[Any] | None = None
        self._due_us = self._cuts_before = 0

    def show(self, picture: Picture) -> None:
        super().show(picture)
        if picture.at_us >= self._due_us:
            start_us = self._film.start_us
            self._due_us = start_us + ((picture.at_us - start_us) // self._every_us + 1) * self._every_us
            self._lights.append(look(self._film.rgb(picture, _SIDE)))
            self._move(self._seen)

    def _move(self, small: NDArray[Any]) -> None:
        if self._measured is not None and len(self._cuts) == self._cuts_before:
            self._moved.append(motion(self._measured, small))
        self._measured, self._cuts_before = small, len(self._cuts)

    def made(self) -> Values:
        times, cuts = self.found()
        found = times[boundaries(times, cuts, self._min_us)].tolist()
        moved = [round(float(f(self._moved)), _DIGITS) if self._moved else None for f in (np.mean, np.max)]
        return {
            "shots": [{"kind": "shot", "start_us": a, "end_us": b} for a, b in pairwise(found)],
            "shot_count": len(found) - 1,
            "shot_mean_s": (found[-1] - found[0]) / 1e6 / (len(found) - 1),
            "motion": moved[0],
            "motion_peak": moved[1],
            **{f"film_{name}": value for name, value in mean(self._lights).values().items()},
        }
