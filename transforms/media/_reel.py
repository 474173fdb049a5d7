"""An opened video whose decoded pictures stay at hand, up to a bound, for whoever asks next."""

import threading
from bisect import bisect_right
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

from av.video.frame import VideoFrame

from affectory.transforms.media._decode import Picture, moving_pictures, opened, pictures
from affectory.transforms.rows import Reject

KEPT_BYTES = 256 * 2**20
"""Of decoded pictures, in each process: nine seconds of 320x240 are 31 MB."""
_WORTH_A_SEEK_US = 10_000_000


class Reel:
    """A file that is read forward as far as somebody wants to see. Pictures follow each other without a gap."""

    def __init__(self, path: str) -> None:
        self._path, self._closing = path, ExitStack()
        self._open()
        self._begin(0)

    def close(self) -> None:
        self._kept.clear()
        self._times.clear()
        self._closing.close()

    def _open(self) -> None:
        self._closing.close()
        self.container = self._closing.enter_context(opened(self._path))
        try:
            self.stream = moving_pictures(self.container)
        except Reject:
            self._closing.close()
            raise

    def _begin(self, at_us: int) -> None:
        """Nothing is kept; what comes begins at a time."""
        self._kept, self._times, self._dropped, self._bytes = list[Picture](), list[int](), 0, 0
        self._coming: Iterator[Picture] | None = None
        self._from, self._ended, self._broken = at_us, False, False

    def _wind(self, at_us: int) -> None:
        """Go on from another place, in a container that nobody has read: not every one can be wound back."""
        if self._coming is not None:
            self._open()
        self._begin(at_us)

    def pictures(self, start_us: int) -> Iterator[Picture]:
        """From the picture on display at a time (or the first) to the end."""
        if not self._reaches(start_us):
            self._wind(start_us)
        try:
            self._read_to(start_us)
        except Reject:
            if self._from == start_us:
                raise
            self._wind(start_us)  # what cannot be decoded before it is passed over, as it is by who comes here first
            self._read_to(start_us)
        at, kept = self._dropped + max(0, bisect_right(self._times, start_us) - 1), self._kept
        while True:
            if kept is not self._kept:
                raise RuntimeError("two who look at one file wind it back and forth")
            if at - self._dropped < len(kept):
                yield kept[at - self._dropped]
                at += 1
            elif self._ended:
                return
            else:
                self._read()

    def _read_to(self, at_us: int) -> None:
        """Until the picture on display at a time is known."""
        while not self._ended and (not self._times or self._times[-1] <= at_us):
            self._read()

    def holds(self, start_us: int, end_us: int) -> bool:
        """Whether all pictures from one time to another are at hand."""
        begun = bool(self._times) and not self._broken and (self._times[0] <= start_us or self._is_first())
        return begun and (self._ended or self._times[-1] > end_us)

    def _is_first(self) -> bool:
        return self._from == 0 and self._dropped == 0

    def _reaches(self, at_us: int) -> bool:
        """Whether reading on is the way to a time: it lies among the kept, or not far behind them."""
        if self._broken or not self._times:
            return self._from == at_us and not self._broken
        begun = self._times[0] <= at_us or self._is_first()
        return begun and at_us - self._times[-1] <= _WORTH_A_SEEK_US

    def _read(self) -> None:
        if self._coming is None:
            self._coming = pictures(self.container, self.stream, self._from)
        try:
            picture = next(self._coming, None)
        except BaseException:
            self._broken = True  # what a decoder gives after an error is not to be shown
            raise
        if picture is None:
            self._ended = True
            return
        self._kept.append(picture)
        self._times.append(picture.at_us)
        self._bytes += _size(picture.frame)
        if self._bytes > KEPT_BYTES:
            self._drop()

    def _drop(self) -> None:
        """Let go of the older half, but for the picture on display."""
        most = max(1, len(self._kept) // 2)
        self._bytes -= sum(_size(picture.frame) for picture in self._kept[:most])
        del self._kept[:most], self._times[:most]
        self._dropped += most


def _size(frame: VideoFrame) -> int:
    return sum(plane.buffer_size for plane in frame.planes)


class _Own(threading.local):
    """Each thread has the file that was looked at last."""

    key: tuple[str, int, int, int] | None = None
    reel: Reel | None = None


_OWN = _Own()


def reel_of(path: str) -> Reel:
    """The file as it was left, if it is the one that was looked at last."""
    found = Path(path).stat()
    key = (path, found.st_ino, found.st_size, found.st_mtime_ns)
    if _OWN.key != key or _OWN.reel is None:
        let_go()
        _OWN.reel, _OWN.key = Reel(path), key
    return _OWN.reel


def let_go() -> None:
    """Close the file that was looked at last and free its pictures."""
    reel, _OWN.reel, _OWN.key = _OWN.reel, None, None
    if reel is not None:
        reel.close()
