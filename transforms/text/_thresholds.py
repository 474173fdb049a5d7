"""Limits on what is measured of a text, and how a text that breaks one is told of it."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from affectory.transforms.text._profile import Numbers, Profile


@dataclass(frozen=True)
class Threshold:
    """What is measured, and between which values it must lie; lengths have reasons of their own."""

    what: str
    measure: Callable[[Profile], Numbers]
    at_least: float | None = None
    at_most: float | None = None
    length: bool = False

    def breaks(self, value: float) -> tuple[str, str] | None:
        """Reason and detail for a value outside."""
        if self.at_least is not None and value < self.at_least:
            return self._said("too_short", f"{self.what}: {value:.4g}, at least {self.at_least:g} is asked for")
        if self.at_most is not None and value > self.at_most:
            return self._said("too_long", f"{self.what}: {value:.4g}, at most {self.at_most:g} is allowed")
        return None

    def outside(self, values: Numbers) -> NDArray[np.bool_]:
        low = False if self.at_least is None else values < self.at_least
        high = False if self.at_most is None else values > self.at_most
        return np.broadcast_to(np.logical_or(low, high), values.shape)

    def _said(self, reason: str, detail: str) -> tuple[str, str]:
        return reason if self.length else "filtered", detail


def first_broken(limits: Sequence[Threshold], profile: Profile) -> Iterator[tuple[int, str, str]]:
    """Each row that breaks a limit, with reason and detail of the first that it breaks."""
    measured = [limit.measure(profile) for limit in limits]
    outside = [limit.outside(values) for limit, values in zip(limits, measured, strict=True)]
    for row in np.flatnonzero(np.logical_or.reduce(outside)) if limits else ():
        first = next(i for i, broken in enumerate(outside) if broken[row])
        said = limits[first].breaks(float(measured[first][row]))
        if said is not None:
            yield int(row), *said
