"""Reading video: opening a container safely, choosing its streams, and pictures with exact times."""

from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from itertools import chain
from pathlib import Path
from types import TracebackType
from typing import NamedTuple

import av
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.packet import Packet
from av.stream import Discard, Disposition, Stream
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from affectory.transforms.media._limits import MAX_PIXELS, MAX_S
from affectory.transforms.rows import Reject

_FORMATS = (
    "aac,ac3,aiff,amr,asf,au,avi,caf,dv,eac3,flac,flv,matroska,mov,mp3,mp4,mpeg,mpegts,mxf,ogg,tta,w64,wav,webm,wv"
)
# Playlist formats (hls, concat) would open other files by name; everything but real containers stays shut.
_OPTIONS = {"format_whitelist": _FORMATS, "protocol_whitelist": "file", "max_pixels": str(MAX_PIXELS)}

_STEPS_BACK_US = (0, 2_000_000, 20_000_000)
_NO_SEEKING = frozenset({"flv", "mpeg"})  # few of their packets have times, or none can be found by them
_BEFORE_ALL_US = 60_000_000  # from its first time on, a transport stream may lead to the second key picture


class Picture(NamedTuple):
    """A decoded picture, when it is shown (microseconds in the record) and for how long."""

    at_us: int
    lasts_us: int
    frame: VideoFrame

    @property
    def end_us(self) -> int:
        return self.at_us + self.lasts_us


class unreadable:
    """Errors of the decoders are facts about the file, not failures of the stage.

    A class, as it is entered for every packet: a generator would take as long as the decoder of sound.
    """

    def __init__(self, what: str) -> None:
        self.what = what

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if isinstance(error, av.FFmpegError) and not isinstance(error, FileNotFoundError):
            raise Reject("unreadable", f"{self.what}: {error.strerror or type(error).__name__}") from error


@contextmanager
def opened(path: str) -> Iterator[InputContainer]:
    """The container of a local file; anything that is not one is rejected."""
    av.logging.set_level(None)  # silent; with any other level FFmpeg's threads would wait for Python's lock
    if not Path(path).stat().st_size:
        raise Reject("empty", "the file holds no bytes")
    with unreadable("not a media file that can be read"):
        try:
            container = av.open(f"file:{path}", options=_OPTIONS, metadata_errors="ignore")
        except av.ArgumentError as error:
            raise Reject("unsupported", "this kind of file is not read as video or sound") from error
    with container:
        yield container


def video_stream(container: InputContainer) -> VideoStream | None:
    """The first stream of moving pictures; cover art is none."""
    return next((s for s in container.streams.video if not s.disposition & Disposition.attached_pic), None)


def audio_stream(container: InputContainer) -> AudioStream | None:
    return next(iter(container.streams.audio), None)


def moving_pictures(container: InputContainer) -> VideoStream:
    """The video stream, or a rejection that says why there is none."""
    stream = video_stream(container)
    if stream is not None:
        return stream
    raise Reject("unsupported", "cover art is its only picture: it is sound" if has_art(container) else "no pictures")


def has_art(container: InputContainer) -> bool:
    return bool(container.streams.video)


def microseconds(pts: int, time_base: Fraction) -> int:
    """A timestamp in microseconds, halves rounded up; the only rounding, so that equal pictures have equal times."""
    return (2 * pts * time_base.numerator * 1_000_000 + time_base.denominator) // (2 * time_base.denominator)


def zero_us(container: InputContainer) -> int:
    """The container's own time at which its record begins."""
    return container.start_time or 0


def decoder_of(*streams: Stream) -> None:
    """One thread, so that damaged pictures are concealed alike each time."""
    for stream in streams:
        if stream.codec_context is None:
            raise Reject("unsupported", "nothing here decodes its codec")
        if not stream.codec_context.is_open:
            stream.codec_context.thread_count = 1
            stream.codec_context.options = {"max_pixels": str(MAX_PIXELS)}


def only(stream: Stream) -> None:
    """Leave the data of other streams unread."""
    for other in stream.container.streams:
        other.discard = Discard.default if other.index == stream.index else Discard.all


def packets(container: InputContainer, *streams: Stream) -> "Iterator[Packet[Stream]]":
    """Packets up to the one without data that flushes the decoder; a damaged one is a rejection."""
    joined = container.format.name == "mpegts"  # broadcasts begin and end anywhere
    found = container.demux(*streams)
    while True:
        with unreadable("reading stops short"):
            packet = next(found, None)
        if packet is None:
            return
        if packet.is_corrupt and not joined:
            raise Reject("unreadable", "cut off or damaged in the middle")
        yield packet


