"""The lowest point of a smooth function (L-BFGS), without BLAS, so that it is the same on any number of processors."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
_REMEMBERED = 12


def lowest(loss: Callable[[Floats], tuple[float, Floats]], start: Floats, close: float, steps: int = 200) -> Floats:
    """Where a convex function is lowest; `loss` gives its value and slope. Ends where no slope is above `close`."""
    here, (value, slope) = start, loss(start)
    past: list[tuple[Floats, Floats]] = []
    for _ in range(steps):
        if np.abs(slope).max(initial=0.0) < close * max(1.0, abs(value)):
            break
        way = -_curved(slope, past)
        fall = float((way * slope).sum())
        if fall >= 0:
            past, way, fall = [], -slope, -float((slope * slope).sum())
        size = 1.0 if past else min(1.0, 1 / float(np.abs(slope).max()))
        there, (reached, turned) = here + size * way, loss(here + size * way)
        while not reached <= value + 1e-4 * size * fall:
            size /= 2
            if size < 1e-12:
                return here
            there, (reached, turned) = here + size * way, loss(here + size * way)
        moved, bent = there - here, turned - slope
        past = [*past, (moved, bent)][-_REMEMBERED:] if float((moved * bent).sum()) > 1e-14 else past
        here, value, slope = there, reached, turned
    return here


def _curved(slope: Floats, past: list[tuple[Floats, Floats]]) -> Floats:
    """The slope times what is known of the inverse curvature."""
    way, shares = slope.copy(), []
    for moved, bent in reversed(past):
        share = float((moved * way).sum()) / float((moved * bent).sum())
        shares.append(share)
        way = way - share * bent
    if past:
        moved, bent = past[-1]
        way = way * (float((moved * bent).sum()) / float((bent * bent).sum()))
    for (moved, bent), share in zip(past, reversed(shares), strict=True):
        way = way + moved * (share - float((bent * way).sum()) / float((moved * bent).sum()))
    return way
