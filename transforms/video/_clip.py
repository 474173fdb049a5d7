"""One stretch of a video, read and written again as an MP4."""

import tempfile
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

from affectory.transforms.media._decode import Picture, audio_stream, moving_pictures, opened, pictures_in
from affectory.transforms.media._sound import Samples, sound
from affectory.transforms.rows import Reject
from affectory.transforms.video._mp4 import SOUND_RATE, Mp4, PictureForm


def clip(path: str, start_us: int, end_us: int | None, form: PictureForm) -> bytes:
    """The MP4 file's bytes."""
    with tempfile.TemporaryDirectory() as folder, opened(path) as seen, opened(path) as heard:
        made = Path(folder) / "clip.mp4"
        stream, voice = moving_pictures(seen), audio_stream(heard)
        with Mp4(made, stream, form, bool(voice)) as mp4:
            blocks = sound(heard, voice, start_us, end_us, rate=SOUND_RATE, layout="stereo") if voice else iter(())
            _fill(mp4, pictures_in(seen, stream, start_us, end_us), blocks, start_us)
        return made.read_bytes()


def _fill(mp4: Mp4, found: Iterator[Picture], blocks: Iterator[Samples], start_us: int) -> None:
    """Pictures and sound in the order of their times, so that neither has to wait for the whole of the other."""
    first = next(found, None)
    if first is None:
        raise Reject("empty", "no picture begins in this stretch")
    for picture in chain([first], found):
        while mp4.heard_us <= picture.at_us - start_us and (block := next(blocks, None)) is not None:
            mp4.hear(block)
        mp4.show(picture.frame, picture.at_us - start_us)
    for block in blocks:
        mp4.hear(block)
