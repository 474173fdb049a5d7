"""The samples that have a label, and which of them belong together: what audits of labels begin with."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Any, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import Field

from affectory.quality.audits._chance import Floats, Ints, generator
from affectory.quality.audits._data import AuditData
from affectory.schemas.ids import fractions

MOST = 20_000
FOLDS = 5
_REPEATS, _AT_ONCE = 200, 1 << 20
Group = Literal["speaker", "dialogue", "session", "record"]
Within = Annotated[Group, Field(description="what samples have in common that are alike without any fault")]
Most = Annotated[int, Field(ge=100, description="so many samples are looked at, a fair share of all")]
Times = Annotated[int, Field(ge=99, description="so often labels are exchanged, to learn what chance gives")]


@dataclass(frozen=True)
class Looked:
    """Samples with a label each, in the order of their ids."""

    samples: pa.Table
    label: Ints
    labels: tuple[str, ...]
    names: tuple[str, ...]
    """The names of clusters."""
    cluster: Ints
    source: Ints

    @staticmethod
    def of(data: AuditData, columns: Sequence[str], within: Group, most: int = MOST) -> "Looked":
        """The first of those that have a label; ids are hashes, so these are a fair share."""
        labelled = data.labelled()
        own = () if within == "record" else (within,)
        rows = data.sampled("samples", ["anchor", "source", *own, *columns])
        there = pc.is_in(labelled["sample_id"], value_set=rows["sample_id"].combine_chunks())
        labelled = labelled.filter(pc.and_(there, pc.is_valid(labelled["label"]))).slice(0, most)
        rows = rows.take(pc.index_in(labelled["sample_id"], value_set=rows["sample_id"].combine_chunks()))
        names, cluster = clusters(rows, within)
        _, source = np.unique(rows["source"].to_numpy().astype(str), return_inverse=True)
        label = labelled["label"].to_numpy().astype(np.int64)
        return Looked(rows, label, data.taxonomy.labels, names, cluster, source.astype(np.int64))

    def where(self, chosen: Callable[[pa.Table], Any]) -> "Looked":
        """Those of which something is true."""
        return self.at(np.flatnonzero(np.asarray(chosen(self.samples))))

    def at(self, rows: Ints) -> "Looked":
        """Some of them."""
        known, cluster = np.unique(self.cluster[rows], return_inverse=True)
        names = tuple(self.names[at] for at in known.tolist())
        table = self.samples.take(pa.array(rows))
        return replace(
            self, samples=table, label=self.label[rows], names=names, cluster=cluster, source=self.source[rows]
        )

    def apart(self, names: tuple[str, ...]) -> "Looked":
        """The same, each a cluster of its own by these names, in order."""
        return replace(self, names=names, cluster=np.arange(len(self)))

    def __len__(self) -> int:
        return len(self.label)

    @property
    def too_little(self) -> str:
        """Why there is nothing to be learnt of them, if so."""
        if len(self) < 20:
            return f"{len(self)} samples have a label, fewer than 20"
        return "" if len(np.unique(self.label)) > 1 else "all samples have the same label"

    @property
    def ids(self) -> list[str]:
        found: list[str] = self.samples["sample_id"].to_pylist()
        return found

    @property
    def counts(self) -> Ints:
        """How many samples have each label."""
        return np.bincount(self.label, minlength=len(self.labels))

    @property
    def folds(self) -> Ints:
        """The part of each sample: a cluster is never cut, except where there is but one."""
        whole = len(self.names) > 1
        names = self.names if whole else tuple(self.ids)
        rank = np.argsort(np.argsort(fractions("fold", names), kind="stable"), kind="stable") % FOLDS
        return rank[self.cluster] if whole else rank


def clusters(rows: pa.Table, within: Group) -> tuple[tuple[str, ...], Ints]:
    """The names of clusters, and the one of each row; what belongs to none that is known, belongs to its record."""
    record = pc.binary_join_element_wise("record", pc.struct_field(rows["anchor"], "record"), ":")
    own = record if within == "record" else pc.binary_join_element_wise(within, rows[within], ":")
    names, cluster = np.unique(pc.coalesce(own, record).to_numpy().astype(str), return_inverse=True)
    return tuple(names.tolist()), cluster.astype(np.int64)


def interval(above: Floats, below: Floats, clusters: Ints, *names: object) -> tuple[float, float]:
    """Of the sum of some numbers over that of others, by drawing whole clusters again."""
    random, count = generator("ratio", *names), int(clusters.max(initial=-1)) + 1
    sums = np.stack([np.bincount(clusters, values, count) for values in (above, below)])
    together = max(1, _AT_ONCE // count)
    lots = [min(together, _REPEATS - start) for start in range(0, _REPEATS, together)]
    drawn = np.concatenate([sums[:, random.integers(0, count, (lot, count))].sum(axis=2) for lot in lots], axis=1)
    found = np.divide(drawn[0], drawn[1], out=np.zeros(_REPEATS), where=drawn[1] > 0)
    low, high = np.quantile(found, [0.025, 0.975])
    return float(low), float(high)
