"""Models beside people: what each said of the same samples, and the maps from the one to the other."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from affectory.schemas.taxonomy import Taxonomy
from affectory.transforms.views._answers import votes
from affectory.transforms.views._base import FIT
from affectory.transforms.views._calibration import Calibration, fit_calibration, selection_weights
from affectory.transforms.views._grouping import Floats, Grouped, Ints, coded
from affectory.transforms.views._rows import numbers
from affectory.transforms.views._tally import answered

_SEPARATOR = "\x1f"


def names(opinions: pa.Table) -> pa.StringArray:
    """Of each opinion its rater and what that was told to do: a model with another prompt is another rater."""
    shown = opinions.column("shown").combine_chunks()
    told = pc.fill_null(pc.struct_field(shown, "instructions"), "")
    rater = opinions.column("rater").combine_chunks()
    return pc.if_else(pc.equal(told, ""), rater, pc.binary_join_element_wise(rater, told, ", "))


def keys(groups: Grouped) -> pa.StringArray:
    """Of each model's opinion what its calibration is called, perspective/name; null for people's."""
    of = groups.keys.take(pa.array(groups.group))
    called = pc.binary_join_element_wise(of.column("perspective"), names(groups.opinions), "/")
    machine = pc.equal(of.column("pool"), "model")
    return pa.chunked_array(pc.if_else(machine, called, pa.scalar(None, pa.string()))).combine_chunks()


def evidence(opinions: pa.Table, taxonomy: Taxonomy) -> pa.Table:
    """One row an opinion of use: its model (null for people), votes, how many people it is, the sample's chance."""
    groups, cast = answered(opinions, taxonomy, votes)
    rows = groups.opinions
    keys = groups.keys.take(pa.array(groups.group))
    machine = pc.equal(keys.column("pool"), "model")
    chance = pc.struct_field(rows.column("shown").combine_chunks(), "probability")
    return pa.table(
        {
            "sample_id": rows.column("sample_id"),
            "opinion_id": rows.column("opinion_id"),
            "item": pc.binary_join_element_wise(keys.column("sample_id"), keys.column("whose"), _SEPARATOR),
            "side": keys.column("perspective"),
            "model": pc.if_else(machine, names(rows), pa.scalar(None, pa.string())),
            "people": pc.fill_null(pc.max_element_wise(rows.column("people"), 1), 1),
            "chance": chance.cast(pa.float64()),
            "votes": numbers(cast),
        }
    )


def fitted(evidence: pa.Table, labels: int) -> pa.Table:
    """A table `FIT`: of each perspective, model and prompt its calibration."""
    found: dict[str, list[float]] = {}
    for side in sorted(pc.unique(evidence.column("side")).to_pylist()):
        part = evidence.filter(pc.equal(evidence.column("side"), side))
        items, item = coded(part.column("item").combine_chunks())
        people, chance = _people(part, item, len(items), labels)
        for model in sorted(pc.unique(pc.drop_null(part.column("model"))).to_pylist()):
            mine = pc.fill_null(pc.equal(part.column("model"), model), False).to_numpy().astype(bool)
            said = _mean(_votes(part, labels)[mine], item[mine], len(items))
            both = ~np.isnan(said).all(axis=1) & (np.nan_to_num(people).sum(axis=1) > 0)
            chosen = selection_weights(chance[both])
            known = fit_calibration(said[both], people[both], chosen.weights)
            found |= replace(known, clipped=chosen.clipped).to_rows(f"{side}/{model}")
    return pa.table({"name": sorted(found), "values": [found[name] for name in sorted(found)]}, schema=FIT)


def calibrations(fit: pa.Table) -> Mapping[str, Calibration]:
    """By perspective and model, joined by /."""
    rows = dict(zip(fit.column("name").to_pylist(), fit.column("values").to_pylist(), strict=True))
    keys = [name.removesuffix("/about") for name in rows if name.endswith("/about")]
    return {key: Calibration.from_rows(rows, key) for key in keys}


def _people(part: pa.Table, item: Ints, items: int, labels: int) -> tuple[Floats, Floats]:
    """Of each item people's votes (NaN for what none was asked), and the mean chance with which it was chosen."""
    mine = pc.is_null(part.column("model")).to_numpy()
    cast = _votes(part, labels)[mine] * part.column("people").to_numpy()[mine, None]
    chance = part.column("chance").to_numpy()[mine]
    counts = _mean(cast, item[mine], items) * _counted(cast, item[mine], items)
    return counts, _mean(chance[:, None], item[mine], items)[:, 0]


def _votes(part: pa.Table, labels: int) -> Floats:
    flat = pc.list_flatten(part.column("votes")).to_numpy(zero_copy_only=False)
    return np.asarray(flat, np.float64).reshape(-1, labels)


def _mean(rows: Floats, item: Ints, items: int) -> Floats:
    columns = [np.bincount(item, weights=np.nan_to_num(x), minlength=items) for x in rows.T]
    sums = np.stack(columns, axis=1).astype(np.float64)  # of nothing they are whole numbers
    counts = _counted(rows, item, items)
    mean: Floats = np.divide(sums, counts, out=np.full_like(sums, np.nan), where=counts > 0)
    return mean


def _counted(rows: Floats, item: Ints, items: int) -> Floats:
    known = ~np.isnan(rows)
    return np.stack([np.bincount(item, weights=x, minlength=items) for x in known.astype(np.float64).T], axis=1)
