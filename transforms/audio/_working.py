"""The sound of a file as stages hear it: at 16 kHz in mono, and as it was recorded, decoded once for all of them.

A file is decoded in blocks of a minute, each from a little before it, so that a stretch is the same samples whoever
asks for it and whatever was asked before. Some blocks are kept for the next stage or the next sample of the file.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from random import Random
from threading import Lock
from typing import NamedTuple

import av
import numpy as np
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.container import InputContainer
from numpy.typing import NDArray

from affectory.transforms.media._decode import (
    audio_stream,
    decoder_of,
    only,
    opened,
    packets,
    unreadable,
    zero_us,
)
from affectory.transforms.media._limits import MAX_S, span
from affectory.transforms.media._sound import Grid, Samples, frame_of, sound
from affectory.transforms.rows import Reject, Values

RATE = 16_000
Mono = NDArray[np.float32]
"""Samples of the working form, -1 to 1."""

_BLOCK_S, _AROUND_S = 60, 1
_MOST_A_SECOND = 1 << 21
_KEPT_WORKING, _KEPT_NATIVE = 16 << 20, 4 << 20


class Heard(NamedTuple):
    """A piece of a stretch, as recorded (channels by samples) and in the working form; pieces follow without gap."""

    native: Samples
    working: Mono


@dataclass(frozen=True)
class Sound:
    """A stretch of a file's sound. `layout` names the channels as FFmpeg does."""

    path: str
    rate: int
    layout: str
    start_us: int = 0
    end_us: int | None = None
    grid: Grid | None = None

    def pieces(self) -> Iterator[Heard]:
        """The whole stretch, a minute or less at a time."""
        for number, native in self._stretch(self.rate, _NATIVE):
            yield Heard(native, self._cut(_block(self, number, _WORKING).samples, number, RATE))

    def working(self) -> Iterator[Mono]:
        """The working form of the stretch, a minute or less at a time."""
        return (samples for _, samples in self._stretch(RATE, _WORKING))

    def samples(self, max_s: float = MAX_S) -> Mono:
        """The working form of the stretch in one piece; a longer one is rejected."""
        made, count = list[Mono](), 0
        for piece in self.working():
            made.append(piece)
            count += piece.size
            if count > max_s * RATE:
                raise Reject("too_long", f"longer than {max_s:g} s")
        return np.concatenate([np.zeros(0, np.float32), *made])

    def at_us(self, index: float) -> int:
        """When a sample of the working form is heard, counted from the start of the stretch, in the record's time."""
        at = round((_index(self.start_us, RATE) + index) * 1_000_000 / RATE)
        return max(self.start_us, at if self.end_us is None else min(at, self.end_us))

    def _stretch(self, rate: int, shelf: "_Shelf") -> Iterator[tuple[int, Samples]]:
        number, end = self.start_us // (_BLOCK_S * 1_000_000), self._end(rate)
        while end is None or number * _BLOCK_S * rate < end:
            if number * _BLOCK_S >= MAX_S:
                raise Reject("too_long", f"longer than {MAX_S:g} s")
            block = _block(self, number, shelf)
            reach = number * _BLOCK_S * rate + block.samples.shape[-1]
            if block.broken is not None and (end is None or end > reach):
                raise Reject(block.broken.reason, block.broken.detail)
            cut = self._cut(block.samples, number, rate)
            if cut.shape[-1]:
                yield number, cut
            if block.last:
                return
            number += 1

    def _cut(self, samples: Samples, number: int, rate: int) -> Samples:
        """The part of a block that belongs to the stretch."""
        begin, end = number * _BLOCK_S * rate, self._end(rate)
        first = max(0, _index(self.start_us, rate) - begin)
        return samples[..., first : None if end is None else max(0, end - begin)]

    def _end(self, rate: int) -> int | None:
        return None if self.end_us is None else _index(self.end_us, rate)


def heard(row: Values) -> Sound | None:
    """The sound of a sample's stretch; none where a video is silent."""
    path, (start_us, end_us) = row["original"]["path"], span(row["anchor"])
    with opened(path) as container:
        stream = audio_stream(container)
        if stream is None:
            if row["kind"] == "video":
                return None
            raise Reject("unsupported", "no sound in it")
        frames = list(islice(_frames(container, stream), 2))
        if not frames:
            raise Reject("empty", "no sample can be decoded")
        zero = zero_us(container)
    rate, channels = stream.rate or frames[0].sample_rate, frames[0].layout.nb_channels
    if rate * channels > _MOST_A_SECOND:
        raise Reject("too_large", f"{channels} channels of {rate} samples a second")
    alike = len(frames) == 2 and frames[0].sample_rate == rate
    grid = Grid.of(frames[0], frames[1], zero) if alike else None
    return Sound(path, rate, frames[0].layout.name, start_us, end_us, grid)


