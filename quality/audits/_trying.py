"""What fields foretell, each by itself, and what they seem to where labels are exchanged."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from affectory.quality.audits._chance import Floats, Ints
from affectory.quality.audits._exchanging import Exchange, clusters_within, of_labels, rows_within, same_within
from affectory.quality.audits._fields import Known
from affectory.quality.audits._looked import FOLDS, Looked
from affectory.quality.audits._numbers import how_often
from affectory.quality.audits._predicting import Foretold, counts, gains
from affectory.quality.audits._words import Bag

_AT_ONCE = 1 << 20
_FEWEST = 5
"""Samples that a value must have to be told as the one that tells most."""


@dataclass(frozen=True)
class Tried:
    """What one field foretells, and how much it seems to by chance."""

    name: str
    foretold: Foretold
    telling: str
    """The value that tells most, and what it tells."""
    statistic: float
    null: Floats

    @property
    def above(self) -> Floats:
        """How many spreads above chance each draw of chance lies, and last the field itself."""
        every = np.append(self.null, self.statistic)
        spread = every.std()
        return np.asarray((every - every.mean()) / spread if spread > 1e-12 else np.zeros_like(every))


def by_chance(tried: Sequence[Tried]) -> list[float]:
    """How often chance lets any of the fields seem as telling as each of them."""
    above = np.stack([one.above for one in tried])
    highest = above[:, :-1].max(axis=0)
    return [how_often(float(value), highest) for value in above[:, -1]]


def try_fields(looked: Looked, fields: Sequence[Known], times: int) -> list[Tried]:
    """Each field by itself."""
    nulls: list[list[Floats]] = [[] for _ in fields]
    ways = [_Way.of(looked, field) for field in fields]
    for way in sorted(set(ways)):
        for whose in way.exchange(looked).drawn(times, "shortcuts", *way.names):
            for at, field in enumerate(fields):
                if ways[at] == way:
                    nulls[at] += _gains(looked, field, whose, way.moves_field)
    every = zip(fields, nulls, strict=True)
    return [_tried(looked, field, np.concatenate(null)) for field, null in every]


def _tried(looked: Looked, field: Known, null: Floats) -> Tried:
    gain = next(_gains(looked, field, np.arange(len(looked))[None], False))
    return Tried(field.name, Foretold.by_codes(field.codes, looked), _telling(looked, field), float(gain[0]), null)


@dataclass(frozen=True, order=True)
class _Way:
    """How a field and labels are exchanged, by what is the same within a cluster or a source."""

    whole: bool
    """Clusters as a whole."""
    anywhere: bool
    """Also those of different sources."""
    moves_field: bool
    """The field is exchanged, else labels are."""

    @staticmethod
    def of(looked: Looked, field: Known) -> "_Way":
        one_label = same_within(looked.label, looked.cluster)
        one_value = same_within(field.codes, looked.cluster)
        whole = one_label or one_value
        return _Way(whole, whole and same_within(field.codes, looked.source), one_value and not one_label)

    @property
    def names(self) -> tuple[bool, ...]:
        return self.whole, self.anywhere

    def exchange(self, looked: Looked) -> Exchange:
        if not self.whole:
            return rows_within(looked.cluster, looked.source)
        return clusters_within(looked.cluster, np.zeros_like(looked.source) if self.anywhere else looked.source)


def _gains(looked: Looked, field: Known, whose: NDArray[np.int64], moves_field: bool) -> Iterator[Floats]:
    values, classes = len(field.values), len(looked.labels)
    together = max(1, _AT_ONCE // (FOLDS * values * classes))
    for start in range(0, len(whose), together):
        lot = whose[start : start + together]
        codes, labels = (field.codes, looked.label[lot]) if not moves_field else (field.codes[lot], looked.label)
        yield gains(counts(np.atleast_2d(codes), np.atleast_2d(labels), looked.folds, values, classes))


def _telling(looked: Looked, field: Known) -> str:
    """The value whose label is farthest from what it is elsewhere."""
    classes = len(looked.labels)
    size = len(field.values) * classes
    beside = np.bincount(field.codes * classes + looked.label, minlength=size).reshape(-1, classes)
    totals, shares = beside.sum(axis=1), looked.counts / len(looked)
    lift = (beside - totals[:, None] * shares) / np.sqrt(totals[:, None] * shares + 1)
    lift[totals < _FEWEST] = -np.inf
    value, label = np.unravel_index(int(lift.argmax()), lift.shape)
    there = beside[value, label] / max(1, totals[value])
    return f"{field.values[value]}: {there:.0%} {looked.labels[label]} ({shares[label]:.0%} of all)"


def try_words(name: str, looked: Looked, texts: Sequence[str], times: int) -> Tried:
    """The words of texts, one for each sample."""
    bag, classes = Bag.of(texts), len(looked.labels)
    draws = of_labels(looked.label, looked.cluster, looked.source).drawn(times, "words", name)
    null = np.concatenate([bag.bound(looked.label[whose], classes) for whose in draws])
    bound = float(bag.bound(looked.label[None], classes)[0])
    word, label = np.unravel_index(_most_telling(bag, looked.label, classes), (max(1, len(bag.words)), classes))
    telling = f"{bag.words[word]!r}: {looked.labels[label]}" if bag.words else ""
    return Tried(name, Foretold.by_words(bag, looked), telling, bound, null)


def _most_telling(bag: Bag, labels: Ints, classes: int) -> int:
    return int(bag.lift(labels, classes).argmax()) if bag.words else 0
