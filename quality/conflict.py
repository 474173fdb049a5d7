"""Do ears, eyes and words say the same? Labels of raters who had one modality, against each other and against those of
raters who had all of it.

The subsets are those of CA-MER: `consistent` where each modality alone shows what all of it shows, `audio-aligned`
where only the sound does, and so on; further `none-aligned`, and `undecided` where ties leave it open.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from affectory.quality._clustered import Figure, cluster_names, mean
from affectory.quality._comparing import Comparison, jsd_by_chance, numbers_of, parts_by, tops_of
from affectory.quality._label_sets import LabelSet, label_sets
from affectory.quality.distances import Floats, jensen_shannon, total_variation
from affectory.schemas.taxonomy import Taxonomy
from affectory.transforms.views._grouping import grouped

CONSISTENT, NONE_ALIGNED, UNDECIDED = "consistent", "none-aligned", "undecided"
WHOLE = "all"
_ALIKE = ("sample_id", "perspective", "whose", "pool")
_KIND = ("perspective", "whose", "pool", "taxonomy", "rule")
_MEASURES = ("jsd", "chance", "tv")

Behind = Mapping[tuple[str, ...], list[str]]


def modality_conflict(
    labels: pa.Table,
    opinions: pa.Table | None = None,
    clusters: pa.Table | None = None,
    taxonomy: Taxonomy | None = None,
) -> Comparison:
    """A row for each sample that was judged by at least two single modalities and by all of these together.

    A row tells its subset, what each side sees first (several where they tie), and how far the single modalities lie
    apart: `jsd_audio_video` in bits, with `chance_audio_video`, which so few raters reach where both see the same, and
    `tv_audio_video` as a share. Where `opinions` are given it names those behind each side. Perspectives, pools of
    raters and rules are never mixed. `clusters` (sample_id, cluster) says which samples come from one speaker or
    source, for the intervals; `taxonomy` is the recipe's own where it has one.
    """
    cases = [case for one in label_sets(labels, taxonomy) if one.space == "simplex" for case in _cases(one)]
    cases.sort(key=lambda case: tuple(case.shared.values()))
    singles = sorted({name for case in cases for name in case.values if name != WHOLE})
    rows = _rows(cases, singles, None if opinions is None else _behind(opinions))
    left_out = pc.count_distinct(labels.column("sample_id")).as_py() - len({c.shared["sample_id"] for c in cases})
    return Comparison(rows, _figures(rows, singles, clusters), left_out)


@dataclass(frozen=True)
class _Case:
    """One sample's labels by modality, and of all of it."""

    shared: Mapping[str, str]
    seen: Mapping[str, str]
    tops: Mapping[str, frozenset[str]]
    values: Mapping[str, Floats]
    counts: Mapping[str, int]

    def subset(self) -> str:
        together, alone = self.tops[WHOLE], {name: top for name, top in self.tops.items() if name != WHOLE}
        if not all(self.tops.values()) or any(top != together and top & together for top in alone.values()):
            return UNDECIDED
        aligned = [name for name, top in alone.items() if top == together]
        if len(aligned) == len(alone):
            return CONSISTENT
        return f"{'+'.join(aligned)}-aligned" if aligned else NONE_ALIGNED

    def row(self, behind: Behind | None) -> dict[str, Any]:
        tops = {f"top_{side}": sorted(top) for side, top in self.tops.items()}
        found = {**self.shared, "modalities": self.seen[WHOLE], "subset": self.subset(), **tops}
        if behind is None:
            return found
        key = tuple(self.shared[name] for name in _ALIKE)
        return {**found, **{f"opinions_{side}": behind.get((*key, seen), []) for side, seen in self.seen.items()}}


