"""What people and models said of samples, by what they saw and by who they are: before any label is made of it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from affectory.quality.distances import jensen_shannon
from affectory.schemas.taxonomy import Taxonomy
from affectory.transforms.views._answers import votes
from affectory.transforms.views._grouping import Floats, Grouped, Ints, Mask
from affectory.transforms.views._tally import answered


@dataclass(frozen=True)
class Said:
    """Votes about samples: distributions over the taxonomy's labels, an opinion each, in the order of their ids."""

    groups: Grouped
    cast: Floats

    @staticmethod
    def of(opinions: pa.Table, taxonomy: Taxonomy) -> "Said":
        return Said(*answered(opinions, taxonomy, votes))

    def apart(self, ids: pa.StringArray, a: str, b: str) -> Floats:
        """Of each sample how far those who had only the one modality lie from those who had only the other.

        The Jensen-Shannon divergence in bits of the mean votes, of people where they judged both, else of whoever did;
        NaN where one of the two is missing.
        """
        sides = [self._alone(ids, modality) for modality in (a, b)]
        people = [mean for mean, _ in sides]
        both = np.asarray(~np.isnan(people[0]).all(axis=1) & ~np.isnan(people[1]).all(axis=1))
        x, y = (np.where(both[:, None], mean, anybody) for mean, anybody in sides)
        return np.asarray(jensen_shannon(x, y))

    def score(self, ids: pa.StringArray, model: str) -> Floats:
        """Of each sample the highest share that a model gave any label, on average of its opinions; NaN without one.

        A model is known by how opinions name it, with its revision or without, or by its name in the recipe.
        """
        names = self.groups.opinions.column("rater")
        mine = pc.or_(pc.equal(names, model), pc.starts_with(names, f"{model}@"))
        mine = pc.or_(mine, pc.ends_with(names, f" as {model}"))
        used = np.asarray(mine.to_numpy(), bool) & ~self._people
        return _highest(self._mean(ids, used))

    def of_models(self, ids: pa.StringArray) -> Floats:
        """Samples x labels: the mean of what models said, whatever they saw; NaN where none did."""
        return self._mean(ids, ~self._people)

    @property
    def _people(self) -> Mask:
        human = self.groups.keys.column("pool").take(pa.array(self.groups.group))
        return np.asarray(pc.not_equal(human, "model").to_numpy(), bool)

    def _alone(self, ids: pa.StringArray, modality: str) -> tuple[Floats, Floats]:
        """The mean vote of people who had this modality alone, and of people else models."""
        seen = self.groups.keys.column("modalities").take(pa.array(self.groups.group))
        alone = np.asarray(pc.equal(seen, modality).to_numpy(), bool)
        people, models = (self._mean(ids, alone & pool) for pool in (self._people, ~self._people))
        return people, np.where(np.isnan(people).all(axis=1, keepdims=True), models, people)

    def _mean(self, ids: pa.StringArray, used: Mask) -> Floats:
        """Of each sample the mean vote over the opinions that are used."""
        rows = self.groups.opinions.column("sample_id").filter(pa.array(used))
        place = pc.fill_null(pc.index_in(rows, value_set=ids), -1).to_numpy().astype(np.int64)
        return _mean_in(self.cast[used][place >= 0], place[place >= 0], len(ids))


def entropy_of(rows: Floats) -> Floats:
    """Of each distribution its entropy over log K, K being how many labels it has; NaN where there is none."""
    known = np.nan_to_num(rows)
    logs = np.log(np.where(known > 0, known, 1.0))
    entropy = -(known * logs).sum(axis=1) / np.log(max(rows.shape[1], 2))
    return np.where(np.isnan(rows).all(axis=1), np.nan, np.maximum(entropy, 0.0))


def raters_of(opinions: pa.Table, ids: Sequence[str] | pa.StringArray) -> Ints:
    """Of each sample how many people judged it; opinions that sum up people count as that many."""
    wanted = ids if isinstance(ids, pa.Array) else pa.array(ids, pa.string())
    human = pc.is_in(opinions.column("rater_kind"), value_set=pa.array(["human", "adjudicator"]))
    rows = opinions.select(["sample_id", "rater", "people"]).filter(human)
    who = rows.group_by(["sample_id", "rater"]).aggregate([("people", "max")])
    place = pc.fill_null(pc.index_in(who.column("sample_id"), value_set=wanted), -1).to_numpy().astype(np.int64)
    many = np.maximum(pc.fill_null(who.column("people_max"), 1).to_numpy(), 0)
    return np.bincount(place[place >= 0], weights=many[place >= 0], minlength=len(wanted)).astype(np.int64)


def _highest(rows: Floats) -> Floats:
    best = np.nan_to_num(rows, nan=-1.0).max(axis=1, initial=-1.0)
    return np.where(best < 0, np.nan, best)


def _mean_in(rows: Floats, place: Ints, size: int) -> Floats:
    known = ~np.isnan(rows)
    sums = np.stack([np.bincount(place, weights=c, minlength=size) for c in np.nan_to_num(rows).T], axis=1)
    counts = np.stack([np.bincount(place, weights=c, minlength=size) for c in known.astype(np.float64).T], axis=1)
    sums = sums.astype(np.float64)  # of nothing they are whole numbers
    mean: Floats = np.divide(sums, counts, out=np.full_like(sums, np.nan), where=counts > 0)
    return mean
