"""Prosody of a sound, measured by Praat and summed up over the frames in which somebody speaks.

Praat (parselmouth) is under the GPL: nothing but the step `prosody` imports this module.
"""

from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
import parselmouth
from numpy.typing import NDArray
from parselmouth.praat import call

from affectory.transforms.audio._contour import HOP_S, Track, contour
from affectory.transforms.audio._voice import HOP, energy, joined
from affectory.transforms.audio._working import RATE, Mono
from affectory.transforms.rows import Values

_FLOOR_HZ, _CEILING_HZ, _AROUND = 55.0, 500.0, (0.6, 2.0)
_OCTAVE_AWAY, _OCTAVE_NEAR = 9.0, 6.0
_LEAST_FRAMES = 10
_BELOW_DB, _MIN_SPEECH_S, _MIN_GAP_S, _PAUSE_S = 35.0, 0.05, 0.06, 0.15
_SYLLABLE_RANGE_DB, _DIP_DB, _INTENSITY_HZ = 25.0, 2.0, 50.0
_PERIODS = (0, 0, 0.0001, 0.02, 1.3)


class Speech(NamedTuple):
    """Frames of 10 ms: how loud they are, and whether somebody speaks in them."""

    level_db: Track
    mask: NDArray[np.bool_]
    runs: list[tuple[int, int]]


def prosody(samples: Mono) -> Values:
    """All measures of a sound; those are missing for which it is too short, or has no voice."""
    speech = _speech(samples)
    count = int(speech.mask.sum())
    if not count:
        return {"contour": "too_short"}
    sound = parselmouth.Sound(samples.astype(np.float64), RATE)
    pitch = np.where(speech.mask, _pitch(sound, speech.mask.size), np.nan)
    voiced = pitch[np.isfinite(pitch)]
    found = {**_of_pitch(voiced), **_of_energy(speech), **_of_pauses(speech), **_of_voice(sound, voiced)}
    rate = _syllables(sound, pitch) / (count * HOP_S) if samples.size >= 2 * 6.4 / _INTENSITY_HZ * RATE else None
    found |= {"voiced_share": voiced.size / count, "syllable_rate_hz": rate, "contour": contour(pitch)}
    return {name: _rounded(value) for name, value in found.items()}


def _rounded(value: Any) -> Any:
    """Processors of different makes compute different last bits; Praat says NaN where there is nothing to measure."""
    if not isinstance(value, float):
        return value
    return round(float(value), 4) if np.isfinite(value) else None


