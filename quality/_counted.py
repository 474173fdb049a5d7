"""Opinions as counts of votes: of people, and of calibrated models as many as they are worth."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from affectory.schemas.taxonomy import Taxonomy
from affectory.transforms.views import _models
from affectory.transforms.views._answers import votes
from affectory.transforms.views._bayes_choice import Told
from affectory.transforms.views._bayes_model import learn
from affectory.transforms.views._calibration import Calibration
from affectory.transforms.views._grouping import KEYS, Floats, Grouped, Ints, coded
from affectory.transforms.views._mixture import Mixture
from affectory.transforms.views._tally import answered

ROW = KEYS[:-1]
"""What a row is of: sample, perspective, whose feeling, what people saw."""
_SEPARATOR = "\x1f"


@dataclass(frozen=True)
class Counted:
    """`counts` has a row for each of `keys`. People's votes are `cast`, each about a `row` and by a `rater`."""

    keys: pa.Table
    counts: Floats
    cast: Floats
    row: Ints
    rater: Ints

    def learned(self) -> Mixture:
        """What the `bayes` view learns of people's votes."""
        told = Told(self.keys.num_rows, self.row, np.full(len(self.cast), -1), self.cast)
        return learn(told, (self.cast.shape[1],), 0).mixture


def counted(opinions: pa.Table, taxonomy: Taxonomy, calibrations: Mapping[str, Calibration]) -> Counted:
    """Those that are votes. Opinions that sum up people count as that many."""
    groups, cast = answered(opinions, taxonomy, votes)
    machine = np.asarray(pc.equal(groups.keys.column("pool"), "model").to_numpy())[groups.group].astype(bool)
    rows, row, topics, topic = _rows(groups, machine)
    size = np.asarray(pc.fill_null(groups.opinions.column("people"), 1).to_numpy(), np.float64)
    people = np.nan_to_num(cast[~machine]) * np.maximum(size[~machine], 1)[:, None]
    raters = groups.opinions.column("rater").combine_chunks().filter(pa.array(~machine))
    models = _worth(cast[machine], _models.keys(groups).filter(pa.array(machine)), topic[machine], topics, calibrations)
    counts = _sums(people, row[~machine], rows.num_rows) + models[_topic_of(row, topic, rows.num_rows)]
    return Counted(rows, counts, people, row[~machine], coded(raters)[1])


def _rows(groups: Grouped, machine: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> tuple[pa.Table, Ints, int, Ints]:
    """The rows and of each opinion its row; how many topics (rows but for what was seen) and of each opinion its one.

    A model's opinion is in the first row of its topic, or in one of its own where no person judged it.
    """
    keys = groups.keys.take(pa.array(groups.group))
    topics, topic = coded(_joined(keys, ROW[:-1]))
    judged = np.bincount(topic[~machine], minlength=len(topics)) > 0
    seen = pc.if_else(pa.array(machine), "", keys.column("modalities"))
    keys = keys.select(ROW[:-1]).append_column(ROW[-1], seen)
    code = coded(_joined(keys, ROW))[1]
    used = ~machine | ~judged[topic]
    kept, first = np.unique(code[used], return_index=True)
    row = np.searchsorted(kept, code)
    start = np.full(len(topics), len(kept))
    np.minimum.at(start, topic[used], row[used])
    row = np.where(used, row, start[topic]).astype(np.int64)
    return keys.filter(pa.array(used)).take(pa.array(first)), row, len(topics), topic


def _joined(keys: pa.Table, names: tuple[str, ...]) -> pa.StringArray:
    joined = pc.binary_join_element_wise(*(keys.column(name) for name in names), _SEPARATOR)
    return pa.chunked_array(joined).combine_chunks()


def _topic_of(row: Ints, topic: Ints, rows: int) -> Ints:
    """Of each row its topic."""
    found = np.zeros(rows, dtype=np.int64)
    found[row] = topic
    return found


def _worth(
    cast: Floats, names: pa.StringArray, topic: Ints, topics: int, calibrations: Mapping[str, Calibration]
) -> Floats:
    """Of each topic the votes that models are worth: several say much the same, and are worth what the best is."""
    strength, said = np.zeros(len(cast)), np.zeros_like(cast)
    models, model = coded(names)
    for number, known in enumerate(map(calibrations.get, models.to_pylist())):
        if known is not None:
            said[model == number] = np.nan_to_num(known.apply(cast[model == number]))
            strength[model == number] = known.strength
    together = _sums(said * strength[:, None], topic, topics)
    total, best = np.bincount(topic, weights=strength, minlength=topics), np.zeros(topics)
    np.maximum.at(best, topic, strength)
    worth: Floats = together * np.divide(best, total, out=np.zeros(topics), where=total > 0)[:, None]
    return worth


def _sums(rows: Floats, place: Ints, size: int) -> Floats:
    return np.stack([np.bincount(place, weights=column, minlength=size) for column in rows.T], axis=1)
