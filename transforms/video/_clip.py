"""One stretch of a video, seen and heard and written again as an MP4."""

import tempfile
from contextlib import ExitStack
from pathlib import Path

import numpy as np

from affectory.transforms.media._decode import Picture, audio_stream, opened
from affectory.transforms.media._film import Film
from affectory.transforms.media._sound import Samples, sound
from affectory.transforms.rows import Reject, Values
from affectory.transforms.video._mp4 import SOUND_RATE, Mp4, PictureForm

_AHEAD_US = 1_000_000


class Clip:
    """Writes pictures and sound in the order of their times, so that neither has to wait for the whole of the other."""

    def __init__(self, film: Film, form: PictureForm) -> None:
        self._start_us, self._any = film.start_us, False
        self._open = ExitStack()
        try:
            folder = self._open.enter_context(tempfile.TemporaryDirectory())
            heard = self._open.enter_context(opened(film.path))
            voice = audio_stream(heard)
            self._path = Path(folder) / "clip.mp4"
            layout = ("mono" if voice.channels == 1 else "stereo") if voice else None
            self._mp4 = self._open.enter_context(Mp4(self._path, film.rate, film.aspect, form, layout))
            span = film.start_us, film.end_us
            self._blocks = sound(heard, voice, *span, rate=SOUND_RATE, layout=layout) if voice else iter(())
        except BaseException:
            self._open.close()
            raise

    def __del__(self) -> None:
        self._open.close()

    def show(self, picture: Picture) -> None:
        at_us, self._any = picture.at_us - self._start_us, True
        if self._mp4.heard_us <= at_us:
            self._listen(at_us + _AHEAD_US)
        self._mp4.show(picture.frame, at_us)

    def _listen(self, until_us: int) -> bool:
        """A second of sound at once: coders that take turns at every picture push each other out of the cache."""
        heard, blocks = self._mp4.heard_us, list[Samples]()
        while heard <= until_us and (block := next(self._blocks, None)) is not None:
            blocks.append(block)
            heard += block.shape[1] * 1_000_000 // SOUND_RATE
        if blocks:
            self._mp4.hear(np.concatenate(blocks, axis=1))
        return bool(blocks)

    def made(self) -> Values:
        if not self._any:
            raise Reject("empty", "no picture begins in this stretch")
        while self._listen(self._mp4.heard_us + _AHEAD_US):
            pass
        self._mp4.finish()
        return {"video": {"bytes": self._path.read_bytes(), "format": "mp4"}}