def _speech(samples: Mono) -> Speech:
    voice = energy(_BELOW_DB)([samples])
    found = joined(voice.runs(), round(_MIN_GAP_S * RATE), round(_MIN_SPEECH_S * RATE))
    runs = [(a // HOP, -(-b // HOP)) for a, b in found]
    mask = np.zeros(voice.speech.size, np.bool_)
    for start, end in runs:
        mask[start:end] = True
    return Speech(voice.level_db, mask, runs)


def _pitch(sound: parselmouth.Sound, frames: int) -> Track:
    """Pitch of frames of 10 ms: tracked twice, the second time around the speaker's own median."""
    pitch = _tracked(sound, frames, _FLOOR_HZ, _CEILING_HZ)
    if np.isfinite(pitch).sum() >= _LEAST_FRAMES:
        low, high = np.nanmedian(pitch) * np.array(_AROUND)
        pitch = _tracked(sound, frames, max(_FLOOR_HZ, low), min(_CEILING_HZ, high))
    return _without_octaves(pitch)


def _tracked(sound: parselmouth.Sound, frames: int, floor: float, ceiling: float) -> Track:
    pitch = np.full(frames, np.nan)
    if sound.duration <= 3 / floor:  # Praat looks at three periods at a time
        return pitch
    found = sound.to_pitch_ac(time_step=HOP_S, pitch_floor=floor, pitch_ceiling=ceiling)
    hertz = found.selected_array["frequency"]
    places = np.floor(found.xs() / HOP_S + 1e-6).astype(np.int64)
    inside = (hertz > 0) & (places < frames)
    pitch[places[inside]] = hertz[inside]
    return pitch


def _without_octaves(pitch: Track) -> Track:
    """Frames far from the median that an octave would bring near it are errors of an octave."""
    if np.isfinite(pitch).sum() < _LEAST_FRAMES:
        return pitch
    away = 12 * np.log2(pitch / np.nanmedian(pitch))
    for octave in (12, -12):
        wrong = (np.abs(away) > _OCTAVE_AWAY) & (np.abs(away + octave) <= _OCTAVE_NEAR)
        pitch, away = np.where(wrong, pitch * 2 ** (octave / 12), pitch), np.where(wrong, away + octave, away)
    return pitch


def _of_pitch(voiced: Track) -> dict[str, Any]:
    if not voiced.size:
        return {}
    low, high = np.percentile(voiced, (5, 95))
    return {
        "pitch_hz": float(np.median(voiced)),
        "pitch_low_hz": float(low),
        "pitch_high_hz": float(high),
        "pitch_sd_hz": float(voiced.std()),
        "pitch_range_st": float(12 * np.log2(high / low)),
        "pitch_sd_st": float((12 * np.log2(voiced)).std()),
    }


def _of_energy(speech: Speech) -> dict[str, Any]:
    level = speech.level_db[speech.mask]
    mean = float(10 * np.log10(np.mean(10 ** (level / 10))))
    return {"energy_dbfs": mean, "energy_sd_db": float(level.std())}


def _of_pauses(speech: Speech) -> dict[str, Any]:
    """Between stretches of speech; what lies before and after them is none."""
    pauses = [p for p in ((b[0] - a[1]) * HOP_S for a, b in pairwise(speech.runs)) if p >= _PAUSE_S]
    whole = (speech.runs[-1][1] - speech.runs[0][0]) * HOP_S
    mean = sum(pauses) / len(pauses) if pauses else None
    return {"pause_count": len(pauses), "pause_share": sum(pauses) / whole, "pause_mean_s": mean}


def _of_voice(sound: parselmouth.Sound, voiced: Track) -> dict[str, Any]:
    """Jitter, shimmer (both local) and harmonicity, as Praat's manual has them."""
    if voiced.size < _LEAST_FRAMES:
        return {}
    low, high = np.median(voiced) * np.array(_AROUND)
    points = call(sound, "To PointProcess (periodic, cc)", max(_FLOOR_HZ, low), min(_CEILING_HZ, high))
    harmonic = sound.to_harmonicity_cc(time_step=HOP_S, minimum_pitch=max(_FLOOR_HZ, low)).values
    harmonic = harmonic[harmonic > -200]
    return {
        "jitter": float(call(points, "Get jitter (local)", *_PERIODS)),
        "shimmer": float(call([sound, points], "Get shimmer (local)", *_PERIODS, 1.6)),
        "hnr_db": float(harmonic.mean()) if harmonic.size else None,
    }


def _syllables(sound: parselmouth.Sound, pitch: Track) -> int:
    """Nuclei of syllables after De Jong and Wempe (2009): voiced peaks of loudness with a dip of 2 dB between them."""
    found = sound.to_intensity(minimum_pitch=_INTENSITY_HZ, time_step=HOP_S)
    level, frames = found.values[0], np.floor(found.xs() / HOP_S + 1e-6).astype(np.int64).clip(0, pitch.size - 1)
    least = np.percentile(level, 99) - _SYLLABLE_RANGE_DB
    peaks = np.flatnonzero((level[1:-1] > level[:-2]) & (level[1:-1] >= level[2:]) & (level[1:-1] > least)) + 1
    kept = list[int]()
    for peak in peaks.tolist():
        while kept and level[kept[-1] : peak].min() > min(level[kept[-1]], level[peak]) - _DIP_DB:
            if level[kept[-1]] >= level[peak]:
                break
            kept.pop()
        else:
            kept.append(peak)
    return int(np.isfinite(pitch[frames[kept]]).sum()) if kept else 0
