"""Models beside people: what each of both said of the same samples."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from affectory.quality.audits._audited import Audited, skipped
from affectory.quality.audits._chance import Floats, Ints
from affectory.quality.audits._data import AuditData
from affectory.schemas.taxonomy import Taxonomy
from affectory.transforms.views import _models
from affectory.transforms.views._grouping import coded

OPINION = (
    "opinion_id", "rater", "rater_kind", "perspective", "whose", "modalities", "asked", "shown", "answer", "spent_s",
    "people",
)  # fmt: skip
"""Columns of opinions by which they can be grouped and read as votes."""


@dataclass(frozen=True)
class Beside:
    """A model and people from one side (perspective): a row for each sample, and whose feeling, that both judged."""

    side: str
    model: str
    samples: pa.StringArray
    item: tuple[str, ...]
    said: Floats
    """Samples x labels, NaN for what was not asked."""
    people: Floats
    """People's votes, counted."""

    @cached_property
    def voters(self) -> Floats:
        return np.asarray(np.nansum(self.people, axis=1))

    @cached_property
    def shares(self) -> Floats:
        """Of people's votes."""
        return np.asarray(self.people / self.voters[:, None])


def beside(data: AuditData, opinions: pa.Table | None = None) -> list[Beside]:
    """Of each perspective and model all that people judged too, by their names; a model with another prompt is another
    one."""
    rows = data.sampled("opinions", OPINION) if opinions is None else opinions
    return list(_beside(_models.evidence(rows, data.taxonomy), data.taxonomy))


def _beside(evidence: pa.Table, taxonomy: Taxonomy) -> Iterator[Beside]:
    labels = len(taxonomy.labels)
    for side in sorted(pc.unique(evidence["side"]).to_pylist()):
        part = evidence.filter(pc.equal(evidence["side"], side)).combine_chunks()
        items, item = coded(part["item"].combine_chunks())
        votes = np.asarray(pc.list_flatten(part["votes"]).to_numpy(zero_copy_only=False), np.float64)
        votes = votes.reshape(-1, labels)
        human = pc.is_null(part["model"]).to_numpy(zero_copy_only=False)
        many = part["people"].to_numpy()[human, None]
        people = summed(votes[human] * many, item[human], len(items))
        for model in sorted(pc.unique(pc.drop_null(part["model"])).to_pylist()):
            mine = pc.fill_null(pc.equal(part["model"], model), False).to_numpy(zero_copy_only=False)
            said = summed(votes[mine], item[mine], len(items))
            said /= np.nansum(said, axis=1, keepdims=True) + (np.nansum(said, axis=1, keepdims=True) == 0)
            both = ~np.isnan(said).all(axis=1) & (np.nansum(people, axis=1) > 0)
            names = items.filter(pa.array(both))
            ids = pc.list_element(pc.split_pattern(names, "\x1f"), 0)
            yield Beside(side, model, ids, tuple(names.to_pylist()), said[both], people[both])


def summed(rows: Floats, place: Ints, size: int) -> Floats:
    """The sum of the rows of each place; NaN where there is none."""
    known: NDArray[np.bool_] = ~np.isnan(rows)
    sums = np.stack([np.bincount(place, np.nan_to_num(column), size) for column in rows.T], axis=1)
    counts = np.stack([np.bincount(place, column, size) for column in known.astype(np.float64).T], axis=1)
    return np.where(counts > 0, sums, np.nan)


def nothing_beside(name: str) -> Audited:
    """What an audit of models says where there are none to compare with people."""
    return skipped(name, "no model judged what people judged, from the same perspective")


def too_few(name: str, most: int, least: int) -> Audited:
    """What it says where too few samples were judged by both."""
    told = f"models and people judged {most} of the same samples from the same perspective"
    return skipped(name, f"{told}, {least} are needed")
