"""How many samples have each label, over all and by split and source: counted a few parts at a time."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from affectory.quality.audits._chance import Ints
from affectory.quality.audits._data import AuditData
from affectory.quality.published import decided, first_views, own_views

_VIEWED = (
    "taxonomy", "perspective", "whose", "modalities", "pool", "rule", "space", "values", "names", "chosen",
)  # fmt: skip


@dataclass(frozen=True)
class Counted:
    """Counts of labels, in the order of the taxonomy."""

    labels: Ints
    by_split: dict[str, Ints]
    by_source: dict[str, Ints]

    @property
    def total(self) -> int:
        return int(self.labels.sum())


def counted(data: AuditData) -> Counted:
    """Count the published label of each sample that has one."""
    ids, labels = _labelled(data)
    classes, splits = len(data.taxonomy.labels), np.array([data.split_of[name] for name in ids.tolist()], str)
    none = {str(name): np.zeros(classes, np.int64) for name in pc.unique(data.splits["split"]).to_pylist()}
    by_split = none | _by(splits, labels, classes)
    return Counted(np.bincount(labels, minlength=classes), by_split, _by(_sources(data, ids), labels, classes))


def _labelled(data: AuditData) -> tuple[NDArray[Any], Ints]:
    """Samples and their labels, in the order of ids; where views lie in several parts, the one of the first pool."""
    ids, ranks, labels = [np.zeros(0, str)], [np.zeros(0, np.int64)], [np.zeros(0, np.int64)]
    for rows in data.scan("labels", _VIEWED):
        chosen = first_views(own_views(rows, data.taxonomy.name, data.rule), data.pools)
        if not chosen.num_rows:
            continue
        label = decided(chosen, data.taxonomy.labels)
        chosen = chosen.filter(pc.is_valid(label))
        ids.append(chosen["sample_id"].to_numpy().astype(str))
        ranks.append(pc.index_in(chosen["pool"], value_set=pa.array(data.pools, pa.string())).to_numpy())
        labels.append(label.drop_null().to_numpy())
    names, rank = np.concatenate(ids), np.concatenate(ranks)
    order = np.lexsort([rank, names])
    known, first = np.unique(names[order], return_index=True)
    return known, np.concatenate(labels)[order][first].astype(np.int64)


def _sources(data: AuditData, ids: NDArray[Any]) -> NDArray[Any]:
    found = np.full(len(ids), "", object)
    for rows in data.scan("samples", ["source"]):
        own = rows["sample_id"].to_numpy().astype(str)
        at = np.searchsorted(ids, own)
        there = np.flatnonzero(np.append(ids, "")[at] == own)
        found[at[there]] = rows["source"].to_numpy()[there]
    return found.astype(str)


def _by(of: NDArray[Any], labels: Ints, classes: int) -> dict[str, Ints]:
    names, at = np.unique(of, return_inverse=True)
    found = np.bincount(at * classes + labels, minlength=len(names) * classes).reshape(-1, classes)
    return dict(zip(names.tolist(), found, strict=True))
