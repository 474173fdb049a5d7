"""Faces in a picture and what their expression looks like, by two small networks that OpenCV runs."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from affectory.transforms.models._yunet import FaceFinder, Pixels, checked_weights

CLASSES = ("anger", "disgust", "fear", "joy", "sadness", "surprise", "neutral")
"""In the order of the classifier's output; upstream calls them angry, disgust, fear, happy, sad, surprise, neutral."""
DIGITS = 4
"""Of a weight: processors of different makes compute different last bits."""
_XCEPTION = "mini_xception.onnx", "a9dd9b410f4bb6be80030c1102d67ded75a7260ebcbcc86f92256ef8ca5a725e"
_FACE = 64
_MOST_PIXELS, _LONGEST_SIDE = 100_000_000, 16_384

Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class Face:
    """Where a face lies in the picture (x, y, width, height in pixels) and the weights of `CLASSES`."""

    box: Box
    weights: NDArray[np.float64]

    @property
    def area(self) -> float:
        return self.box[2] * self.box[3]


def dumped(pictures: Sequence[Sequence[Face]]) -> str:
    """The faces of some pictures as text, every number to its last bit."""
    return json.dumps([[{"box": face.box, "weights": face.weights.tolist()} for face in faces] for faces in pictures])


def loaded(text: str) -> list[list[Face]]:
    """The faces that `dumped` wrote."""
    return [[Face(tuple(x["box"]), np.array(x["weights"])) for x in faces] for faces in json.loads(text)]


def mean(pictures: Sequence[Sequence[Face]]) -> NDArray[np.float64]:
    """The mean of the pictures that show a face, each of them the mean of its faces by their area."""
    means = [np.average([f.weights for f in p], axis=0, weights=[f.area for f in p]) for p in pictures if p]
    return np.asarray(np.mean(means, axis=0).round(DIGITS), dtype=np.float64)


class FaceReader:
    """Finds faces and classifies each. One picture and one face at a time, in fixed shapes and on one thread."""

    def __init__(self, min_score: float) -> None:
        import cv2

        self._find = FaceFinder(min_score)
        self._network = cv2.dnn.readNetFromONNX(checked_weights(*_XCEPTION))

    def read(self, path: str) -> list[Face]:
        """The faces of the picture in a file, from left to right."""
        import cv2

        from affectory.transforms.media._images import decoded, opened_image

        with opened_image(path, _MOST_PIXELS) as image:
            picture = np.asarray(decoded(image, _LONGEST_SIDE))
        grey = np.asarray(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), dtype=np.uint8)
        height, width = grey.shape
        boxes = [_clipped(face.box, width, height) for face in self._find(picture)]
        return [Face(box, self._classified(_square(grey, box))) for box in sorted(filter(None, boxes))]

    def _classified(self, face: Pixels) -> NDArray[np.float64]:
        import cv2

        shrinks = len(face) > _FACE
        small = cv2.resize(face, (_FACE, _FACE), interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR)
        self._network.setInput((small.astype(np.float32) / 255 - 0.5)[None, None] * 2)
        return np.asarray(self._network.forward()[0], dtype=np.float64)


def _clipped(box: Sequence[float], width: int, height: int) -> Box | None:
    """The part of a box that lies in the picture."""
    left, top = max(0.0, box[0]), max(0.0, box[1])
    right, bottom = min(float(width), box[0] + box[2]), min(float(height), box[1] + box[3])
    if right - left < 1 or bottom - top < 1:
        return None
    return round(left, 1), round(top, 1), round(right - left, 1), round(bottom - top, 1)


def _square(grey: Pixels, box: Box) -> Pixels:
    """A square around a box, as long as its longer side; where it leaves the picture, the edge is drawn out."""
    x, y, width, height = box
    side = max(2, round(max(width, height)))
    left, top = round(x + width / 2 - side / 2), round(y + height / 2 - side / 2)
    rows = np.clip(np.arange(top, top + side), 0, grey.shape[0] - 1)
    columns = np.clip(np.arange(left, left + side), 0, grey.shape[1] - 1)
    square: Pixels = grey[np.ix_(rows, columns)]
    return square
