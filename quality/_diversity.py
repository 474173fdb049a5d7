"""How far samples are from those that would be taken before them, so that a choice covers what there is."""

from collections.abc import Mapping, Sequence

import numpy as np

from affectory.transforms.views._grouping import Floats

_CENTRES = 300


def spread_out(
    distributions: Floats, ids: Sequence[str], vectors: Mapping[str, Floats] | None = None, centres: int = _CENTRES
) -> Floats:
    """Of each row its distance (0 to 1) to the nearest of the rows taken before it, each time the farthest one.

    The first is the one farthest from the mean. After `centres` of them the others keep the distance that they have
    then. Distances are Hellinger's between distributions and, where there are vectors, half of the chord between these.
    """
    if not len(distributions):
        return np.zeros(0)
    points = np.sqrt(np.maximum(distributions, 0.0) / 2)
    points = points if not vectors else np.concatenate([points, _directions(ids, vectors) / 2], axis=1)
    parts = 2.0 if vectors else 1.0
    found = np.full(len(points), np.inf)
    nearest = _distance(points, points.mean(axis=0), parts)
    for number in range(min(centres, len(points))):
        place = int(np.argmax(np.where(np.isinf(found), nearest, -1.0)))
        found[place] = nearest[place] if number else 1.0
        distance = _distance(points, points[place], parts)
        nearest = np.minimum(nearest, distance) if number else distance
        if nearest.max() <= 0:
            break
    return np.where(np.isinf(found), nearest, found)


def _directions(ids: Sequence[str], vectors: Mapping[str, Floats]) -> Floats:
    """Unit vectors; 0 where a sample has none."""
    size = max((len(v) for v in vectors.values()), default=0)
    rows = np.zeros((len(ids), size))
    for row, sample in zip(rows, ids, strict=True):
        if sample in vectors:
            given = np.nan_to_num(np.asarray(vectors[sample], np.float64))
            row[: len(given)] = given
    length = np.sqrt((rows**2).sum(axis=1, keepdims=True))
    directions: Floats = np.divide(rows, length, out=np.zeros_like(rows), where=length > 0)
    return directions


def _distance(points: Floats, point: Floats, parts: float) -> Floats:
    distance: Floats = np.sqrt(((points - point) ** 2).sum(axis=1) / parts)
    return distance
