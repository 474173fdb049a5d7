"""The movement of pitch over an utterance, by the rules that EmotionThinker published for its annotations."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from affectory.transforms.audio._voice import HOP
from affectory.transforms.audio._working import RATE

Track = NDArray[np.float64]

HOP_S = HOP / RATE
_FLAT_ST, _EXPRESSIVE_ST, _MOVES_ST = 3.0, 9.0, 2.0
_LEAST_S, _LONG_PAUSE_S, _PER_PAUSE = 0.5, 0.3, 0.7
_TURNS_WITHIN, _LEAST_GAIN, _LEAST_CONFIDENCE = (0.25, 0.75), 0.05, 0.15
_QUADRATIC_9 = np.array([-21, 14, 39, 54, 59, 54, 39, 14, -21]) / 231


class Shape(NamedTuple):
    """What the contour does, and by how many of the semitones that it takes it does it."""

    name: str
    margin: float


def contour(pitch_hz: Track) -> str:
    """A name for the pitch of frames of 10 ms (NaN where there is none), in semitones.

    rising, falling, rising-falling, falling-rising; flat or expressive where it goes nowhere; too_short with less than
    half a second of voice; uncertain where the name hangs on too little.
    """
    frames = np.flatnonzero(np.isfinite(pitch_hz))
    voiced_s = frames.size * HOP_S
    if voiced_s < _LEAST_S:
        return "too_short"
    pitch = _smooth(12 * np.log2(pitch_hz[frames] / np.median(pitch_hz[frames])))
    shape = _shape((frames - frames[0]) / (frames[-1] - frames[0]), pitch)
    pauses = int((np.diff(frames) * HOP_S > _LONG_PAUSE_S).sum())
    confidence = np.clip(shape.margin, 0, 1) * min(voiced_s / (2 * _LEAST_S), 1) * _PER_PAUSE**pauses
    if confidence < _LEAST_CONFIDENCE:
        return "uncertain"
    if shape.name != "level":
        return shape.name
    low, high = np.percentile(pitch, (5, 95))
    return "expressive" if high - low > _EXPRESSIVE_ST else "flat"


def _shape(at: Track, pitch: Track) -> Shape:
    """By its turn where it has one, else by what lies between its first and last quarter; `at` goes from 0 to 1."""
    bent, straight = np.polyfit(at, pitch, 2), np.polyfit(at, pitch, 1)
    turn = -bent[1] / (2 * bent[0]) if abs(bent[0]) > 1e-9 else -1.0
    depth = float(np.polyval(bent, turn) - np.polyval(bent, [0, 1]).mean())
    gain = _explained(pitch, np.polyval(bent, at)) - _explained(pitch, np.polyval(straight, at))
    if _TURNS_WITHIN[0] <= turn <= _TURNS_WITHIN[1] and abs(depth) >= _MOVES_ST and gain >= _LEAST_GAIN:
        return Shape("rising-falling" if depth > 0 else "falling-rising", abs(depth) / _MOVES_ST - 1)
    moved = float(np.median(pitch[at >= 0.75]) - np.median(pitch[at <= 0.25]))
    if abs(moved) < _MOVES_ST:
        return Shape("level", 1 - abs(moved) / _MOVES_ST)
    return Shape("rising" if moved > 0 else "falling", abs(moved) / _MOVES_ST - 1)


def _explained(values: Track, fitted: NDArray[np.floating[Any]]) -> float:
    spread = float(np.square(values - values.mean()).sum())
    return 1 - float(np.square(values - fitted).sum()) / spread if spread > 0 else 0.0


def _smooth(values: Track) -> Track:
    """The median of five, then a quadratic through nine; the ends are drawn out."""
    medians = np.median(np.lib.stride_tricks.sliding_window_view(np.pad(values, 2, "edge"), 5), axis=1)
    return np.convolve(np.pad(medians, 4, "edge"), _QUADRATIC_9, "valid")
