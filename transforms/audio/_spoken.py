"""The stretches of speech of a sound, as `speech` writes them."""

from typing import NamedTuple

from affectory.transforms.audio._voice import Detector, Voice, joined, padded, split
from affectory.transforms.audio._working import RATE, Sound
from affectory.transforms.rows import Reject, Values


class Rule(NamedTuple):
    """What counts as a stretch of speech, in seconds."""

    min_speech_s: float
    min_pause_s: float
    pad_s: float
    max_s: float | None


def spoken(sound: Sound, detect: Detector, rule: Rule) -> Values:
    """Segments and how much of the sound they are, without their padding."""
    voice = detect(sound.working())
    if not voice.samples:
        raise Reject("empty", "no sample can be decoded")
    runs = joined(voice.runs(), _samples(rule.min_pause_s), _samples(rule.min_speech_s))
    count = sum(b - a for a, b in runs)
    runs = padded(runs, _samples(rule.pad_s), voice.samples)
    if rule.max_s is not None:
        runs = split(runs, voice, _samples(rule.max_s))
    return {
        "segments": [_segment(sound, voice, a, b) for a, b in runs],
        "speech_s": round(count / RATE, 4),
        "speech_share": round(count / voice.samples, 4),
    }


def _samples(seconds: float) -> int:
    return round(seconds * RATE)


def _segment(sound: Sound, voice: Voice, start: int, end: int) -> Values:
    score = voice.score[start // voice.hop : -(-end // voice.hop)].mean()
    return {
        "kind": "speech",
        "start_us": sound.at_us(start),
        "end_us": sound.at_us(end),
        "score": round(float(score), 3),
    }
