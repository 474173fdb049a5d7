"""The emotion-wheel score of open words: two sets agree as far as their words lie in the same classes of five wheels.

The classes of words come from the files of the wheels' authors (`zeroQiaoba/MERTools`, folder `emotion_wheel`), which
may not be shipped. The two editions differ in the forms of words and in what F is where nothing fits.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

from affectory.quality._wheel_files import WHEELS, read_classes, words_of

__all__ = ["NEUTRAL", "WHEELS", "EmotionWheels", "HitScore", "WheelScore", "words_of"]

NEUTRAL = "neutral"
"""It is in no wheel."""

Words = Sequence[str]
_Pair = tuple[frozenset[str], frozenset[str]]


@dataclass(frozen=True)
class WheelScore:
    """Means over five wheels: F of the mean precision and recall of all samples, not the mean of their F."""

    f: float
    precision: float
    recall: float
    samples: int
    """Those that have a known word in the truth; others are left out."""


@dataclass(frozen=True)
class HitScore:
    """Means over five wheels and the samples whose one true label is in them."""

    hit_rate: float
    """How often the true class is among those named."""
    m_score: float
    """Of the classes named that are true of some sample, the share that is true of this one."""
    samples: int


@dataclass(frozen=True)
class EmotionWheels:
    """By wheel the class of each word form; forms that are in none are unknown to all of them."""

    classes: tuple[Mapping[str, str], ...]

    @classmethod
    def read(cls, path: Path, level: int = 1, edition: int = 2026) -> "EmotionWheels":
        """Reads the folder that the authors publish, or a table with a row for each form, as CSV.

        `edition` says which where the folder holds `format_2025.csv` and `format_2026.csv`; a `format.csv` alone is
        taken as it is. The table has a column `label` and one for each wheel and level, such as `wheel1_level1`.
        """
        return cls(tuple(read_classes(path, level, edition)))

    def mapped(self, words: Words, wheel: int) -> frozenset[str]:
        """The classes in which these words lie; unknown words are left out."""
        known = self.classes[wheel]
        return frozenset(known[key] for word in words if (key := word.strip().lower()) in known)

    def score(self, truth: Sequence[Words], said: Sequence[Words], undefined: float = 0.0) -> WheelScore:
        """How well words that were said of samples fit their true ones.

        `undefined` is what stands where a wheel has no sample, or F no precision and recall: 0 as in the edition of
        2026, NaN as in that of 2025.
        """
        wheels = [_score(self._pairs(wheel, truth, said), undefined) for wheel in range(len(self.classes))]
        f, precision, recall = (fmean(score[part] for score in wheels) for part in range(3))
        return WheelScore(f, precision, recall, max(int(score[3]) for score in wheels))

    def hits(self, truth: Sequence[str], said: Sequence[Words]) -> HitScore:
        """How well open words hit labels of which each sample has one; the labels that occur are the candidates."""
        wheels = [_hits(self._pairs(w, [[t] for t in truth], said)) for w in range(len(self.classes))]
        rate, share = (fmean(score[part] for score in wheels) for part in range(2))
        return HitScore(rate, share, max(int(score[2]) for score in wheels))

    def hit_any(self, truth: Words, said: Words) -> bool:
        """Whether two sets of words share a class of any wheel; that nothing is named counts as neutral."""
        both = [words or [NEUTRAL] for words in (truth, said)]
        if all(NEUTRAL in words for words in both):
            return True
        return any(self.mapped(both[0], wheel) & self.mapped(both[1], wheel) for wheel in range(len(self.classes)))

    def _pairs(self, wheel: int, truth: Sequence[Words], said: Sequence[Words]) -> list[_Pair]:
        pairs = [(self.mapped(t, wheel), self.mapped(s, wheel)) for t, s in zip(truth, said, strict=True)]
        return [(true, other) for true, other in pairs if true]


def _score(pairs: Sequence[_Pair], undefined: float) -> tuple[float, float, float, int]:
    if not pairs:
        return undefined, undefined, undefined, 0
    precision = fmean(len(true & other) / len(other) if other else 0.0 for true, other in pairs)
    recall = fmean(len(true & other) / len(true) for true, other in pairs)
    both = precision + recall
    return (2 * precision * recall / both if both else undefined), precision, recall, len(pairs)


def _hits(pairs: Sequence[_Pair]) -> tuple[float, float, int]:
    if not pairs:
        return 0.0, 0.0, 0
    candidates = frozenset[str]().union(*(true for true, _ in pairs))
    shares = [len(true & other) / len(other & candidates) if other & candidates else 0.0 for true, other in pairs]
    return fmean(len(true & other) for true, other in pairs), fmean(shares), len(pairs)
