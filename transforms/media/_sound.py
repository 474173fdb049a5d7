"""Reading and writing sound: blocks of samples without gap or overlap, placed exactly by their timestamps."""

from collections.abc import Iterator
from fractions import Fraction
from functools import cache
from io import BytesIO
from typing import Any, NamedTuple

import av
import numpy as np
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.codec.context import CodecContext, Flags
from av.container import InputContainer
from numpy.typing import NDArray

from affectory.transforms.media._decode import decoder_of, microseconds, only, packets, seek, unreadable, zero_us
from affectory.transforms.media._limits import MAX_S
from affectory.transforms.rows import Reject

Samples = NDArray[Any]
"""Channels by samples, float32 or int16."""

# Bare streams carry no times: after a seek they would be guesses, so these are read from their start.
_NO_TIMES = frozenset({"aac", "ac3", "eac3", "amr"})
_WARM_UP_US = 1_000_000
_JITTER_S = 0.1


def sound(
    container: InputContainer,
    stream: AudioStream,
    start_us: int = 0,
    end_us: int | None = None,
    *,
    rate: int | None = None,
    layout: str | None = None,
    sample_format: str = "flt",
    max_s: float = MAX_S,
    grid: "Grid | None" = None,
) -> Iterator[Samples]:
    """Blocks that together are the samples from `start_us` to `end_us` (or the end); silence where there are none.

    With the `grid` of its frames the place of a stretch is exact where timestamps are not. `sample_format` is an
    interleaved one: PyAV 18 reads beyond its memory where eight or more channels lie apart.
    """
    decoder_of(stream)
    rate = rate or stream.rate
    if not rate:
        raise Reject("unreadable", "its sample rate is not known")
    end = None if end_us is None else _index(end_us - start_us, rate)
    line = _Line(rate, end, max_s)
    for at_us, block in _resampled(container, stream, start_us, rate, layout, sample_format):
        at = _index(at_us - start_us, rate)
        if grid is not None:
            at = grid.nearest(at + _index(start_us, rate)) - _index(start_us, rate)
        yield from line.place(at, block)
        if line.full:
            return


class Grid(NamedTuple):
    """Where frames of a stream begin, counted in its samples: timestamps of Matroska, say, are but milliseconds."""

    origin: int
    size: int
    tick: float

    def nearest(self, at: int) -> int:
        """The place of a frame that seems to begin at sample `at`; that itself where no frame is near enough."""
        exact = self.origin + round((at - self.origin) / self.size) * self.size
        return exact if abs(exact - at) <= self.tick + 1 else at

    @classmethod
    def of(cls, first: AudioFrame, second: AudioFrame, zero_us: int) -> "Grid | None":
        """Frames after the first, which may be shorter, are as long as the second."""
        if first.pts is None or first.time_base is None or not second.samples:
            return None
        at = _index(microseconds(first.pts, first.time_base) - zero_us, first.sample_rate)
        return cls(at + first.samples, second.samples, float(first.time_base * first.sample_rate))


def _index(us: int, rate: int) -> int:
    return (2 * us * rate + 1_000_000) // 2_000_000


class _Line:
    """A line of samples filled from its start."""

    def __init__(self, rate: int, end: int | None, max_s: float = MAX_S) -> None:
        self.rate, self.end, self.max_s = rate, end, max_s
        self.filled, self.begun = 0, False

    @property
    def full(self) -> bool:
        return self.end is not None and self.filled >= self.end

    def place(self, at: int, block: Samples) -> Iterator[Samples]:
        """What `block`, whose first sample lies at index `at`, adds: silence before it, and of itself what is new."""
        if self.begun and abs(at - self.filled) <= _JITTER_S * self.rate:
            at = self.filled
        if at + block.shape[1] <= self.filled:
            return
        while self.filled < at and not self.full:
            yield self._take(np.zeros((len(block), min(at - self.filled, self.rate)), block.dtype))
        if not self.full:
            yield self._take(block[:, self.filled - at :])

    def _take(self, block: Samples) -> Samples:
        taken = block if self.end is None else block[:, : self.end - self.filled]
        self.filled += taken.shape[1]
        self.begun = True
        if self.filled > self.max_s * self.rate:
            raise Reject("too_long", f"longer than {self.max_s:g} s")
        return taken


def _resampled(
    container: InputContainer, stream: AudioStream, start_us: int, rate: int, layout: str | None, sample_format: str
) -> Iterator[tuple[int, Samples]]:
    """Blocks in the wanted form with their times in the record."""
    zero, given, resampler = zero_us(container), "", av.AudioResampler()
    for frame in _decoded(container, stream, start_us):
        layout = layout or frame.layout.name
        form = f"{frame.format.name} {frame.layout.name} {frame.sample_rate}"
        if form != given:  # also in mid-stream
            given, resampler = form, av.AudioResampler(sample_format, layout, rate)
        with unreadable("resampling"):
            yield from (_timed(made, zero) for made in resampler.resample(frame))
    with unreadable("resampling"):
        yield from (_timed(made, zero) for made in resampler.resample(None) if made is not None)


def _timed(frame: AudioFrame, zero: int) -> tuple[int, Samples]:
    at = microseconds(frame.pts, frame.time_base) - zero if frame.pts is not None and frame.time_base else 0
    return at, _finite(frame.to_ndarray()).reshape(-1, frame.layout.nb_channels).T


def _finite(samples: Samples) -> Samples:
    """Files of floating point may hold what is no number, which would make everything that is measured none."""
    if samples.dtype.kind != "f" or np.isfinite(samples).all():
        return samples
    return np.nan_to_num(samples, nan=0.0, posinf=1.0, neginf=-1.0)


def _decoded(container: InputContainer, stream: AudioStream, start_us: int) -> Iterator[AudioFrame]:
    only(stream)
    lenient = start_us > 2 * _WARM_UP_US and container.format.name not in _NO_TIMES
    if lenient:
        seek(container, stream, start_us - _WARM_UP_US)
    for packet in packets(container, stream):
        try:
            with unreadable("decoding sound"):
                frames = packet.decode()
        except Reject:
            if lenient:
                continue
            raise
        lenient = lenient and not frames
        yield from (frame for frame in frames if isinstance(frame, AudioFrame))


def encode_sound(blocks: Iterator[Samples], rate: int, form: str) -> tuple[bytes, int]:
    """16-bit mono samples as a WAV or FLAC file that holds nothing else, and how many there were."""
    file, count = BytesIO(), 0
    with av.open(file, "w", format=form, options={"fflags": "+bitexact"}) as container:
        stream = container.add_stream("flac" if form == "flac" else "pcm_s16le", rate=rate, layout="mono")
        pin(stream.codec_context)
        for block in blocks:
            container.mux(stream.encode(frame_of(block, count, rate, "s16", "mono")))
            count += block.shape[1]
        container.mux(stream.encode(None))
    return file.getvalue(), count


def pin(context: CodecContext) -> None:
    """The same bytes on each run and machine."""
    context.thread_count = 1
    context.flags |= Flags.bitexact


@cache
def _base(rate: int) -> Fraction:
    return Fraction(1, rate)


def frame_of(block: Samples, at: int, rate: int, sample_format: str, layout: str) -> AudioFrame:
    """A block for an encoder; `at` is the index of its first sample."""
    frame = AudioFrame.from_ndarray(np.ascontiguousarray(block), format=sample_format, layout=layout)
    frame.sample_rate, frame.pts, frame.time_base = rate, at, _base(rate)
    return frame
