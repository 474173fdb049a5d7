"""OpenCV's own detector of people who stand or walk: gradients and a linear classifier, trained on pedestrians.

It is weak: it misses who sits, is cut off or is smaller than a hundred pixels, and takes some posts for people. It
needs no weights but those inside OpenCV. The score is the distance from the classifier's plane, from 0 to about 3.
"""

from collections.abc import Callable, Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from affectory.schemas.errors import UserError

_SIDE = 800
_DOUBLE = 0.6
_WINDOW = 64, 128
_STEP, _AROUND, _SCALE = (8, 8), (16, 16), 1.05
_BORDER = 0.25, 0.125
"""Its windows of 64 x 128 pixels hold a person with 16 pixels around."""

Seen = tuple[Sequence[float], float]


def persons(model: str, *, revision: str | None) -> Callable[[NDArray[np.uint8]], list[Seen]]:
    """Boxes (x, y, width, height) with scores."""
    import cv2

    if model or revision:
        raise UserError("the backend hog has one model only", "leave out `path`, `hub` and `revision`")
    cv2.setNumThreads(1)
    detector = cv2.HOGDescriptor()
    detector.setSVMDetector(np.array(cv2.HOGDescriptor.getDefaultPeopleDetector(), np.float32))

    def find(picture: NDArray[np.uint8]) -> list[Seen]:
        height, width = picture.shape[:2]
        share = min(1.0, _SIDE / max(height, width))
        size = (max(1, round(width * share)), max(1, round(height * share)))
        small = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
        # OpenCV reads beyond pictures that are smaller than its window.
        right, bottom = (max(0, least - side) for least, side in zip(_WINDOW, size, strict=True))
        small = cv2.copyMakeBorder(small, 0, bottom, 0, right, cv2.BORDER_REPLICATE)
        boxes, scores = detector.detectMultiScale(small, winStride=_STEP, padding=_AROUND, scale=_SCALE)
        places = [_without_border([v / share for v in box]) for box in np.reshape(boxes, (-1, 4)).tolist()]
        return _without_doubles(zip(places, np.ravel(scores).tolist(), strict=True))

    return find


def _without_doubles(found: Iterable[Seen]) -> list[Seen]:
    """Of boxes that mostly lie in each other, the surer."""
    kept: list[Seen] = []
    for box, score in sorted(found, key=lambda seen: (-seen[1], *seen[0])):
        if all(_common(box, other) <= _DOUBLE for other, _ in kept):
            kept.append((box, score))
    return kept


def _common(a: Sequence[float], b: Sequence[float]) -> float:
    """What two boxes share, of the smaller one."""
    across = min(a[0] + a[2], b[0] + b[2]) - max(a[0], b[0])
    down = min(a[1] + a[3], b[1] + b[3]) - max(a[1], b[1])
    return max(0.0, across) * max(0.0, down) / min(a[2] * a[3], b[2] * b[3])


def _without_border(box: Sequence[float]) -> list[float]:
    x, y, width, height = box
    across, down = width * _BORDER[0], height * _BORDER[1]
    return [x + across, y + down, width - 2 * across, height - 2 * down]