def _frames(container: InputContainer, stream: AudioStream) -> Iterator[AudioFrame]:
    """The header may be wrong about the channels, the first samples are not."""
    decoder_of(stream)
    only(stream)
    for packet in packets(container, stream):
        with unreadable("decoding sound"):
            frames = packet.decode()
        yield from (frame for frame in frames if isinstance(frame, AudioFrame))


def _index(us: int, rate: int) -> int:
    return (2 * us * rate + 1_000_000) // 2_000_000


class _Block(NamedTuple):
    """A minute of a file in one form: whether the file ends in it, and what broke it off."""

    samples: Samples
    last: bool
    broken: Reject | None


class _Shelf:
    """Blocks up to so many samples. Which of them go is drawn: stage after stage passes over all files in the same
    order, where those used last would be gone just before they are wanted again.
    """

    def __init__(self, most: int) -> None:
        self._most, self._held, self._lock, self._draw = most, 0, Lock(), Random(0)
        self._blocks: dict[tuple[object, ...], _Block] = {}

    def get(self, key: tuple[object, ...]) -> _Block | None:
        with self._lock:
            return self._blocks.get(key)

    def put(self, key: tuple[object, ...], block: _Block) -> None:
        with self._lock:
            others = [k for k in self._blocks if k != key]
            self._held += block.samples.size - (self._blocks[key].samples.size if key in self._blocks else 0)
            self._blocks[key] = block
            while self._held > self._most and others:
                gone = others.pop(self._draw.randrange(len(others)))
                self._held -= self._blocks.pop(gone).samples.size


_WORKING, _NATIVE = _Shelf(_KEPT_WORKING), _Shelf(_KEPT_NATIVE)


def _block(of: Sound, number: int, shelf: _Shelf) -> _Block:
    """A block in the form that `shelf` holds; decoding gives both forms."""
    seen = Path(of.path).stat()
    key = (seen.st_dev, seen.st_ino, seen.st_size, seen.st_mtime_ns, of.rate, of.layout, number)
    found = shelf.get(key)
    if found is None:
        native, working = _decoded(of, number)
        _NATIVE.put(key, native)
        _WORKING.put(key, working)
        found = native if shelf is _NATIVE else working
    return found


def _decoded(of: Sound, number: int) -> tuple[_Block, _Block]:
    """The block as recorded, and in the working form."""
    first = number * _BLOCK_S
    begin = max(0, first - _AROUND_S)
    native, broken = _read(of, begin * 1_000_000, (first + _BLOCK_S + _AROUND_S) * 1_000_000)
    whole = native.shape[1] >= (first + _BLOCK_S - begin) * of.rate
    last = native.shape[1] <= (first + _BLOCK_S - begin) * of.rate

    def block(samples: Samples, rate: int) -> _Block:
        return _Block(_minute(samples, (first - begin) * rate, rate), last, None if whole else broken)

    return block(native, of.rate), block(_resampled(of, native), RATE)


def _read(of: Sound, start_us: int, end_us: int) -> tuple[Samples, Reject | None]:
    """What can be decoded of a stretch, and why it is not all of it."""
    made: list[Samples] = []
    broken = None
    with opened(of.path) as container:
        stream = audio_stream(container)
        assert stream is not None
        try:
            made += sound(container, stream, start_us, end_us, rate=of.rate, layout=of.layout, grid=of.grid)
        except Reject as reject:
            broken = reject
    return np.concatenate(made, axis=1) if made else np.zeros((1, 0), np.float32), broken


def _minute(samples: Samples, first: int, rate: int) -> Samples:
    """A copy, so that the seconds around it can go, that nobody writes into."""
    cut = samples[..., first : first + _BLOCK_S * rate].copy()
    cut.flags.writeable = False
    return cut


def _resampled(of: Sound, native: Samples) -> Mono:
    """All channels as one at `RATE`. Blocks begin at whole seconds, where the samples of any two rates coincide."""
    resampler, made = av.AudioResampler("flt", "mono", RATE), list[Mono]()
    for at in range(0, native.shape[1], of.rate):
        piece = np.ascontiguousarray(native[:, at : at + of.rate].T).reshape(1, -1)
        frame = frame_of(piece, at, of.rate, "flt", of.layout)
        made += [x.to_ndarray()[0] for x in resampler.resample(frame)]
    if made:
        made += [x.to_ndarray()[0] for x in resampler.resample(None) if x is not None]
    return np.concatenate(made) if made else np.zeros(0, np.float32)
