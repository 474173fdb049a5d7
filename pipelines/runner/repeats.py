"""Parts that were cut out of two samples which overlap: the same stretch of a record is one sample."""

from dataclasses import replace

import numpy as np
import pyarrow.compute as pc

from affectory.transforms.base import Rejected, Result


def without_repeats(result: Result) -> Result:
    """Each sample once, the first time; a row whose parts were all there before is rejected."""
    ids = result.rows.column("sample_id")
    if pc.count_distinct(ids).as_py() == len(ids):
        return result
    first: dict[str, int] = {}
    places = [first.setdefault(sample, at) for at, sample in enumerate(ids.to_pylist())]
    kept = np.flatnonzero(np.array(places) == np.arange(len(ids)))
    origin = result.origin[kept]
    left = set(origin.tolist())
    gone = {row: str(ids[at]) for row, at in zip(result.origin.tolist(), places, strict=True) if row not in left}
    why = "all its parts were cut out of samples before it, which it overlaps; one of them is {}"
    rejected = (Rejected(row, "duplicate", why.format(sample)) for row, sample in sorted(gone.items()))
    return replace(result, rows=result.rows.take(kept), origin=origin, rejected=(*result.rejected, *rejected))
