"""A stretch of a file's sound, written as one to publish."""

from affectory.transforms.media._decode import audio_stream, opened
from affectory.transforms.media._sound import encode_sound, sound


def mono(path: str, start_us: int, end_us: int | None, rate: int, form: str, max_s: float) -> tuple[bytes, int] | None:
    """A file of 16-bit mono samples, and how many there are; None of a file without sound."""
    with opened(path) as container:
        stream = audio_stream(container)
        if stream is None:
            return None
        blocks = sound(
            container, stream, start_us, end_us, rate=rate, layout="mono", sample_format="s16", max_s=max_s
        )  # fmt: skip
        return encode_sound(blocks, rate, form)
