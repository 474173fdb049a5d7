"""What comparisons of labels share: rows, what they come to, and this in words."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from affectory.quality._clustered import SEED, Figure
from affectory.quality._label_sets import Ints, LabelSet
from affectory.quality.distances import Floats, jensen_shannon, manhattan_mean, total_variation

_CLOSE = 1e-6
"""Labels hold 32 bits."""
_DRAWS = 50


@dataclass(frozen=True)
class Comparison:
    """What was compared: rows, and by name what they come to, with intervals."""

    rows: pa.Table
    figures: Mapping[str, Figure]
    left_out: int = 0
    """Samples that have labels but not those that could be compared."""

    def facts(self) -> dict[str, Any]:
        """All but the rows as plain data, for JSON."""
        figures = {name: asdict(figure) for name, figure in self.figures.items()}
        return {"compared": self.rows.num_rows, "left_out": self.left_out, "figures": figures}

    def __str__(self) -> str:
        lines = [f"{name}: {figure}" for name, figure in self.figures.items()]
        out = [f"samples with nothing to compare: {self.left_out}"] if self.left_out else []
        return "\n".join([*(lines or ["nothing to compare"]), *out])


def tops_of(one: LabelSet) -> list[frozenset[str]]:
    """What each row sees first: what its rule chose, else the labels that have most; nothing where there is nothing."""
    values = np.nan_to_num(one.values, nan=-1.0)
    first = (values >= values.max(axis=1, keepdims=True) - _CLOSE) & (values > 0)
    found = [frozenset(one.names[place] for place in np.flatnonzero(row)) for row in first]
    chosen = one.rows.column("chosen").to_pylist()
    return [top if choice is None else frozenset(choice) for choice, top in zip(chosen, found, strict=True)]


def parts_by(rows: pa.Table, columns: Sequence[str]) -> Iterator[tuple[str, pa.Table]]:
    """The rows by what some columns say, with a name for each part."""
    kinds = rows.group_by(list(columns)).aggregate([]).sort_by([(name, "ascending") for name in columns])
    for kind in kinds.to_pylist():
        mask = np.ones(rows.num_rows, bool)
        for name, value in kind.items():
            mask &= pc.equal(rows.column(name), value).to_numpy(zero_copy_only=False)
        yield ", ".join(text for text in kind.values() if text), rows.filter(pa.array(mask))


def numbers_of(rows: pa.Table, column: str) -> Floats:
    """A column of numbers, NaN for null."""
    return np.asarray(rows.column(column).cast(pa.float64()).to_numpy(zero_copy_only=False), np.float64)


def side_by_side(a: LabelSet, b: LabelSet, sides: tuple[str, str], alike: Sequence[str]) -> pa.Table:
    """Two sets of labels with the same rows: what each says, how far they lie apart, and what the second has more of.

    Divergences are of what shares out a whole; the first choice is of all but places on scales.
    """
    rows, whole, chooses = a.rows.num_rows, a.space == "simplex", a.space != "continuous"
    none = np.full(rows, np.nan)
    tops = [tops_of(one) if chooses else [frozenset[str]()] * rows for one in (a, b)]
    columns: dict[str, Any] = {name: a.rows.column(name) for name in alike}
    columns |= {
        "taxonomy": pa.repeat(a.taxonomy, rows),
        "rule": pa.repeat(a.rule, rows),
        "space": pa.repeat(a.space, rows),
    }
    columns["names"] = pa.array([list(a.names)] * rows, pa.list_(pa.string()))
    for side, one, top in zip(sides, (a, b), tops, strict=True):
        columns[f"{side}_modalities"] = one.rows.column("modalities")
        columns[f"{side}_values"] = _lists(one.values)
        columns[f"{side}_top"] = pa.array([sorted(seen) for seen in top], pa.list_(pa.string()))
    columns["change"] = _lists(b.values - a.values)
    columns["jsd"] = pa.array(jensen_shannon(a.values, b.values) if whole else none, from_pandas=True)
    columns["tv"] = pa.array(total_variation(a.values, b.values) if whole else none, from_pandas=True)
    columns["difference"] = pa.array(manhattan_mean(a.values, b.values), from_pandas=True)
    same = np.array([sameness(x, y) for x, y in zip(*tops, strict=True)], np.float64)
    return pa.table({**columns, "same_first": pa.array(same, from_pandas=True)})


MEASURES = ("jsd", "tv", "difference", "same_first")


def _lists(values: Floats) -> pa.Array:
    flat = pa.array(values.ravel(), from_pandas=True)
    return pa.ListArray.from_arrays(pa.array(np.arange(len(values) + 1) * values.shape[1], pa.int32()), flat)


def jsd_by_chance(a: Floats, b: Floats, count_a: Ints, count_b: Ints) -> Floats:
    """How far so few raters would lie apart if both sides saw the same: the mean divergence of votes drawn from both
    together. Rows with a label that was not asked have none."""
    found = np.full(len(a), np.nan)
    usable = ~(np.isnan(a) | np.isnan(b)).any(axis=1) & (count_a > 0) & (count_b > 0)
    n, m = count_a[usable, None], count_b[usable, None]
    pooled = (a[usable] * n + b[usable] * m) / (n + m)
    pooled /= pooled.sum(axis=1, keepdims=True)
    rng = np.random.Generator(np.random.PCG64(SEED))
    draws = [
        jensen_shannon(rng.multinomial(n[:, 0], pooled) / n, rng.multinomial(m[:, 0], pooled) / m)
        for _ in range(_DRAWS)
    ]
    found[usable] = np.mean(draws, axis=0)
    return found


def sameness(a: frozenset[str], b: frozenset[str]) -> float:
    """1 where both see the same first, 0 where not, a part where one ties; NaN where one sees nothing."""
    return len(a & b) / len(a | b) if a and b else float("nan")
