"""What a release holds, counted while its rows pass by."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from affectory.quality.report.facets import state
from affectory.quality.report.released import Released

CELLS = 21
"""Of the plane of valence and arousal, along each side."""
BANDS = ("all say the same", "most say the same", "split", "not known")
_MOST, _SAME = 0.5, 0.999
_COLUMNS = [
    "sample_id", "kind", "language", "label", "distribution", "label_pool", "label_state", "label_agreement",
    "label_space", "label_modalities", "perspective", "vad", "withheld",
]  # fmt: skip
Floats = NDArray[np.float64]


@dataclass
class Counted:
    """Counts over all rows; `wanted` ids at most are kept, those that come first, which are hashes."""

    labels: Sequence[str]
    wanted: int
    splits: Counter[str] = field(default_factory=Counter)
    chosen: Counter[tuple[str, int]] = field(default_factory=Counter)
    """Labels that were decided for, by split and number."""
    kinds: Counter[str] = field(default_factory=Counter)
    languages: Counter[str] = field(default_factory=Counter)
    pools: Counter[str] = field(default_factory=Counter)
    states: Counter[str] = field(default_factory=Counter)
    spaces: Counter[str] = field(default_factory=Counter)
    seen: Counter[str] = field(default_factory=Counter)
    perspectives: Counter[str] = field(default_factory=Counter)
    withheld: Counter[str] = field(default_factory=Counter)
    """Rows of which something is held back, by what and why."""
    bands: Counter[str] = field(default_factory=Counter)
    media: Counter[tuple[str, str]] = field(default_factory=Counter)
    """Rows by kind that have each medium."""
    sources: Counter[tuple[str, str]] = field(default_factory=Counter)
    """Rows by source and split."""
    ids: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.mass: Floats = np.zeros(len(self.labels))
        self.plane: NDArray[np.int64] = np.zeros((CELLS, CELLS), np.int64)
        self.places: Floats = np.zeros((len(self.labels), 3))
        """Of each label the sums of valence and arousal, and of how many samples."""

    @property
    def total(self) -> int:
        """All rows."""
        return self.splits.total()

    @property
    def labelled(self) -> int:
        """Rows for which one label was decided."""
        return self.chosen.total()

    def add(self, split: str, rows: pa.Table) -> None:
        """Count some rows of one split."""
        self.splits[split] += rows.num_rows
        self.chosen.update({(split, label): many for label, many in _counts(rows, "label").items()})
        for name, counter in (
            ("kind", self.kinds),
            ("language", self.languages),
            ("label_pool", self.pools),
            ("label_space", self.spaces),
            ("label_modalities", self.seen),
            ("perspective", self.perspectives),
            ("withheld", self.withheld),
        ):
            counter.update(_counts(rows, name))
        for text, many in _counts(rows, "label_state").items():
            self.states[state(text)] += many
        self.bands.update(_named(banded(rows["label_agreement"]), BANDS))
        self._weigh(rows["distribution"].combine_chunks())
        self._place(rows)
        self._keep(rows["sample_id"].to_pylist())

    def _weigh(self, values: pa.ListArray) -> None:
        given = _matrix(values.drop_null(), len(self.labels))
        self.mass += np.nan_to_num(given).sum(axis=0)

    def _place(self, rows: pa.Table) -> None:
        rows = rows.filter(pc.is_valid(rows["vad"]))
        at = _matrix(rows["vad"].combine_chunks(), 3)[:, :2]
        known = np.isfinite(at).all(axis=1)
        at, label = np.clip(at[known], -1, 1), pc.fill_null(rows["label"], -1).to_numpy()[known]
        cell = np.minimum(((at + 1) / 2 * CELLS).astype(np.int64), CELLS - 1)
        np.add.at(self.plane, (cell[:, 1], cell[:, 0]), 1)
        decided = label >= 0
        np.add.at(self.places, label[decided], np.column_stack([at[decided], np.ones(int(decided.sum()))]))

    def _keep(self, ids: list[str]) -> None:
        self.ids += ids
        if len(self.ids) > 2 * self.wanted:
            self.trim()

    def trim(self) -> None:
        """Leave only the ids that are wanted."""
        self.ids = sorted(self.ids)[: self.wanted]


def count(release: Released, wanted: int) -> Counted:
    """All counts of a release, and which samples a page of `wanted` samples shows."""
    found = Counted(release.taxonomy.labels, wanted)
    for shard, rows in release.rows(_COLUMNS):
        found.add(shard.split, rows)
    found.trim()
    for name in release.media:
        _count_media(release, name, found)
    for lines in release.lineage(["source", "split"]):
        for line in lines.group_by(["source", "split"]).aggregate([([], "count_all")]).to_pylist():
            found.sources[line["source"], line["split"]] += line["count_all"]
    return found


def band(agreement: float | None) -> str:
    """How far those agree whose opinions made a label, in words."""
    return BANDS[int(banded(pa.chunked_array([[agreement]], pa.float32()))[0])]


def banded(agreement: pa.ChunkedArray) -> NDArray[np.int64]:
    """The same of many, as places in `BANDS`."""
    values = np.asarray(agreement.to_numpy(), np.float64)
    return np.where(np.isnan(values), 3, np.where(values >= _SAME, 0, np.where(values > _MOST, 1, 2)))


def _named(places: NDArray[np.int64], names: Sequence[str]) -> dict[str, int]:
    return {name: int(many) for name, many in zip(names, np.bincount(places, minlength=len(names)), strict=True)}


def _count_media(release: Released, name: str, found: Counted) -> None:
    """By the hash that stands beside each, so that no bytes are read."""
    for _, rows in release.rows(["kind", f"{name}_sha256"]):
        column = rows[f"{name}_sha256"]
        there = pc.is_valid(column)
        if pa.types.is_list(column.type):
            there = pc.fill_null(pc.greater(pc.list_value_length(column), 0), False)
        found.media.update({(kind, name): many for kind, many in _counts(rows.filter(there), "kind").items()})


def _counts(rows: pa.Table, name: str) -> dict[Any, int]:
    """Of a column that older releases may lack."""
    if name not in rows.column_names:
        return {}
    return {c["values"]: c["counts"] for c in pc.value_counts(pc.drop_null(rows[name])).to_pylist()}


def _matrix(values: pa.ListArray, width: int) -> Floats:
    flat = np.asarray(pc.list_flatten(values).to_numpy(zero_copy_only=False), np.float64)
    return flat.reshape(-1, width)


def wilson(many: int, of: int, z: float = 1.959963984540054) -> tuple[float, float]:
    """The 95 % interval of a share by Wilson's rule."""
    if not of:
        return 0.0, 1.0
    share, weight = many / of, z * z / of
    middle = (share + weight / 2) / (1 + weight)
    half = z / (1 + weight) * float(np.sqrt(share * (1 - share) / of + weight / (4 * of)))
    return (max(0.0, middle - half) if many else 0.0), (min(1.0, middle + half) if many < of else 1.0)
