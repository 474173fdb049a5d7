"""The look that finds the scenes of a row."""

from itertools import pairwise
from typing import Any

from affectory.transforms.media._film import Film
from affectory.transforms.media._parts import part_of
from affectory.transforms.rows import Values
from affectory.transforms.video._cuts import Cuts, boundaries, detector_of, split
from affectory.transforms.video._detectors import options_of


class SceneLook(Cuts):
    """One part of a row for each scene."""

    def __init__(self, row: Values, film: Film, scenes: Any) -> None:
        super().__init__(film, detector_of(scenes.detector, options_of(scenes)))
        self._row, self._min_us, self._max_us = row, round(scenes.min_s * 1e6), round(scenes.max_s * 1e6)

    def made(self) -> list[Values]:
        times, cuts = self.found()
        found = split(times, boundaries(times, cuts, self._min_us), self._max_us)
        return [part_of(self._row, int(times[a]), int(times[b])) for a, b in pairwise(found)]
