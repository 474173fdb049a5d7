"""The view of each sample that is published beside it, and the label that its rule decides for."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from affectory.schemas.derived import LABELS
from affectory.schemas.errors import SchemaMismatch
from affectory.schemas.opinion import PERSPECTIVES

SPACES = ("simplex", "multi-label", "ordinal")


def own_views(views: pa.Table, taxonomy: str, rule: str) -> pa.Table:
    """The views by one rule in one taxonomy that have a value for each of its labels."""
    is_own = pc.and_(pc.equal(views["taxonomy"], taxonomy), among(views["space"], SPACES))
    return views.filter(pc.and_(pc.and_(is_own, pc.equal(views["rule"], rule)), pc.is_null(views["names"])))


def first_views(views: pa.Table, pools: Sequence[str]) -> pa.Table:
    """One view per sample: of the first pool that has one; then distributions, what is expressed, the one shown, and
    of those who saw or heard most."""
    ranks = {"pool": pools, "space": (*SPACES, "continuous"), "perspective": PERSPECTIVES}
    ranked = views.filter(among(views["pool"], pools))
    for name, order in ranks.items():
        ranked = ranked.append_column(f"_{name}", pc.index_in(ranked[name], value_set=pa.array(order, pa.string())))
    seen = pc.add(
        pc.count_substring(ranked["modalities"], "+"), pc.not_equal(ranked["modalities"], "").cast(pa.int32())
    )
    ranked = ranked.append_column("_unseen", pc.negate(seen))
    keys = ("sample_id", "_pool", "_space", "whose", "_perspective", "_unseen", "modalities", "rule", "taxonomy")
    order = pc.sort_indices(ranked, sort_keys=[(key, "ascending") for key in keys])
    ids = ranked["sample_id"].take(order).to_numpy()
    first = np.concatenate([[True], ids[1:] != ids[:-1]]) if len(ids) else np.zeros(0, dtype=bool)
    return views.schema.empty_table() if not len(ids) else ranked.take(order.filter(pa.array(first)))


def decided(views: pa.Table, labels: Sequence[str]) -> pa.Array:
    """The number of the label that the rule decided for, null where it did for none or for several that tie; of a rule
    that does not decide, the heaviest label, the first of equals."""
    chosen, first = views["chosen"], _heaviest(as_matrix(views["values"], len(labels)))
    decides, count = pc.is_valid(chosen), pc.fill_null(pc.list_value_length(chosen), 0)
    word = pc.list_element(chosen.filter(pc.equal(count, 1)), 0)
    at = np.full(len(chosen), -1, dtype=np.int64)
    at[np.asarray(pc.equal(count, 1))] = pc.fill_null(pc.index_in(word, value_set=pa.array(labels)), -1).to_numpy()
    return pc.if_else(decides, pa.array(at, pa.int64(), mask=at < 0), first)


def as_matrix(values: pa.ChunkedArray, labels: int) -> NDArray[np.float32]:
    """A row per view, a column per label; NaN where a label was not asked."""
    check_lengths(values, labels)
    flat: NDArray[np.float32] = pc.list_flatten(values).to_numpy().astype(np.float32)
    return flat.reshape(-1, labels)


def check_lengths(values: pa.ChunkedArray, expected: int) -> None:
    """Raise where a view has not one value per label."""
    lengths = pc.unique(pc.list_value_length(values)).to_pylist()
    if wrong := [n for n in lengths if n != expected]:
        raise SchemaMismatch(LABELS.name, "values", f"{wrong[0]} values", f"{expected}, one per label of the taxonomy")


def among(column: pa.ChunkedArray, values: Sequence[str]) -> Any:
    """Which rows are one of the values."""
    return pc.is_in(column, value_set=pa.array(values, pa.string()))


def _heaviest(values: NDArray[np.float32]) -> pa.Array:
    """The heaviest label, the first of equals; none where nothing has weight."""
    weights = np.nan_to_num(values, nan=-np.inf)
    if not weights.size:
        return pa.array([], pa.int64())
    return pa.array(weights.argmax(axis=1), pa.int64(), mask=~(weights.max(axis=1) > 0))
