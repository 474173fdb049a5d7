"""Which emotions go together in a dataset, and what to make of those that do not: co-occurrence and penalty weights.

Of all samples (or all opinions) whose raters chose `a` and were asked about `b`, some chose `b` as well. The share of
those who did not is the penalty of `b` beside `a`: 0 where `b` always comes along, 1 where it never does. A training
loss that weighs what is predicted by the penalties of a sample's label shuns combinations that people never see.

The fit holds, as `cooccurrence:a|b`, how often both were chosen, out of how many, and the penalty.
"""

from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import ConfigDict, Field

from affectory.schemas.taxonomy import Taxonomy
from affectory.transforms.base import STRICT
from affectory.transforms.views._answers import picks, votes
from affectory.transforms.views._base import FIT
from affectory.transforms.views._grouping import KEYS, Floats, grouped
from affectory.transforms.views._rows import chosen_of, entropy_share, label_rows

UNKNOWN = "none of its labels was seen together with others when this was fitted"
_EVIDENCE = pa.schema(
    [("sample_id", pa.string()), ("opinion_id", pa.string()), ("group", pa.string()), ("picks", pa.list_(pa.float32()))]
)


@dataclass(frozen=True)
class Cooccurrence:
    """All labels that anyone chose, with the penalty of every label beside them, or with their shares weighed by it."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT

    gives: Annotated[
        Literal["penalties", "shares"],
        Field(description="the penalty of each label for this sample, or vote shares weighed by one minus it"),
    ] = "penalties"
    within: Annotated[
        Literal["sample", "opinion"], Field(description="what two labels occur together in: all opinions, or one")
    ] = "sample"
    pools: Annotated[
        tuple[Literal["human", "group", "model"], ...],
        Field(strict=False, min_length=1, description="whose opinions say what goes together"),
    ] = ("human",)

    @property
    def most(self) -> int:
        """Samples enough for counts of pairs."""
        return 1_000_000

    def evidence(self, opinions: pa.Table, taxonomy: Taxonomy) -> pa.Table:
        """What each opinion of the pools chose, and which are about one thing."""
        groups = grouped(opinions)
        chose = picks(groups.opinions, taxonomy)
        pools = np.array(groups.pools(), object)[groups.group]
        used = ~np.isnan(chose).all(axis=1) & np.isin(pools, list(self.pools))
        groups, chose = groups.only(used), chose[used]
        keys = pc.binary_join_element_wise(*(groups.keys.column(name) for name in KEYS), "\x1f")
        flat = pa.array(chose.ravel(), pa.float32(), mask=np.isnan(chose.ravel()))
        offsets = pa.array(np.arange(len(chose) + 1) * chose.shape[1], pa.int32())
        columns = {
            **{name: groups.opinions.column(name) for name in ("sample_id", "opinion_id")},
            "group": keys.take(pa.array(groups.group)) if self.within == "sample" else groups.opinions["opinion_id"],
            "picks": pa.ListArray.from_arrays(offsets, flat),
        }
        return pa.table(columns, schema=_EVIDENCE)

    def fit(self, evidence: pa.Table, taxonomy: Taxonomy) -> pa.Table:
        """How often each two labels come together."""
        together, of = _counted(evidence, len(taxonomy.labels))
        rows = sorted(
            (f"cooccurrence:{a}|{b}", [together[i, j], of[i, j], 1 - together[i, j] / of[i, j]])
            for i, a in enumerate(taxonomy.labels)
            for j, b in enumerate(taxonomy.labels)
            if of[i, j]
        )
        return pa.table({"name": [name for name, _ in rows], "values": [values for _, values in rows]}, schema=FIT)

    def placed(self, opinions: pa.Table, taxonomy: Taxonomy, fit: pa.Table) -> pa.Table:
        """Rows of `labels`; a pair that the fit never saw has no penalty."""
        groups = grouped(opinions)
        cast = votes(groups.opinions, taxonomy)
        used = np.asarray(~np.isnan(cast).all(axis=1))
        groups, cast = groups.only(used), cast[used]
        shares = groups.mean(cast)
        shares /= np.nansum(shares, axis=1, keepdims=True)
        weights = expected(np.nan_to_num(shares), penalties(fit, taxonomy))
        known = (~np.isnan(weights)).sum(axis=1)
        more: dict[str, Any] = {
            "chosen": chosen_of(shares > 0, taxonomy.labels),
            "state": [None if count else UNKNOWN for count in known.tolist()],
        }
        weights[np.isnan(shares)] = np.nan
        if self.gives == "penalties":
            return label_rows(self, groups, taxonomy.name, "multi-label", weights, **more)
        weighed = shares * (1 - np.nan_to_num(weights))
        weighed /= np.nansum(weighed, axis=1, keepdims=True)
        return label_rows(self, groups, taxonomy.name, "simplex", weighed, uncertainty=entropy_share(weighed), **more)


def _counted(evidence: pa.Table, labels: int) -> tuple[Floats, Floats]:
    """How many things have both labels, and how many have the first and were asked about the second."""
    flat = evidence.column("picks").combine_chunks().values.to_numpy(zero_copy_only=False)
    chose = np.asarray(flat, np.float64).reshape(-1, labels)
    things = evidence.column("group").combine_chunks().dictionary_encode()
    place, size = things.indices.to_numpy(), len(things.dictionary)
    columns = [np.nan_to_num(column) > 0 for column in chose.T], [~np.isnan(column) for column in chose.T]
    chosen, asked = (
        np.stack([np.bincount(place, weights=column, minlength=size) > 0 for column in part]) for part in columns
    )
    together = np.stack([(chosen & row).sum(axis=1) for row in chosen]).astype(np.float64)
    of = np.stack([(asked & row).sum(axis=1) for row in chosen]).astype(np.float64)
    return together, of


def penalties(fit: pa.Table, taxonomy: Taxonomy) -> Floats:
    """By the label that was chosen (rows) and the one beside it: how seldom they come together; NaN where unknown."""
    known = dict(zip(fit.column("name").to_pylist(), fit.column("values").to_pylist(), strict=True))
    rows = [[known.get(f"cooccurrence:{a}|{b}") for b in taxonomy.labels] for a in taxonomy.labels]
    return np.array([[np.nan if pair is None else pair[2] for pair in row] for row in rows], np.float64)


def expected(shares: Floats, beside: Floats) -> Floats:
    """Of each label (columns) its penalty, in the mean over what raters chose, as far as that is known."""
    weights, known = np.zeros((2, *shares.shape))
    for share, row in zip(shares.T, beside, strict=True):
        weights += share[:, None] * np.nan_to_num(row)
        known += share[:, None] * ~np.isnan(row)
    found: Floats = np.divide(weights, known, out=np.full_like(weights, np.nan), where=known > 1e-12)
    return found
