"""Why people differ about a sample: it is ambiguous, one of them judges unlike all others, or they saw other things.

None of this lowers the weight of anybody's vote; it says what to look at.
"""

import numpy as np
import pyarrow as pa

from affectory.transforms.views._grouping import Floats, Ints
from affectory.transforms.views._mixture import Mixture, responsibilities

AGREE, ONE, NOBODY = "raters agree", "one rater", "nobody"
AMBIGUOUS, ODD, CONFLICT = "ambiguous item", "odd rater", "modality conflict"

_ODD_Z, _ODD_ITEMS = 3.0, 5
_APART = float(np.log(3))
"""Odds of 3 to 1 that modalities have distributions of their own."""


def causes(keys: pa.Table, group: Ints, rater: Ints, cast: Floats, mixture: Mixture) -> list[str]:
    """For each group (a row of `keys`) a cause in words, from people's votes and who cast them in which group."""
    counts = _sums(cast, group, keys.num_rows)
    odd = odd_raters(group, rater, cast, mixture)
    plain = ~odd[rater] if len(rater) else np.zeros(0, bool)
    without = _sums(cast[plain], group[plain], keys.num_rows)
    apart = _conflicting(keys, counts, mixture)
    return [_cause(*row) for row in zip(counts, without, apart, strict=True)]


def odd_raters(group: Ints, rater: Ints, cast: Floats, mixture: Mixture) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Who over many samples says what the others' votes make unlikely, by more than chance.

    A vote's surprise is measured against what the others make one expect, so that a rater of ambiguous samples is not
    odd, and a taste that others share is none.
    """
    raters = int(rater.max(initial=-1)) + 1
    if not raters:
        return np.zeros(0, dtype=bool)
    others = np.round(_sums(cast, group, int(group.max(initial=-1)) + 1)[group] - cast, 6)
    rows, of = np.unique(others, axis=0, return_inverse=True)
    said = mixture.posterior(rows).mean()[of.ravel()]
    logs = np.log(np.maximum(said, 1e-12))
    expected = (said * logs).sum(axis=1)
    spread = (said * (logs - expected[:, None]) ** 2).sum(axis=1)
    votes = cast / np.maximum(cast.sum(axis=1, keepdims=True), 1e-12)
    off = np.bincount(rater, weights=expected - (votes * logs).sum(axis=1), minlength=raters)
    usual = np.sqrt(np.maximum(np.bincount(rater, weights=spread, minlength=raters), 1e-12))
    return np.asarray((off / usual > _ODD_Z) & (np.bincount(rater, minlength=raters) >= _ODD_ITEMS))


def _cause(counts: Floats, without_odd: Floats, apart: bool) -> str:
    votes = counts.sum()
    if votes <= 0:
        return NOBODY
    if apart:
        return CONFLICT
    if counts.max() >= votes - 1e-9:
        return AGREE if votes > 1 + 1e-9 else ONE
    left = without_odd.sum()
    return ODD if 0 < left < votes - 1e-9 and without_odd.max() >= left - 1e-9 else AMBIGUOUS


def _conflicting(keys: pa.Table, counts: Floats, mixture: Mixture) -> list[bool]:
    """Of each group whether people who saw other modalities of the same sample differ from it beyond chance."""
    rows = keys.select(["sample_id", "perspective", "whose"]).to_pylist()
    seen: dict[tuple[str, ...], list[int]] = {}
    for place, row in enumerate(rows):
        seen.setdefault(tuple(row.values()), []).append(place)
    several = [places for places in seen.values() if len(places) > 1]
    found = [False] * len(rows)
    if not several:
        return found
    alone = _evidence(mixture, counts)
    together = _evidence(mixture, np.stack([counts[places].sum(axis=0) for places in several]))
    for places, joint in zip(several, together, strict=True):
        differ = bool(alone[places].sum() - joint > _APART)
        for place in places:
            found[place] = differ
    return found


def _evidence(mixture: Mixture, counts: Floats) -> Floats:
    """Log probability of each row of counts, all of one distribution that is not known."""
    return np.asarray(responsibilities(mixture.likelihood(counts), mixture.weights)[1][:, 0])


def _sums(rows: Floats, place: Ints, size: int) -> Floats:
    return np.stack([np.bincount(place, weights=column, minlength=size) for column in rows.T], axis=1)
