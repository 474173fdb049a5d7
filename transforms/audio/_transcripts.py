"""What an ASR model said of a sound, read into text, language, utterances and words."""

import json
import math
from collections.abc import Mapping
from typing import Any

from affectory.transforms.audio._hearing import filtered
from affectory.transforms.base import Reply
from affectory.transforms.media._limits import span
from affectory.transforms.rows import Values

Transcript = Mapping[str, Any]
"""`language`, and `segments` with `start` and `end` in seconds, `text`, `logprob` (mean of the tokens), `words`, which
have `start`, `end`, `text` with its spaces, and `probability`; and `compression`, how much gzip makes of the text."""


_GOES_ROUND = 2.4
"""Text that can be compressed so well repeats itself: Whisper's authors take it for a failure to hear."""


def read(row: Values, reply: Reply | None, min_confidence: float | None) -> Values:
    """What a row becomes by the transcript of its sound."""
    found = transcribed(loaded((reply and reply.text) or ""), *span(row["anchor"]), row)
    if found["asr_confidence"] is not None:
        filtered("asr_confidence", found["asr_confidence"], at_least=min_confidence)
    return found


def loaded(text: str) -> Transcript:
    """A transcript as a model answered; anything else is an error that says what is wrong."""
    found: Transcript = json.loads(text)
    for segment in found["segments"]:
        for part in (segment, *segment["words"]):
            if not (isinstance(part["text"], str) and 0 <= part["start"] <= part["end"] < math.inf):
                raise ValueError(f"no stretch of speech: {part}")
        if not all(map(math.isfinite, [segment["logprob"], *(word["probability"] for word in segment["words"])])):
            raise ValueError(f"how sure it is of {segment['text']!r} is no number")
    return found if isinstance(found["language"], str | None) else {**found, "language": None}


def transcribed(said: Transcript, start_us: int, end_us: int | None, row: Values) -> Values:
    """What a transcript becomes, in the record's time. A text or language that is there already stays."""
    segments = [s for s in said["segments"] if s.get("compression", 0) <= _GOES_ROUND]
    whole = "".join(s["text"] for s in segments)
    text, own = whole.strip(), not row["text"]

    def place(kind: str, part: Mapping[str, Any], score: float) -> dict[str, Any]:
        times = (min(start_us + round(part[x] * 1e6), end_us or 2**62) for x in ("start", "end"))
        return {"kind": kind, **dict(zip(("start_us", "end_us"), times, strict=True)), "score": round(score, 4)}

    utterances = [{**place("utterance", s, math.exp(s["logprob"])), "text": s["text"].strip()} for s in segments]
    words = [{**place("word", w, w["probability"]), "text": w["text"].strip()} for s in segments for w in s["words"]]
    return {
        "text": (text or None) if own else row["text"],
        "language": row["language"] or said["language"],
        "segments": utterances,
        "words": _in_text(words, text) if own else words,
        "asr_text": text,
        "asr_confidence": round(sum(w["score"] for w in words) / len(words), 4) if words else None,
    }


def _in_text(words: list[dict[str, Any]], text: str) -> list[dict[str, Any]]:
    """Words with the characters that they are; one that is not in the text after those before it has none."""
    at = 0
    for word in words:
        found = text.find(word["text"], at)
        if found >= 0:
            at = found + len(word["text"])
            word |= {"char_start": found, "char_end": at}
    return words