def pictures(container: InputContainer, stream: VideoStream, start_us: int = 0) -> Iterator[Picture]:
    """Pictures in order, from the one shown at `start_us` (or one before it) to the end."""
    decoder_of(stream)
    only(stream)
    for step in _STEPS_BACK_US:
        if start_us - step <= 0:
            break
        seek(container, stream, start_us - step)
        found = _decoded(container, stream, lenient=True)
        first = next(found, None)
        if first is not None and first.at_us <= start_us:
            return chain([first], found)
    if start_us > 0:
        seek(container, stream, -_BEFORE_ALL_US)
    return _decoded(container, stream)


def pictures_in(container: InputContainer, stream: VideoStream, start_us: int, end_us: int | None) -> Iterator[Picture]:
    """Pictures that begin from `start_us` up to, not at, `end_us` (or the end)."""
    for picture in pictures(container, stream, start_us):
        if end_us is not None and picture.at_us >= end_us:
            return
        if picture.end_us - start_us > MAX_S * 1e6:
            raise Reject("too_long", f"longer than {MAX_S:g} s")
        if picture.at_us >= start_us:
            yield picture


def seek(container: InputContainer, stream: Stream, at_us: int) -> None:
    """Go to a time, or to a key picture before it; where that is no way to exact times, stay and read on."""
    if container.format.name in _NO_SEEKING:
        return
    assert stream.time_base is not None
    with unreadable("seeking"):
        container.seek(int((at_us + zero_us(container)) / 1_000_000 / stream.time_base), stream=stream)


def _decoded(container: InputContainer, stream: VideoStream, lenient: bool = False) -> Iterator[Picture]:
    """Pictures from here on; after a seek (`lenient`), what cannot be decoded before the first one is passed over."""
    zero, usual = zero_us(container), _usual_us(stream)
    last: Picture | None = None
    for packet in packets(container, stream):
        try:
            with unreadable(f"decoding stops after {last.end_us / 1e6:.3f} s" if last else "decoding"):
                frames = packet.decode()
        except Reject:
            if lenient and last is None:
                continue
            raise
        for frame in frames:
            assert isinstance(frame, VideoFrame)
            last = _timed(frame, zero, usual, last)
            yield last


def _timed(frame: VideoFrame, zero: int, usual: int, last: Picture | None) -> Picture:
    """A picture whose time is missing or does not move on follows the one before."""
    base = frame.time_base
    at = None if frame.pts is None or base is None else microseconds(frame.pts, base) - zero
    if last is not None and (at is None or at <= last.at_us):
        at = last.end_us
    lasts = microseconds(frame.duration, base) if frame.duration and base else usual
    return Picture(at or 0, max(lasts, 1), frame)


def _usual_us(stream: VideoStream) -> int:
    rate = stream.average_rate or stream.guessed_rate
    return round(1_000_000 / rate) if rate else 40_000


def end_of(container: InputContainer, stream: Stream) -> int:
    """Where a stream ends, in microseconds, by its packets; reads the file, decodes nothing."""
    only(stream)
    zero, end = zero_us(container), 0
    for packet in packets(container, stream):
        if packet.pts is not None and not packet.is_discard:
            end = max(end, microseconds(packet.pts + (packet.duration or 0), packet.time_base) - zero)
    return end


def key_times(container: InputContainer, stream: Stream, start_us: int, end_us: int | None) -> list[int]:
    """When the key pictures of a stretch begin, by their packets; reads up to its end, decodes nothing."""
    only(stream)
    if start_us > _STEPS_BACK_US[1]:
        seek(container, stream, start_us - _STEPS_BACK_US[1])
    zero, found = zero_us(container), list[int]()
    for packet in packets(container, stream):
        if packet.pts is None or not packet.is_keyframe or packet.is_discard:
            continue
        at = microseconds(packet.pts, packet.time_base) - zero
        if end_us is not None and at >= end_us:
            break
        if at >= start_us:
            found.append(at)
    return found


def upright_turns(frame: VideoFrame) -> int:
    """Quarter turns, counterclockwise, that set a picture upright."""
    return round(frame.rotation / 90) % 4
