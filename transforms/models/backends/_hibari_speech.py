"""The voice of hibari-tts, which comes in its package: text to 16-bit WAV, on one thread."""

import wave
from collections.abc import Callable
from io import BytesIO

VOICE, RATE = "heart", 24_000
"""Other voices the package would fetch by itself, which nothing here does unasked."""


def speech(speed: float) -> Callable[[str, int], tuple[bytes, int]]:
    """Loads the voice: it makes a WAV file of a text, and says how many samples that has."""
    import numpy as np
    from hibari import Hibari  # type: ignore[import-untyped]

    voice = Hibari(voice=VOICE, threads=1)

    def say(text: str, seed: int) -> tuple[bytes, int]:
        samples = voice(text, speed=speed, seed=seed)
        return _wav(np.rint(samples.clip(-1, 1) * 32767).astype("<i2").tobytes()), len(samples)

    return say


def _wav(samples: bytes) -> bytes:
    file = BytesIO()
    with wave.open(file, "wb") as made:
        made.setnchannels(1)
        made.setsampwidth(2)
        made.setframerate(RATE)
        made.writeframes(samples)
    return file.getvalue()
