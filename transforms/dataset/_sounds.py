"""Fingerprints of sound: how the energy of neighbouring bands changes against each other from one stretch to the next.

They stay nearly the same when a sound is encoded again or made louder (Haitsma and Kalker 2002, on the whole sound
instead of its frames).
"""

from collections.abc import Iterator
from functools import cache
from itertools import chain
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from affectory.transforms.dataset._alike import plain

if TYPE_CHECKING:
    from affectory.transforms.audio._working import Sound

BYTES = 128
_STRETCHES, _BANDS = 33, 33
_WINDOW, _HOP, _LEAST_HOP = 2048, 1024, 128
_RATE, _LOW_HZ, _HIGH_HZ = 16_000, 200.0, 4000.0
_FLOOR = 1e-7
_LEAST_TELLING = 8
"""Of the 64 pieces of 16 signs."""
Energies = NDArray[np.float64]


def fingerprint(sound: "Sound") -> bytes | None:
    """32 signs for each of 32 stretches; none where it is too short, or where hardly anything changes."""
    first, others = _begun(sound)
    hop = _hop(first.size)
    parts = [_energies(piece.astype(np.float64), hop) for piece in chain([first], others)]
    frames = np.concatenate(parts)
    if len(frames) < _STRETCHES or frames.max() < _FLOOR:
        return None
    edges = np.linspace(0, len(frames), _STRETCHES + 1).round().astype(np.int64)
    stretches = np.add.reduceat(frames, edges[:-1], axis=0) / np.diff(edges)[:, None]
    # Rounded, as the last bits differ between processors.
    levels = np.round(np.log10(stretches + _FLOOR), 3)
    changes = np.diff(np.diff(levels, axis=0), axis=1)
    signs = np.packbits(changes > 0)
    telling = (~plain(signs.view(np.uint16))).sum()
    return signs.tobytes() if telling >= _LEAST_TELLING else None


def _begun(sound: "Sound") -> tuple[NDArray[np.float32], Iterator[NDArray[np.float32]]]:
    """As much as tells whether the sound is short, in one piece wherever in its file it lies; and what follows."""
    pieces, made, count = sound.working(), [np.zeros(0, np.float32)], 0
    for piece in pieces:
        made.append(piece)
        count += piece.size
        if count >= 4 * _STRETCHES * _HOP:
            break
    return np.concatenate(made), pieces


def _hop(samples: int) -> int:
    """A short sound is looked at in smaller steps."""
    return int(np.clip(samples // (4 * _STRETCHES), _LEAST_HOP, _HOP))


def _energies(samples: Energies, hop: int) -> Energies:
    """The energy of each band in each window; the last one is filled with silence."""
    found = []
    padded = np.append(samples, np.zeros(_WINDOW))
    windows = np.lib.stride_tricks.sliding_window_view(padded, _WINDOW)[: len(samples) : hop]
    for start in range(0, len(windows), 512):
        spectrum = np.fft.rfft(windows[start : start + 512] * np.hanning(_WINDOW), axis=1)
        found.append((spectrum.real**2 + spectrum.imag**2) @ _filters())
    return np.concatenate(found) if found else np.zeros((0, _BANDS))


@cache
def _filters() -> Energies:
    """Which frequencies each band takes: bands are equally wide to the ear, and touch."""
    edges = np.geomspace(_LOW_HZ, _HIGH_HZ, _BANDS + 1)
    frequencies = np.fft.rfftfreq(_WINDOW, 1 / _RATE)
    inside = (frequencies[:, None] >= edges[:-1]) & (frequencies[:, None] < edges[1:])
    nearest = np.abs(frequencies[:, None] - np.sqrt(edges[:-1] * edges[1:])).argmin(axis=0)
    inside[nearest, np.arange(_BANDS)] = True
    return inside.astype(np.float64) / _WINDOW**2
