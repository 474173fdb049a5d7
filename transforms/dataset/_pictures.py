"""Perceptual hashes of pictures: 64 bits that stay nearly the same when one is scaled, compressed or brightened."""

from functools import cache

import numpy as np
from numpy.typing import NDArray

_SIDE, _LOW = 32, 8
_SCALE = 1 << 12


def picture_hash(path: str) -> bytes | None:
    """The signs of its 63 lowest frequencies against their median; none of a picture that is all one colour."""
    from affectory.transforms.media._images import decoded, opened_image
    from affectory.transforms.media._limits import MAX_PIXELS

    with opened_image(path, MAX_PIXELS) as image:
        grey = decoded(image, 1024).convert("L").resize((_SIDE, _SIDE), reducing_gap=3.0)
    waves = _cosines()
    # In whole numbers, so that every machine gets the same bits.
    found = (waves @ np.asarray(grey, np.int64) @ waves.T).ravel()[1:]
    if not found.any():
        return None
    return np.packbits(np.append(found > np.median(found), False)).tobytes()


@cache
def _cosines() -> NDArray[np.int64]:
    """The lowest waves of the discrete cosine transform."""
    place = np.arange(_SIDE) + 0.5
    waves: NDArray[np.int64] = np.rint(np.cos(np.pi / _SIDE * np.outer(np.arange(_LOW), place)) * _SCALE).astype(
        np.int64
    )
    return waves
