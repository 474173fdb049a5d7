"""What may be said against a rater: how they judged, never that they see things otherwise than others do."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from affectory.quality.audits._audited import ALPHA
from affectory.quality.audits._chance import Floats, Ints
from affectory.quality.audits._shares import beyond
from affectory.transforms.views._attention import FLOORS
from affectory.transforms.views._runs import LONG, in_order, in_runs
from affectory.transforms.views._trials import judged_again

RUNS, SPEED, AGAIN, COPYING = "runs of one answer", "too fast", "said otherwise when asked again", "copying"
_ODD_RUN = 1e-5
"""A run that `in_runs` marks comes by chance less often, with all runs of its rater counted."""
Marks = NDArray[np.bool_]
_LEAST_S, _WORD_S, _WATCHED, _HABIT = 0.4, 0.06, 0.5, 20


@dataclass(frozen=True)
class Suspect:
    """A rater or a pair, and how far something speaks against them: a share of so many tries, and how often chance
    gives it."""

    kind: str
    raters: tuple[str, ...]
    value: float
    of: int
    p: float
    large: bool
    why: str

    def accused(self, among: int) -> bool:
        """Whether it is beyond chance when so many were looked at."""
        return self.large and min(1.0, self.p * among) <= ALPHA

    def line(self, among: int) -> Mapping[str, Any]:
        adjusted = min(1.0, self.p * among)
        found = {
            "rater": " and ".join(self.raters),
            "kind": self.kind,
            "share": self.value,
            "of": self.of,
            "p": adjusted,
        }
        return {**found, "accused": self.accused(among), "why": self.why}


@dataclass(frozen=True)
class Judgements:
    """What people judged (`_judged.JUDGED`), sorted by rater, and of each row the number of its rater."""

    rows: pa.Table
    raters: Sequence[str]
    rater: Ints

    @classmethod
    def of(cls, judged: pa.Table) -> "Judgements":
        rows = judged.filter(judged["person"])
        rows = rows.sort_by([(name, "ascending") for name in ("rater", "opinion_id", "sample_id")]).combine_chunks()
        raters = pc.unique(rows["rater"])
        place = pc.index_in(rows["rater"], value_set=raters).to_numpy().astype(np.int64)
        return cls(rows, raters.to_pylist(), place)

    @property
    def counts(self) -> Ints:
        return np.bincount(self.rater, minlength=len(self.raters)).astype(np.int64)

    def in_runs(self, most: float) -> list[Suspect]:
        """Of each rater the share of judgements within runs of one answer that are too long."""
        marked = np.bincount(self.rater, in_runs(self.rows, self.rater, "answer"), len(self.raters)).astype(np.int64)
        ordered = in_order(self.rows, self.rater)
        told = "{hits} of {of} judgements in long runs of one answer"
        unknown = f"{told}; in which order they were made is not known, so that only one answer throughout is a run"
        return [
            self._suspect(RUNS, who, int(marked[who]), int(of), _ODD_RUN if marked[who] else 1.0, most,
                          told if ordered[who] else unknown)
            for who, of in enumerate(self.counts) if of >= LONG
        ]  # fmt: skip

    def again(self, most: float) -> list[Suspect]:
        """Of each rater how far they said otherwise of samples that they judged before: less than a share of what
        chance gives, which their own answers to different samples tell. What the middle one of all does is no fault."""
        trials = judged_again(self.rows, self.rater)
        n = len(self.raters)
        tries = np.bincount(trials.rater, minlength=n)
        failed = np.floor(np.bincount(trials.rater, trials.failed, n) + 1e-9).astype(np.int64)
        by_chance = np.bincount(trials.rater, trials.clicking, n)
        tried = np.flatnonzero(tries)
        usual = float(np.median(failed[tried] / tries[tried])) if len(tried) else 0.0
        why = "said otherwise in {hits} of {of} judged again"
        found = []
        for who in tried:
            allowed = min(max(most * by_chance[who] / tries[who], usual), 1.0)
            p = beyond(int(failed[who]), int(tries[who]), allowed)
            found.append(self._suspect(AGAIN, who, int(failed[who]), int(tries[who]), p, allowed, why))
        return found

    def too_fast(
        self, words: Mapping[str, int], seconds: Mapping[str, float], most: float, faster: float
    ) -> list[Suspect]:
        """Of each rater the share of judgements that took less time than reading, hearing or seeing the sample takes,
        or a small part of what others took for it or the rater takes as a habit."""
        spent = self.rows["spent_s"].to_numpy(zero_copy_only=False).astype(np.float64)
        timed = np.isfinite(spent) & (spent > 0)
        least = np.maximum(self._floors(words, seconds), self._usual(spent, timed, faster))
        hasty = np.bincount(self.rater[timed], (spent < least)[timed], len(self.raters)).astype(np.int64)
        of = np.bincount(self.rater[timed], minlength=len(self.raters))
        why = "{hits} of {of} judgements took less time than it takes to see what is judged"
        return [
            self._suspect(SPEED, who, int(hasty[who]), int(of[who]), beyond(int(hasty[who]), int(of[who]), most), most,
                          why)
            for who in np.flatnonzero(of)
        ]  # fmt: skip

    def _suspect(self, kind: str, who: int, hits: int, of: int, p: float, most: float, why: str) -> Suspect:
        told = why.format(hits=hits, of=of)
        return Suspect(kind, (self.raters[who],), hits / of, of, p, bool(hits / of > most), told)

    def _floors(self, words: Mapping[str, int], seconds: Mapping[str, float]) -> Floats:
        """Of each judgement the time without which nobody can have read, seen or heard what there was."""
        given = zip(self.rows["sample_id"].to_pylist(), self.rows["seen"].to_pylist(), strict=True)
        floors = [_floor(seen.split("+"), words.get(of, 0), seconds.get(of, 0.0)) for of, seen in given]
        return np.array(floors, np.float64)

    def _usual(self, spent: Floats, timed: Marks, faster: float) -> Floats:
        """A small part of the median time of all who judged the same, where they are three, or of the rater's own for
        all that they judged."""
        least, rows = np.zeros(len(spent)), np.flatnonzero(timed)
        of_cell = _medians(cells(self.rows)[rows], spent[rows], 3)
        least[rows] = np.maximum(of_cell, _medians(self.rater[rows], spent[rows], _HABIT)) / faster
        return least


def _medians(keys: Ints, values: Floats, fewest: int) -> Floats:
    """Of each row the median (the lower of two) of those with its key; 0 where they are too few."""
    order = np.lexsort((values, keys))
    names, place, many = np.unique(keys, return_inverse=True, return_counts=True)
    middle = values[order][np.cumsum(many) - many + (many - 1) // 2] if len(names) else np.zeros(0)
    return np.asarray(np.where(many >= fewest, middle, 0.0)[place])


def cells(rows: pa.Table) -> Ints:
    """A number for each sample and question."""
    joined = pc.binary_join_element_wise(rows["sample_id"], rows["question"], "\x1f")
    return np.unique(joined.to_numpy(zero_copy_only=False).astype(str), return_inverse=True)[1].astype(np.int64)


def _floor(seen: Sequence[str], words: int, seconds: float) -> float:
    floors = [_LEAST_S, *(FLOORS.get(name, 0.0) for name in seen)]
    if "text" in seen:
        floors.append(words * _WORD_S)
    if {"audio", "video"} & set(seen):
        floors.append(seconds * _WATCHED)
    return max(floors)
