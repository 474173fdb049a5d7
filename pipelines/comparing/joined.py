"""The samples of two releases side by side: where each stands in both, and which label it has there."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from affectory.pipelines.release.diff import Side
from affectory.pipelines.release.places import files_of

Counts = NDArray[np.int64]
NONE = "none"
"""What a row without a label counts as."""
_SIDES = ("a", "b")


@dataclass(frozen=True)
class Joined:
    """A row for each sample of either release, by id: `split_a`, `label_a` and `hash_a`, and those of `b`.

    A sample that is not in one of them has no split there. Labels are places in `labels`.
    """

    labels: tuple[str, ...]
    """Those of `a`, those that only `b` has, and `NONE`."""
    table: pa.Table

    @property
    def splits(self) -> tuple[str, ...]:
        found = {name for side in _SIDES for name in pc.unique(self.table[f"split_{side}"]).to_pylist() if name}
        return tuple(sorted(found))

    def cells(self, split: str | None = None) -> Counts:
        """How many samples have which label in `a` (rows) and in `b` (columns); the last place is for those that are
        not there, or not in that split."""
        absent = len(self.labels)
        both = [np.where(self._in(side, split), self._label(side), absent) for side in _SIDES]
        flat = np.bincount(both[0] * (absent + 1) + both[1], minlength=(absent + 1) ** 2)
        flat[-1] = 0  # those of other splits alone
        return flat.reshape(absent + 1, absent + 1)

    @cached_property
    def change(self) -> pa.Array:
        """By sample `added`, `removed`, `changed`, `moved` to another split, or null."""
        in_a, in_b = (pc.is_valid(self.table[f"split_{side}"]) for side in _SIDES)
        changed = pc.fill_null(pc.not_equal(self.table["hash_a"], self.table["hash_b"]), False)
        moved = pc.fill_null(pc.not_equal(self.table["split_a"], self.table["split_b"]), False)
        kinds = pc.make_struct(pc.invert(in_a), pc.invert(in_b), changed, moved)
        return pc.case_when(kinds, *(pa.scalar(what) for what in ("added", "removed", "changed", "moved")))

    def named(self, side: str) -> pa.Array:
        """The labels of a side by name; null where there is no row or no label."""
        at = self._label(side)
        missing = (at == len(self.labels) - 1) | ~self._in(side, None)
        return pa.array(self.labels, pa.string()).take(pa.array(at, mask=missing))

    def _label(self, side: str) -> Counts:
        found: Counts = pc.fill_null(self.table[f"label_{side}"], len(self.labels) - 1).to_numpy().astype(np.int64)
        return found

    def _in(self, side: str, split: str | None) -> NDArray[np.bool_]:
        splits = self.table[f"split_{side}"]
        there = pc.is_valid(splits) if split is None else pc.fill_null(pc.equal(splits, split), False)
        found: NDArray[np.bool_] = there.to_numpy()
        return found


def joined(a: Side, b: Side) -> Joined:
    """Two releases, sample by sample."""
    own = [tuple(side.content.taxonomy["labels"]) for side in (a, b)]
    labels = (*own[0], *(name for name in own[1] if name not in own[0]), NONE)
    left, right = (
        _placed(side, [labels.index(name) for name in names]).rename_columns(
            ["sample_id", *(f"{column}_{letter}" for column in ("split", "hash", "label"))]
        )
        for side, names, letter in zip((a, b), own, _SIDES, strict=True)
    )
    both = left.join(right, "sample_id", join_type="full outer", coalesce_keys=True)
    return Joined(labels, both.sort_by("sample_id").combine_chunks())


def _placed(side: Side, places: Sequence[int]) -> pa.Table:
    """The lineage of a release with its labels, as places among those of both."""
    lineage = side.lineage()
    known = pa.concat_tables([_NO_LABELS.empty_table(), *_labels(side)])
    at = pc.index_in(lineage["sample_id"], value_set=known["sample_id"].combine_chunks())
    given = known["label"].take(at)
    return lineage.append_column("label", pa.array(places, pa.int32()).take(given))


_NO_LABELS = pa.schema([("sample_id", pa.string()), ("label", pa.int64())])


def _labels(side: Side) -> Iterator[pa.Table]:
    files = files_of(side.path)
    for name in files.names("data/default"):
        with files.open(name) as file, pq.ParquetFile(file) as shard:
            yield shard.read(columns=["sample_id", "label"], use_threads=False).cast(_NO_LABELS)
