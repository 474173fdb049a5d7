"""FER+: the three ways in which its authors make a training target of ten taggers' votes.

Single votes are taken for slips and left out. Pictures without agreement, or that are said to be no face or not to be
known, are dropped there; here they keep their rows, which have no values and say why.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

import numpy as np
import pyarrow as pa
from pydantic import ConfigDict, Field

from affectory.schemas.errors import UserError
from affectory.schemas.taxonomy import Taxonomy
from affectory.transforms.base import STRICT
from affectory.transforms.views._grouping import Floats
from affectory.transforms.views._rows import chosen_of, in_words
from affectory.transforms.views._tally import CLOSE, NO_MAJORITY, UNCOUNTED, Mask, leading, nothing, tallied

NO_LABELS = ("unknown", "NF")


@dataclass(frozen=True)
class FerPlus:
    """The votes that each mode keeps, as shares of the whole."""

    mode: Annotated[
        Literal["majority", "cross_entropy", "multi_target"],
        Field(
            description="`majority`: what more than half name; `cross_entropy`: at most three labels that have three"
            " quarters of the votes together; `multi_target`: each that has three tenths"
        ),
    ] = "majority"
    not_a_label: Annotated[
        tuple[str, ...], Field(description="labels of the taxonomy that say that there is nothing to see")
    ] = NO_LABELS

    __pydantic_config__: ClassVar[ConfigDict] = STRICT

    def check(self, taxonomy: Taxonomy) -> None:
        """What is named as no label has to be one of the taxonomy's."""
        self._odd(taxonomy)

    def view(self, opinions: pa.Table, taxonomy: Taxonomy) -> pa.Table:
        """Rows of `labels`: one for each sample, perspective, whose feeling, modalities and pool of raters."""
        tally, odd = tallied(opinions, taxonomy), self._odd(taxonomy)
        votes = np.nan_to_num(tally.totals)
        votes[votes <= 1 + CLOSE] = 0.0
        kept = _KEPT[self.mode](votes, odd)
        drop = [(tally.uncounted, UNCOUNTED), *_dropped(kept, odd, taxonomy.labels)]
        lost = np.logical_or.reduce([where for where, _ in drop])
        whole = kept[:, ~odd].sum(axis=1, keepdims=True)
        counted = ~lost[:, None] & ~odd & ~np.isnan(tally.totals)
        values = np.divide(kept, whole, out=np.full_like(kept, np.nan), where=counted)
        chosen = (np.nan_to_num(values) > 0) if self.mode == "multi_target" else leading(values)
        more = {"chosen": chosen_of(chosen, taxonomy.labels), "state": in_words(*drop)}
        return tally.labels(self, taxonomy, values, **more)

    def _odd(self, taxonomy: Taxonomy) -> Mask:
        meant = {word: taxonomy.resolve(word) for word in self.not_a_label}
        unknown = [word for word, label in meant.items() if label is None]
        if unknown and self.not_a_label != NO_LABELS:
            raise UserError(f"fer_plus: not_a_label: {taxonomy.name} has no label {unknown[0]!r}", "see its labels")
        return np.array([label in meant.values() for label in taxonomy.labels])


def _dropped(kept: Floats, odd: Mask, labels: tuple[str, ...]) -> Iterator[tuple[Mask, str]]:
    """Where nothing was kept, and where most votes say that there is nothing to see."""
    yield nothing(kept > 0), f"dropped: {NO_MAJORITY}"
    best = kept[:, ~odd].max(axis=1, initial=0)
    for place in np.flatnonzero(odd):
        said = kept[:, place]
        yield (said > best) & (said >= kept.max(axis=1)), f"dropped: {labels[place]}"


def _majority(votes: Floats, _: Mask) -> Floats:
    return np.where(votes > 0.5 * votes.sum(axis=1, keepdims=True), votes, 0.0)


def _multi_target(votes: Floats, _: Mask) -> Floats:
    whole = votes.sum(axis=1, keepdims=True)
    kept = np.where(votes >= 0.3 * whole, votes, 0.0)
    return np.where(kept.sum(axis=1, keepdims=True) > 0.5 * whole, kept, 0.0)


def _cross_entropy(votes: Floats, odd: Mask) -> Floats:
    """The most voted labels, those that tie at once, until they have three quarters or there are three of them.

    It goes no further than a label that is none, which counts only where it comes first, without others.
    """
    whole, left, kept = votes.sum(axis=1), votes.copy(), np.zeros_like(votes)
    open_ = np.ones(len(votes), dtype=bool)
    for _ in range(3):
        open_ &= (kept.sum(axis=1) < 0.75 * whole) & ((kept > 0).sum(axis=1) < 3)
        top = open_[:, None] & (left == left.max(axis=1, keepdims=True, initial=0))
        stop = (top & odd).any(axis=1)
        kept = np.where(top & ~odd, votes, kept)
        first = top & odd & (np.cumsum(top & odd, axis=1) == 1) & ~(kept > 0).any(axis=1, keepdims=True)
        kept = np.where(first, votes, kept)
        left[top] = 0.0
        open_ &= ~stop
    wrong = (kept.sum(axis=1) <= 0.5 * whole) | ((kept > 0).sum(axis=1) > 3)
    return np.where(wrong[:, None], 0.0, kept)


_KEPT: Mapping[str, Callable[[Floats, Mask], Floats]] = {
    "majority": _majority,
    "cross_entropy": _cross_entropy,
    "multi_target": _multi_target,
}
