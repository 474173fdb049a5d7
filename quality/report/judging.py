"""How far raters agree, who they are, what they take for what, and whether ears and eyes say the same."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from affectory.quality.report.released import Released
from affectory.schemas.derived import OPINIONS_TABLE
from affectory.schemas.parquet import in_turn
from affectory.schemas.taxonomy import Taxonomy

MOST = 20_000
"""Samples whose opinions are compared; of more, those whose ids come first."""
RATERS = 60
"""Lines of the table of raters."""
_DRAWS = 200
_PEOPLE = ("human", "author", "adjudicator")
_MEASURES = ("alpha nominal", "alpha ordinal", "alpha interval", "alpha masi")
_LISTS = ("ranking", "trace", "spans", "ordinal")


@dataclass(frozen=True)
class Judged:
    """What opinions tell as a whole."""

    opinions: int = 0
    """Of how many all of this is."""
    samples: int = 0
    kinds: Mapping[str, int] = field(default_factory=dict)
    """Opinions by kind of rater."""
    agreement: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    """Figures by what they are about."""
    silent: Sequence[str] = ()
    raters: Sequence[Mapping[str, Any]] = ()
    more_raters: int = 0
    machines: Sequence[Mapping[str, Any]] = ()
    """Raters that are not people, with how much they said."""
    confused: NDArray[np.float64] | None = None
    """Of one who says the row's label, how often another says the column's; a row that nobody said is NaN."""
    confused_of: str = ""
    pairs: Sequence[float] = ()
    """How many comparisons each row of `confused` rests on."""
    conflict: Mapping[str, int] = field(default_factory=dict)
    """Samples by which sides agree."""


def judge(release: Released) -> Judged:
    """All of it; nothing where a release holds no opinions."""
    opinions = _opinions(release)
    if not opinions.num_rows:
        return Judged()
    taxonomy = release.taxonomy
    people = pc.is_in(opinions["rater_kind"], value_set=pa.array(_PEOPLE))
    agreement, silent = _agreement(opinions, taxonomy)
    raters = _raters(opinions.filter(people), taxonomy)
    confused, of, pairs = _confused(opinions, taxonomy)
    return Judged(
        opinions.num_rows,
        pc.count_distinct(opinions["sample_id"]).as_py(),
        _by_kind(opinions),
        agreement,
        silent,
        raters[:RATERS],
        max(0, len(raters) - RATERS),
        _machines(opinions.filter(pc.invert(people))),
        confused,
        of,
        pairs,
        _conflict(opinions, taxonomy),
    )


def _opinions(release: Released) -> pa.Table:
    """Those about the samples whose ids come first, in the order of their own ids."""
    paths = [shard.path for shard in release.shards("opinions")]
    last = _last([p for file in in_turn(paths) for p in _ids(file)]) if paths else ""
    parts = [OPINIONS_TABLE.schema.empty_table()]
    for file in in_turn(paths):
        for batch in file.iter_batches(4096, use_threads=False):
            rows = pa.Table.from_batches([batch])
            parts.append(OPINIONS_TABLE.cast(rows.filter(pc.less_equal(rows["sample_id"], last))))
    return pa.concat_tables(parts).sort_by("opinion_id").combine_chunks()


def _ids(file: Any) -> list[pa.Array]:
    """Of each batch the ids, those that cannot be among the first left out."""
    found = [pc.unique(batch.column(0)) for batch in file.iter_batches(65_536, columns=["sample_id"])]
    whole = pc.unique(pa.chunked_array(found, pa.string()))
    return [whole.take(pc.sort_indices(whole)[:MOST])]


def _last(ids: Sequence[pa.Array]) -> str:
    whole = pc.unique(pa.chunked_array(ids, pa.string()))
    order = pc.sort_indices(whole)
    return str(whole[order[min(MOST, len(order)) - 1].as_py()]) if len(order) else ""


def _by_kind(opinions: pa.Table) -> dict[str, int]:
    counted = opinions["rater_kind"].value_counts().to_pylist()
    return {c["values"]: c["counts"] for c in sorted(counted, key=lambda c: (-c["counts"], c["values"]))}


def _agreement(opinions: pa.Table, taxonomy: Taxonomy) -> tuple[dict[str, list[Any]], list[str]]:
    """Alpha of each emotion and of each dimension, of people, else of models."""
    from affectory.quality.agreement import Ratings, agreement

    kept = tuple(q for q in Ratings.of_opinions(opinions, taxonomy).questions if q.level not in _LISTS)
    report = agreement(Ratings(kept), measures=_MEASURES, draws=_DRAWS, by_rater=False)
    found: dict[str, list[Any]] = {}
    for figure in report.figures:
        if figure.value is not None:
            found.setdefault(", ".join(filter(None, (figure.pool, figure.about))), []).append(figure)
    people = {name: figures for name, figures in found.items() if name.startswith("people")}
    silent = sorted({f.state for f in report.figures if f.value is None and f.state and f.pool == "people"})
    return people or found, silent


def _raters(people: pa.Table, taxonomy: Taxonomy) -> list[Mapping[str, Any]]:
    """Those who judged most first."""
    from affectory.quality.raters import rater_report

    if not people.num_rows:
        return []
    rows = rater_report(people, taxonomy).to_pylist()
    return sorted(rows, key=lambda row: (-row["judgements"], row["rater"]))


def _machines(opinions: pa.Table) -> list[Mapping[str, Any]]:
    counted = opinions.group_by(["rater", "rater_kind"]).aggregate([("sample_id", "count_distinct"), ([], "count_all")])
    rows = ({**row, "samples": row["sample_id_count_distinct"]} for row in counted.to_pylist())
    return sorted(rows, key=lambda row: (-row["count_all"], row["rater"]))


def _confused(opinions: pa.Table, taxonomy: Taxonomy) -> tuple[NDArray[np.float64] | None, str, list[float]]:
    """Of people where two of them judged the same, else of models."""
    from affectory.transforms.views._tally import tallied

    tally = tallied(opinions, taxonomy)
    for pool in ("human", "model"):
        mine = np.array([found == pool for found in tally.groups.pools()], bool)
        rows = mine[tally.groups.group]
        cast, group = np.nan_to_num(tally.cast[rows]), tally.groups.group[rows]
        sums = np.zeros((tally.groups.size, cast.shape[1]))
        np.add.at(sums, group, cast)
        pairs = np.einsum("ni,nj->ij", sums, sums) - np.einsum("ni,nj->ij", cast, cast)
        pairs = np.maximum(pairs, 0)
        whole = pairs.sum(axis=1, keepdims=True)
        if whole.sum() > 0:
            shares = np.divide(pairs, whole, out=np.full_like(pairs, np.nan), where=whole > 1e-9)
            return shares, "people" if pool == "human" else "models", whole[:, 0].tolist()
    return None, "", []


def _conflict(opinions: pa.Table, taxonomy: Taxonomy) -> dict[str, int]:
    """Of samples that were judged by each modality alone and by all of them: which sides say the same."""
    from affectory.quality.conflict import modality_conflict
    from affectory.transforms.views.vote_share import VoteShare

    if pc.count_distinct(pc.list_flatten(opinions["modalities"])).as_py() < 2:
        return {}
    rows = modality_conflict(VoteShare().view(opinions, taxonomy), None, None, taxonomy).rows
    counted = rows["subset"].value_counts().to_pylist() if rows.num_rows else []
    return {c["values"]: c["counts"] for c in sorted(counted, key=lambda c: (-c["counts"], c["values"]))}
