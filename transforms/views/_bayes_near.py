"""Which answers are alike: emotions by their places in valence, arousal and dominance or their family; levels."""

import numpy as np

from affectory.schemas.taxonomy import Taxonomy
from affectory.transforms.views._grouping import Floats

_WIDTH, _FAMILY, _LEVEL = 0.3, 0.5, 0.3


def near(taxonomy: Taxonomy) -> Floats:
    """Labels x labels, rows sum to 1: what an opinion for a label says about the others. Who says annoyed says
    something about angry; a label without place or family stands for itself."""
    alike = np.eye(len(taxonomy.labels))
    for row, one in enumerate(taxonomy.asked):
        for column, other in enumerate(taxonomy.asked):
            if row != column:
                places = [(x.vad.valence, x.vad.arousal, x.vad.dominance) for x in (one, other) if x.vad is not None]
                if len(places) == 2:
                    off = sum((a - b) ** 2 for a, b in zip(*places, strict=True))
                    alike[row, column] = np.exp(-off / (2 * _WIDTH**2))
                elif one.parent and one.parent == other.parent:
                    alike[row, column] = _FAMILY
    return np.asarray(alike / alike.sum(axis=1, keepdims=True))


def levels(count: int) -> Floats:
    """The same of the levels of a scale: the next one up or down is near."""
    places = np.arange(count)
    alike = _LEVEL ** np.abs(places[:, None] - places[None]).astype(np.float64)
    return np.asarray(alike / alike.sum(axis=1, keepdims=True))


def blocks(block: Floats, times: int) -> Floats:
    """The same for several questions side by side, which say nothing about each other."""
    size = len(block)
    found = np.zeros((size * times, size * times))
    for place in range(times):
        found[place * size : (place + 1) * size, place * size : (place + 1) * size] = block
    return found
