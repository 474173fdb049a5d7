"""Flat columns of opinions: whether an answer fits what was asked, and what it points at the sample."""

from functools import partial

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from affectory.quality.suites._arrays import flat, lengths, mask, numbers, rows_of, rows_with, some, truth, within
from affectory.quality.suites._flat_samples import Prepared, places_in_order
from affectory.quality.suites._ground import Ground

_PEOPLE = ("human", "author", "adjudicator")
_SAYING = ("weights", "intensities", "ranking", "trace", "words")


def _aligned(rows: pa.Table, _: Ground) -> pa.Array:
    """Whether numbers are as many as the labels asked."""
    offered = lengths(within(rows, "asked", "labels"))
    wrong = np.zeros(len(rows), dtype=bool)
    for name in ("weights", "intensities"):
        given = lengths(within(rows, "answer", name))
        wrong |= (given >= 0) & (offered >= 0) & (given != offered)
    return truth(~wrong)


def _sound(name: str, rows: pa.Table, _: Ground) -> pa.Array:
    given = within(rows, "answer", name)
    wrong = rows_with(given, lambda v: ~np.isfinite(v) | (v < 0))
    return truth(~wrong, lengths(given) >= 0)


def _vad(rows: pa.Table, _: Ground) -> pa.Array:
    wrong, there = np.zeros(len(rows), dtype=bool), np.zeros(len(rows), dtype=bool)
    for name in ("valence", "arousal", "dominance"):
        values = within(rows, "answer", "vad", name)
        known, number = np.asarray(pc.is_valid(values), dtype=bool), numbers(values)
        there |= known
        with np.errstate(invalid="ignore"):
            wrong |= known & ~(np.abs(number) <= 1)
    return truth(~wrong, there)


def _labels(rows: pa.Table, ground: Ground) -> pa.Array:
    """Whether the labels offered are those of the taxonomy that was asked, where it is one of the recipe's."""
    offered, parents = flat(within(rows, "asked", "labels"))
    marks = within(rows, "asked", "taxonomy_hash")
    wrong, known = np.zeros(len(rows), dtype=bool), np.zeros(len(rows), dtype=bool)
    for asked in ground.about.asked:
        of_this = mask(pc.equal(marks, asked.hash))
        known |= of_this
        strange = ~mask(pc.is_in(offered, pa.array(asked.labels, pa.string())))
        wrong |= of_this & rows_of(parents[strange], len(rows))
    return truth(~wrong, known)


def _ranked(rows: pa.Table, _: Ground) -> pa.Array:
    """Whether a ranking holds nothing that was not offered, and nothing twice."""
    ranking = within(rows, "answer", "ranking")
    there = lengths(ranking) > 0
    at = np.flatnonzero(there)
    picked = pa.array(at)
    pairs = zip(ranking.take(picked).to_pylist(), within(rows, "asked", "labels").take(picked).to_pylist(), strict=True)
    sound = np.ones(len(rows), dtype=bool)
    sound[at] = [len(set(given)) == len(given) and set(given) <= set(offered or given) for given, offered in pairs]
    return truth(sound, there)


def _says(rows: pa.Table, _: Ground) -> pa.Array:
    """Whether there is any answer."""
    said = np.asarray(pc.is_valid(within(rows, "answer", "preference")), dtype=bool)
    for name in _SAYING:
        said |= some(within(rows, "answer", name))
    for name in ("valence", "arousal", "dominance"):
        said |= np.asarray(pc.is_valid(within(rows, "answer", "vad", name)), dtype=bool)
    return truth(said)


def _trace(rows: pa.Table, _: Ground) -> pa.Array:
    """Whether times rise and values are numbers."""
    points, parents = flat(within(rows, "answer", "trace"))
    at, value = (numbers(pc.struct_field(points, name)) for name in ("at_us", "value"))
    wrong = ~np.isfinite(value)
    back = np.flatnonzero((np.diff(at) <= 0) & (np.diff(parents) == 0)) + 1
    wrong[back] = True
    return truth(~rows_of(parents[wrong], len(rows)), rows_of(parents, len(rows)))


def _pseudonym(rows: pa.Table, _: Ground) -> pa.Array:
    """Whether a person goes by a pseudonym."""
    person = mask(pc.is_in(rows.column("rater_kind"), pa.array(_PEOPLE)))
    return truth(mask(pc.match_substring_regex(within(rows, "rater"), "^[pag]_[0-9a-f]+$")), person)


def _evidence_inside(rows: pa.Table, ground: Ground) -> pa.Array:
    """Whether stretches of time pointed at lie in the sample, where they are in its own record."""
    places, parents = flat(within(rows, "evidence"))
    sample = within(rows, "sample_id").take(pa.array(parents))
    start, end = pc.struct_field(places, "start_us"), pc.struct_field(places, "end_us")
    held, told = ground.places.holding(sample, start, end)
    told &= np.asarray(pc.is_null(pc.struct_field(places, "record")), dtype=bool)
    return truth(~rows_of(parents[told & ~held], len(rows)), rows_of(parents[told], len(rows)))


COLUMNS: Prepared = {
    "numbers_aligned": (("asked", "answer"), _aligned),
    "weights_sound": (("answer",), partial(_sound, "weights")),
    "intensities_sound": (("answer",), partial(_sound, "intensities")),
    "vad_sound": (("answer",), _vad),
    "labels_of_taxonomy": (("asked",), _labels),
    "ranking_sound": (("asked", "answer"), _ranked),
    "says_something": (("answer",), _says),
    "trace_sound": (("answer",), _trace),
    "rater_pseudonym": (("rater", "rater_kind"), _pseudonym),
    "evidence_in_order": (("evidence",), partial(places_in_order, "evidence")),
    "evidence_inside": (("evidence", "sample_id"), _evidence_inside),
}
