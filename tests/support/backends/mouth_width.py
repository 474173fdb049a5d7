"""For tests alone: how far the corners of a mouth are drawn apart, which is all that five landmarks tell of smiling."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from affectory.transforms.models._yunet import FaceFinder


def action_units(model: str, *, revision: str | None) -> Callable[[NDArray[np.uint8]], list[dict[str, Any]]]:
    """AU12 from the width of the mouth by the distance of the eyes; a model is the name of one unit to give instead."""
    find = FaceFinder(0.7)

    def look(picture: NDArray[np.uint8]) -> list[dict[str, Any]]:
        return [{"box": face.box, "units": {model or "au12": _drawn(face.points)}} for face in find(picture)]

    return look


def _drawn(points: list[float]) -> float:
    eyes, mouth = (np.hypot(points[i] - points[i + 2], points[i + 1] - points[i + 3]) for i in (0, 6))
    return float(np.clip(10 * (mouth / eyes - 0.6), 0, 5))
