"""Words of texts, how they go together with labels, and labels foretold from them: a logistic regression."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from affectory.quality.audits._chance import Floats, Ints

FEWEST = 3
"""Texts that a word must be in."""
MOST_WORDS = 5000
SHRINKS = (0.3, 1.0, 3.0)
"""How strongly weights of words are held back: GoEmotions is served best by the first, what is told less by others."""
_CLOSE, _STEPS = 1e-3, 25
_AT_ONCE = 1 << 20
_ALONE = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u2e80-\u30ff\u3400-\u9fff\uf900-\ufaff"
_WORD = re.compile(rf"[{_ALONE}]|(?:(?![{_ALONE}])[^\W_])+(?:['’](?:(?![{_ALONE}])[^\W_])+)*")


def words_of(text: str) -> list[str]:
    """The words of a text, caseless; of scripts that put no spaces between words, its characters."""
    return _WORD.findall(unicodedata.normalize("NFC", text).casefold())


@dataclass(frozen=True)
class Bag:
    """Which words are in which texts."""

    words: tuple[str, ...]
    row: Ints
    word: Ints
    rows: int

    @staticmethod
    def of(texts: Sequence[str | None]) -> "Bag":
        """The words that are in several texts, the most frequent ones."""
        places: dict[str, int] = {}
        found = [sorted({places.setdefault(w, len(places)) for w in words_of(text or "")}) for text in texts]
        row = np.repeat(np.arange(len(texts)), [len(words) for words in found])
        word = np.array([w for words in found for w in words], np.int64)
        names = np.array([*places, ""])[:-1]
        counts = np.bincount(word, minlength=len(names))
        order = np.lexsort([names, -counts])
        kept = order[counts[order] >= FEWEST][:MOST_WORDS]
        rank = np.full(len(names), -1)
        rank[kept] = np.arange(len(kept))
        there = rank[word] >= 0
        return Bag(tuple(names[kept].tolist()), row[there], rank[word][there], len(texts))

    @cached_property
    def counts(self) -> Ints:
        """In how many texts each word is."""
        return np.bincount(self.word, minlength=len(self.words))

    def beside(self, labels: Ints, classes: int) -> NDArray[np.int64]:
        """How often each word stands beside each label; of several lines of labels for each."""
        lines, size = np.atleast_2d(labels), len(self.words) * classes
        at = self.word * classes + lines[:, self.row] + np.arange(len(lines))[:, None] * size
        found = np.bincount(at.ravel(), minlength=len(lines) * size).reshape(len(lines), len(self.words), classes)
        return found if labels.ndim == 2 else found[0]

    def lift(self, labels: Ints, classes: int) -> Floats:
        """Of each word and label how much more often they stand together than if nothing bound them, in its spread."""
        expected = self.counts[:, None] * np.bincount(labels, minlength=classes) / max(1, self.rows)
        found: Floats = (self.beside(labels, classes) - expected) / np.sqrt(expected + 1)
        return found

    def bound(self, labels: Ints, classes: int) -> Floats:
        """How closely words and labels go together, of each line of labels; every line has the same labels."""
        expected = self.counts[:, None] * np.bincount(labels[0], minlength=classes) / max(1, self.rows)
        together = max(1, _AT_ONCE // max(1, expected.size))
        lots = (labels[start : start + together] for start in range(0, len(labels), together))
        apart = ((self.beside(lot, classes) - expected) ** 2 / (expected + 1) for lot in lots)
        return np.concatenate([lot.reshape(len(lot), -1).sum(axis=1) for lot in apart])

    def foretold(self, labels: Ints, classes: int, folds: Ints, shrink: float) -> Floats:
        """Of each text the chances of all labels, as learnt from the texts of other folds."""
        x, found = self._matrix(), np.zeros((self.rows, classes))
        for fold in np.unique(folds):
            here = folds == fold
            prior = np.log(prior_of(labels[~here], classes))
            weights = _fitted(x[~here], labels[~here], prior, shrink)
            found[here] = _chances(x[here] @ weights + prior)
        return found

    def _matrix(self) -> Any:
        """A text whose words are many is no stronger for that."""
        from scipy.sparse import csr_matrix

        sizes = np.bincount(self.row, minlength=self.rows)
        return csr_matrix((1 / np.sqrt(sizes[self.row]), (self.row, self.word)), (self.rows, len(self.words)))

    def only(self, rows: Ints) -> "Bag":
        """The bag of some texts, with the same words."""
        place = np.full(self.rows, -1)
        place[rows] = np.arange(len(rows))
        there = place[self.row] >= 0
        return replace(self, row=place[self.row][there], word=self.word[there], rows=len(rows))


def prior_of(labels: Ints, classes: int) -> Floats:
    """The share of each label, none of them nothing."""
    found: Floats = (np.bincount(labels, minlength=classes) + 1) / (len(labels) + classes)
    return found


def _fitted(x: Any, labels: Ints, prior: Floats, shrink: float) -> Floats:
    """Weights of words for labels; sparse products and sums of numpy, which are the same on any processor."""
    from affectory.transforms.views._descent import lowest

    rows, turned, shape = np.arange(len(labels)), x.T.tocsr(), (x.shape[1], len(prior))

    def loss(flat: Floats) -> tuple[float, Floats]:
        weights = flat.reshape(shape)
        chances = _chances(x @ weights + prior)
        value = -np.log(chances[rows, labels]).sum() + shrink / 2 * (flat * flat).sum()
        chances[rows, labels] -= 1
        return float(value) / len(rows), (turned @ chances + shrink * weights).ravel() / len(rows)

    return lowest(loss, np.zeros(shape[0] * shape[1]), _CLOSE, _STEPS).reshape(shape)


def _chances(scores: Floats) -> Floats:
    raised = np.exp(scores - scores.max(axis=1, keepdims=True))
    found: Floats = raised / raised.sum(axis=1, keepdims=True)
    return found
