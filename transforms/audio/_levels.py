"""Levels of sound: mean power of frames, and integrated loudness by ITU-R BS.1770-5."""

import math
from collections.abc import Iterator

import av
import numpy as np
from numpy.typing import NDArray

from affectory.transforms.audio._working import Sound
from affectory.transforms.media._sound import Samples
from affectory.transforms.rows import Values

Power = NDArray[np.float64]

_SILENCE, _FULL_SCALE = 1e-6, 1 - 2**-15
_FRAME, _LEAST_FRAMES, _MOST_SNR = 320, 25, 100.0
_HOPS, _HOPS_A_SECOND, _LEAST_RATE = 4, 10, 8000
_ABSOLUTE_LUFS, _RELATIVE_LU, _OFFSET = -70.0, -10.0, -0.691
_WEIGHTS = {"LFE": 0.0, "LFE2": 0.0, "BL": 1.41, "BR": 1.41, "SL": 1.41, "SR": 1.41}


def dbfs(level: float) -> float:
    """An amplitude in dB below full scale; digital silence is -120."""
    return float(20 * np.log10(max(level, _SILENCE)))


def levels(sound: Sound, silence_dbfs: float) -> Values:
    """All levels of a sound; none where it holds no sample. The last three may lack where it is short or silent."""
    meter, frames = LoudnessMeter(sound.rate, sound.layout), Frames(_FRAME)
    count, power, peak, clipped = 0, 0.0, 0.0, 0
    for native, working in sound.pieces():
        level = np.abs(native)
        count += native.size
        power += float(np.square(native, dtype=np.float64).sum())
        peak = max(peak, float(level.max(initial=0)))
        clipped += int((level >= _FULL_SCALE).sum())
        meter.add(native)
        frames.add(np.square(working, dtype=np.float64))
    if not count:
        return {}
    found = {"loudness_dbfs": dbfs((power / count) ** 0.5), "peak_dbfs": dbfs(peak), "clipping": clipped / count}
    return {**found, "loudness_lufs": meter.lufs(), **_of_frames(frames.means, silence_dbfs)}


def _of_frames(power: Power, silence_dbfs: float) -> Values:
    if not power.size:
        return {}
    quiet, loud = 10 * np.log10(np.maximum(np.percentile(power, (10, 95)), _SILENCE**2))
    snr = round(min(float(loud - quiet), _MOST_SNR), 2) if power.size >= _LEAST_FRAMES else None
    return {"silence_share": round(float(np.mean(power < 10 ** (silence_dbfs / 10))), 4), "snr_db": snr}


class Frames:
    """Mean power of frames of a fixed size, of samples that come in pieces; a frame that is not filled is left out."""

    def __init__(self, size: int) -> None:
        self._size, self._rest = size, np.zeros(0)
        self._means: list[Power] = []

    def add(self, power: Power) -> None:
        """Power of the samples that follow."""
        power = np.concatenate([self._rest, power])
        whole = power.size // self._size * self._size
        self._means.append(power[:whole].reshape(-1, self._size).mean(axis=1))
        self._rest = power[whole:]

    @property
    def means(self) -> Power:
        return np.concatenate([np.zeros(0), *self._means])


class LoudnessMeter:
    """Loudness of a stretch that comes in pieces, its channels named by FFmpeg's layout; none below 8 kHz, where the
    weighting has no meaning.
    """

    def __init__(self, rate: int, layout: str) -> None:
        self._weights = np.array([_WEIGHTS.get(c.name, 1.0) for c in av.AudioLayout(layout).channels])
        self._hops = Frames(max(1, rate // _HOPS_A_SECOND))
        self._filter = _Filter(rate, len(self._weights)) if rate >= _LEAST_RATE else None

    def add(self, piece: Samples) -> None:
        for filtered in self._filter(piece) if self._filter else ():
            self._hops.add(self._weights @ np.square(filtered))

    def lufs(self) -> float | None:
        """Integrated loudness; none where no 400 ms are louder than -70 LUFS."""
        hops = self._hops.means
        if hops.size < _HOPS:
            return None
        blocks = np.convolve(hops, np.full(_HOPS, 1 / _HOPS), "valid")
        blocks = blocks[_lufs(blocks) > _ABSOLUTE_LUFS]
        if not blocks.size:
            return None
        blocks = blocks[_lufs(blocks) > _lufs(blocks.mean()) + _RELATIVE_LU]
        return round(float(_lufs(blocks.mean())), 2)


def _lufs(power: Power) -> Power:
    return np.asarray(_OFFSET + 10 * np.log10(np.maximum(power, 1e-20)))


class _Filter:
    """K-weighting by multiplication of spectra: what the filter remembers fades in well under a quarter of a second."""

    def __init__(self, rate: int, channels: int) -> None:
        self._past = np.zeros((channels, rate // 4))
        self._size = 1 << math.ceil(math.log2(rate))
        self._response = _k_weighting(rate, self._size)

    def __call__(self, piece: Samples) -> Iterator[NDArray[np.float64]]:
        past = self._past.shape[1]
        step = self._size - past
        for at in range(0, piece.shape[1], step):
            new = piece[:, at : at + step]
            given = np.concatenate([self._past, new], axis=1)
            made = np.fft.irfft(np.fft.rfft(given, self._size) * self._response, self._size)
            self._past = given[:, -past:]
            yield made[:, past : given.shape[1]]


def _k_weighting(rate: int, size: int) -> NDArray[np.complex128]:
    """The frequency response of both stages, for any sample rate by the bilinear transform."""
    k, q = math.tan(math.pi * 1681.974450955533 / rate), 0.7071752369554196
    high = 10 ** (3.999843853973347 / 20)
    band = high**0.4996667741545416
    shelf = [high + band * k / q + k * k, 2 * (k * k - high), high - band * k / q + k * k], _poles(k, q)
    k, q = math.tan(math.pi * 38.13547087602444 / rate), 0.5003270373238773
    unit = _poles(k, q)[0]
    passing = [unit, -2 * unit, unit], _poles(k, q)
    z = np.exp(-2j * np.pi * np.arange(size // 2 + 1) / size)
    return np.asarray(np.prod([np.polyval(a[::-1], z) / np.polyval(b[::-1], z) for a, b in (shelf, passing)], axis=0))


def _poles(k: float, q: float) -> list[float]:
    return [1 + k / q + k * k, 2 * (k * k - 1), 1 - k / q + k * k]
