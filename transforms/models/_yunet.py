"""Where faces are in a picture: YuNet, a small network that OpenCV runs."""

import hashlib
from importlib.resources import files
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from affectory.schemas.errors import UserError

_YUNET = "face_detection_yunet_2023mar_int8bq.onnx", "49f000ec501fef24739071fc7e68267d32209045b6822c0c72dce1da25726f10"
CANVAS = 640
_OVERLAP, _MOST_FACES = 0.3, 100
_SCORES = 14

Pixels = NDArray[np.uint8]


class Found(NamedTuple):
    """A face in pixels of the picture, which it may leave: x, y, width, height, and the points x, y, x, y, ...

    The points are the eyes, the tip of the nose and the corners of the mouth, of each pair the one of the person's
    right side first. The score is how sure the network is, 0-1.
    """

    box: list[float]
    points: list[float]
    score: float


class FaceFinder:
    """Finds faces: one picture at a time, in a fixed shape and on one thread."""

    def __init__(self, min_score: float) -> None:
        import cv2

        size, nothing = (CANVAS, CANVAS), np.empty(0, np.uint8)
        cv2.setNumThreads(1)
        network = checked_weights(*_YUNET)
        self._detector = cv2.FaceDetectorYN.create("onnx", network, nothing, size, min_score, _OVERLAP, _MOST_FACES)

    def __call__(self, picture: Pixels) -> list[Found]:
        """The faces in a picture of red, green and blue, in no order that means anything."""
        import cv2

        height, width = picture.shape[:2]
        scale = min(1.0, CANVAS / max(height, width))
        inner = (max(1, round(width * scale)), max(1, round(height * scale)))
        canvas = np.zeros((CANVAS, CANVAS, 3), np.uint8)
        small = cv2.resize(picture, inner, interpolation=cv2.INTER_AREA)
        canvas[: inner[1], : inner[0]] = cv2.cvtColor(small, cv2.COLOR_RGB2BGR)
        _, found = self._detector.detect(canvas)
        rows = [] if found is None else found.tolist()
        scaled = [([v / scale for v in row[:_SCORES]], row[_SCORES]) for row in rows]
        return [Found(place[:4], place[4:], score) for place, score in scaled]


def checked_weights(name: str, sha256: str) -> Any:
    """A file of `weights/`, if it is the one that was shipped."""
    data = (files("affectory.transforms.models") / "weights" / name).read_bytes()
    if hashlib.sha256(data).hexdigest() != sha256:
        raise UserError(f"{name} is not the file that was shipped", "install affectory again")
    return np.frombuffer(data, np.uint8)
