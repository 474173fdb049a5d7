"""What is known of each sample, and what a rating of it would tell."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from affectory.annotation.selecting.wanted import Wanted
from affectory.annotation.selecting.when import Name
from affectory.quality._causes import causes
from affectory.quality._counted import Counted, counted
from affectory.quality._diversity import spread_out
from affectory.quality.said import Said, entropy_of, raters_of
from affectory.schemas.recipe.review import Question

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_HAS = {
    "video": ("video", "audio", "text"),
    "audio": ("audio", "text"),
    "image": ("image", "text"),
    "text": ("text",),
}
"""What people can perceive of a kind of sample, what it is about first."""
_PLAIN = ("kind", "source", "language")
_DIGITS = 9


@dataclass(frozen=True)
class Values:
    """A row for each sample, in the order of `ids`: what routing goes by."""

    table: pa.Table
    gain: Floats
    entropy: Floats
    width: Floats
    raters: Ints


def values(wanted: Wanted, samples: pa.Table, names: Collection[Name] = ()) -> Values:
    """Of samples (in an order that is always the same) what is known by the opinions of this question's perspective.

    A sample that nobody judged has what is to be expected of any sample; its entropy is that of what models say of it,
    where they say something that is not yet known by how people answer. `names` are further things to look up.
    """
    ids = samples.column("sample_id").combine_chunks()
    everything = _of_this_side(wanted.opinions, wanted.question, ids)
    opinions = _perceived_alike(everything, wanted.question, samples)
    found = counted(opinions, wanted.taxonomy, wanted.calibrations)
    row = _row_of(found, ids)
    counts = np.concatenate([found.counts, np.zeros((1, len(wanted.taxonomy.labels)))])[row]
    known, of = np.unique(counts, axis=0, return_inverse=True)
    mixture = wanted.mixture or found.learned()
    posterior, of = mixture.posterior(known), of.ravel()
    entropy = posterior.entropy_mean()[of, 0] / np.log(max(len(wanted.taxonomy.labels), 2))
    said = Said.of(everything, wanted.taxonomy)
    told = entropy_of(said.of_models(ids))
    entropy = np.where((counts.sum(axis=1) <= 0) & ~np.isnan(told), told, entropy)
    numbers = {"entropy": entropy, "width": posterior.width()[of, 0], "gain": posterior.expected_gain()[of, 0]}
    plain = {name.name for name in names}
    if "diversity" in plain:
        numbers["diversity"] = spread_out(posterior.mean()[of], ids.to_pylist())
    columns: dict[str, Any] = {name: pa.array(np.round(x, _DIGITS), pa.float64()) for name, x in numbers.items()}
    if "cause" in plain:
        why = [*causes(found.keys, found.row, found.rater, found.cast, mixture), "nobody"]
        columns["cause"] = pa.array(why, pa.string()).take(pa.array(row))
    raters = raters_of(opinions, ids)
    columns["raters"] = pa.array(raters)
    columns |= _of_opinions(said, ids, names)
    table = pa.table({**{name: samples.column(name) for name in ("sample_id", *_PLAIN)}, **columns})
    gain, entropy, width = (np.round(numbers[name], _DIGITS) for name in ("gain", "entropy", "width"))
    return Values(table, gain, entropy, width, raters)


def _of_opinions(said: Said, ids: pa.StringArray, names: Collection[Name]) -> dict[str, pa.Array]:
    """What functions of conditions ask for, by their text."""
    found = {}
    for name in sorted(names, key=str):
        if name.name == "conflict":
            found[str(name)] = pa.array(np.round(said.apart(ids, *name.of), _DIGITS), from_pandas=True)
        elif name.name == "score":
            found[str(name)] = pa.array(np.round(said.score(ids, *name.of), _DIGITS), from_pandas=True)
    return found


def _of_this_side(opinions: pa.Table, question: Question, ids: pa.StringArray) -> pa.Table:
    """Those of the same perspective and person about these samples."""
    side = pc.equal(opinions.column("perspective"), question.perspective)
    whose = pc.equal(pc.fill_null(opinions.column("whose"), ""), question.whose or "")
    here = pc.is_in(opinions.column("sample_id"), value_set=ids)
    return opinions.filter(pc.and_(pc.and_(side, whose), here))


def _perceived_alike(opinions: pa.Table, question: Question, samples: pa.Table) -> pa.Table:
    """All of models, and of people those who perceived what is shown now."""
    place = pc.index_in(opinions.column("sample_id"), value_set=samples.column("sample_id").combine_chunks())
    kind = samples.column("kind").take(place)
    nothing = pa.scalar([], opinions.schema.field("modalities").type)
    seen = pc.binary_join(pc.fill_null(opinions.column("modalities"), nothing), "+")
    pairs = pc.binary_join_element_wise(pc.fill_null(kind, ""), seen, "|")
    pairs = (pairs.combine_chunks() if isinstance(pairs, pa.ChunkedArray) else pairs).dictionary_encode()
    fits = pa.array([_fits(question, *pair.split("|", 1)) for pair in pairs.dictionary.to_pylist()], pa.bool_())
    machine = pc.is_in(opinions.column("rater_kind"), value_set=pa.array(["model", "lexicon"]))
    return opinions.filter(pc.or_(machine, fits.take(pairs.indices)))


def _fits(question: Question, kind: str, seen: str) -> bool:
    """Whether who perceived this was asked about what is shown: what is the sample's first, and nothing that is not
    shown."""
    had = set(filter(None, seen.split("+")))
    shown = {"video" if part == "frames" else part for part in question.see}
    first = next((part for part in _HAS.get(kind, ()) if not shown or part in shown), kind)
    return not had or (first in had and (not shown or had <= shown))


def _row_of(found: Counted, ids: pa.StringArray) -> Ints:
    """Of each sample the row of those who perceived most of it; the row after the last where there is none."""
    rows = found.keys.num_rows
    place = pc.index_in(found.keys.column("sample_id"), value_set=ids)
    seen = found.keys.column("modalities").dictionary_encode().combine_chunks()
    rank = {text: place for place, text in enumerate(sorted(seen.dictionary.to_pylist(), key=_fullness))}
    fullness = np.array([rank[text] for text in seen.dictionary.to_pylist()], np.int64)
    order = np.argsort(fullness[seen.indices.to_numpy()], kind="stable") if rows else np.zeros(0, np.int64)
    chosen = np.full(len(ids), rows, np.int64)
    chosen[place.to_numpy(zero_copy_only=False).astype(np.int64)[order]] = order
    return chosen


def _fullness(seen: str) -> tuple[int, str]:
    return (len(seen.split("+")) if seen else 0, seen)
