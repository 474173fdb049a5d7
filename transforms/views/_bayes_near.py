"""Which answers are alike: emotions by their places in valence, arousal and dominance or their family; levels."""

import numpy as np

from affectory.schemas.errors import UserError
from affectory.schemas.taxonomy import Taxonomy, load_map
from affectory.transforms.views._answers import DIMENSIONS
from affectory.transforms.views._grouping import Floats

_WIDTH, _FAMILY, _LEVEL = 0.3, 0.2, 0.3


def near(taxonomy: Taxonomy) -> Floats:
    """Labels x labels, rows sum to 1: what an opinion for a label says about the others. Who says annoyed says
    something about angry; a label without place or family stands for itself."""
    alike = np.eye(len(taxonomy.labels))
    families = _families(taxonomy)
    for row, one in enumerate(taxonomy.asked):
        for column, other in enumerate(taxonomy.asked):
            if row != column and one.vad and other.vad:
                pairs = [(getattr(one.vad, name), getattr(other.vad, name)) for name in DIMENSIONS]
                alike[row, column] = np.exp(-sum((a - b) ** 2 for a, b in pairs) / (2 * _WIDTH**2))
            elif row != column and families[row] and families[row] == families[column]:
                alike[row, column] = _FAMILY
    return np.asarray(alike / alike.sum(axis=1, keepdims=True))


def _families(taxonomy: Taxonomy) -> list[str | None]:
    """Of each label its parent, or the basic emotion that it is mapped to as a whole."""
    try:
        basic = load_map(taxonomy.name, "ekman-7")
    except UserError:
        return [entry.parent for entry in taxonomy.asked]
    rows = dict(zip(basic.source_labels, basic.matrix, strict=True))
    mapped = [rows.get(label, np.zeros(1)) for label in taxonomy.labels]
    whole = [basic.target_labels[int(np.argmax(row))] if row.max() >= 1 else None for row in mapped]
    return [entry.parent or family for entry, family in zip(taxonomy.asked, whole, strict=True)]


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