def _cases(one: LabelSet) -> Iterator[_Case]:
    tops, modalities = tops_of(one), one.rows.column("modalities").to_pylist()
    counts = one.rows.column("count").to_pylist()
    by_sample: dict[tuple[str, ...], list[int]] = {}
    for place, key in enumerate(one.rows.select(_ALIKE).to_pylist()):
        by_sample.setdefault(tuple(key.values()), []).append(place)
    for sample, places in by_sample.items():
        sides = _sides({modalities[place]: place for place in places})
        if len(sides) > 2:
            yield _Case(
                {**dict(zip(_ALIKE, sample, strict=True)), "taxonomy": one.taxonomy, "rule": one.rule},
                {side: modalities[place] for side, place in sides.items()},
                {side: tops[place] for side, place in sides.items()},
                {side: one.values[place] for side, place in sides.items()},
                {side: counts[place] for side, place in sides.items()},
            )


def _sides(places: Mapping[str, int]) -> dict[str, int]:
    """The single modalities, sorted, and the most that raters had, of which they are part."""
    whole = max(places, key=lambda seen: (seen.count("+"), seen))
    part = sorted(seen for seen in places if seen and seen != whole and seen in whole.split("+"))
    return {**{seen: places[seen] for seen in part}, WHOLE: places[whole]}


def _behind(opinions: pa.Table) -> Behind:
    """The ids of the opinions behind each label."""
    groups = grouped(opinions)
    ids = groups.opinions.column("opinion_id").to_pylist()
    keys = groups.keys.select([*_ALIKE, "modalities"]).to_pylist()
    return {tuple(k.values()): [ids[i] for i in rows] for k, rows in zip(keys, groups.rows(), strict=True)}


def _rows(cases: Sequence[_Case], singles: Sequence[str], behind: Behind | None) -> pa.Table:
    sides, texts = (*singles, WHOLE), pa.list_(pa.string())
    fields = [(name, pa.string()) for name in (*_ALIKE, "taxonomy", "rule", "modalities", "subset")]
    fields += [(f"top_{side}", texts) for side in sides]
    fields += [(f"opinions_{side}", texts) for side in sides if behind is not None]
    rows = pa.Table.from_pylist([case.row(behind) for case in cases], pa.schema(fields))
    for a, b in combinations(singles, 2):
        for name, found in _distances(cases, a, b).items():
            rows = rows.append_column(f"{name}_{a}_{b}", pa.array(found, from_pandas=True))
    return rows


def _distances(cases: Sequence[_Case], a: str, b: str) -> dict[str, Floats]:
    """Between two single modalities, of all cases that have both: those of one width together."""
    found = {name: np.full(len(cases), np.nan) for name in _MEASURES}
    both = [place for place, case in enumerate(cases) if {a, b} <= set(case.values)]
    for width in sorted({len(cases[place].values[a]) for place in both}):
        mine = [place for place in both if len(cases[place].values[a]) == width]
        x, y = (np.stack([cases[place].values[side] for place in mine]) for side in (a, b))
        n, m = (np.array([cases[place].counts[side] for place in mine], np.int64) for side in (a, b))
        found["jsd"][mine], found["tv"][mine] = jensen_shannon(x, y), total_variation(x, y)
        found["chance"][mine] = jsd_by_chance(x, y, n, m)
    return found


def _figures(rows: pa.Table, singles: Sequence[str], clusters: pa.Table | None) -> dict[str, Figure]:
    """The share of each subset and the mean of each distance, for each perspective, pool and rule."""
    figures: dict[str, Figure] = {}
    for kind, part in parts_by(rows, _KIND):
        names = cluster_names(part.column("sample_id").combine_chunks(), clusters)
        subsets = np.array(part.column("subset").to_pylist())
        for subset in np.unique(subsets).tolist():
            figures[f"{kind}: {subset}"] = mean((subsets == subset).astype(np.float64), names)
        for measure in (f"{name}_{a}_{b}" for a, b in combinations(singles, 2) for name in _MEASURES):
            figures[f"{kind}: {measure}"] = mean(numbers_of(part, measure), names)
    return figures
