"""Writing MP4 for browsers: pinned encoders with one thread each, no tags, no times."""

from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self

import av
from av.audio.stream import AudioStream
from av.bitstream import BitStreamFilterContext
from av.codec.context import Flags
from av.container import OutputContainer
from av.video.frame import PictureType, VideoFrame
from av.video.reformatter import ColorRange
from av.video.stream import VideoStream

from affectory.transforms.media._sound import Samples, frame_of, pin
from affectory.transforms.media._upright import Upright

SOUND_RATE = 48_000
_CONTAINER = {"movflags": "+faststart", "fflags": "+bitexact", "movie_timescale": "90000"}
_X264 = {"preset": "veryfast", "x264-params": "threads=1:cpu-independent=1"}
_CHANNEL_BITS = 64_000
_NO_TAGS = "filter_units=remove_types=6"  # x264 writes its version and settings into the stream


class PictureForm(NamedTuple):
    """How pictures are encoded."""

    height: int
    crf: int
    fps: float | None


class Mp4:
    """An MP4 file in the making. Pictures and blocks of sound are handed over in the order of their times.

    `layout` is that of the sound, mono or stereo, where there is any.
    """

    def __init__(self, path: Path, rate: Fraction, aspect: Fraction, form: PictureForm, layout: str | None) -> None:
        self.form, self._rate = form, rate
        height = f"max(2,floor(min({form.height},ih)/2)*2)"
        self._upright = Upright(aspect, "max(2,round(oh*dar/2)*2)", height, "yuv420p", form.fps)
        self._container = av.open(str(path), "w", format="mp4", options=_CONTAINER)
        self._streams: _Streams | None = None
        self._layout, self._waiting = layout, list[Samples]()
        self._next_pts = self._heard = 0
        self._colours: dict[str, int] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._container.close()

    @property
    def heard_us(self) -> int:
        """How far the sound reaches, in microseconds."""
        return self._heard * 1_000_000 // SOUND_RATE

    def show(self, frame: VideoFrame, at_us: int) -> None:
        """Add a picture; the first is shown from the start."""
        assert frame.time_base is not None
        wanted = round(at_us / (1_000_000 * frame.time_base)) if self._next_pts else 0
        own, frame.pts = (frame.pts, frame.pict_type), max(wanted, self._next_pts)
        self._next_pts = frame.pts + 1
        self._colours = self._colours or _colours_of(frame)
        try:
            self._encode([frame] if self._is_as_wanted(frame) else self._upright(frame))
        finally:
            frame.pts, frame.pict_type = own  # others look at this picture as well

    def _is_as_wanted(self, frame: VideoFrame) -> bool:
        """Whether turning and scaling would change nothing."""
        upright = self._upright.aspect == 1 and not frame.rotation
        fits = frame.height <= self.form.height and not (frame.width % 2 or frame.height % 2)
        plain = frame.format.name == "yuv420p" and frame.color_range != ColorRange.JPEG
        return upright and fits and plain and self.form.fps is None

    def hear(self, block: Samples) -> None:
        """Add a block of sound right after the last."""
        self._waiting.append(block)
        self._heard += block.shape[1]
        if self._streams is not None:
            self._drain(self._streams)

    def _encode(self, frames: Iterable[VideoFrame]) -> None:
        for frame in frames:
            if self._streams is None:
                self._streams = _Streams(self._container, self._picture_stream(frame), self._layout)
                self._drain(self._streams)
            frame.pict_type = PictureType.NONE  # what it was in its own file is no order to the encoder
            self._streams.add_picture(frame)

    def _drain(self, streams: "_Streams") -> None:
        """Encode the sound that is there; nothing can be written before both streams are declared."""
        for block in self._waiting:
            streams.add_sound(block)
        self._waiting.clear()

    def _picture_stream(self, like: VideoFrame) -> VideoStream:
        rate = Fraction(self.form.fps).limit_denominator(1001) if self.form.fps else self._rate
        stream = self._container.add_stream("libx264", rate=rate, options={**_X264, "crf": str(self.form.crf)})
        stream.width, stream.height, stream.pix_fmt = like.width, like.height, "yuv420p"
        context = stream.codec_context
        assert like.time_base is not None
        context.time_base = like.time_base
        context.color_range = ColorRange.MPEG
        for name, value in self._colours.items():
            setattr(context, name, value)
        pin(context)
        context.flags |= Flags.frame_duration
        return stream

    def finish(self) -> None:
        """Write what is left; only then the file is whole."""
        self._encode(self._upright(None))
        if self._streams is not None:
            self._streams.flush()
        self._container.close()


class _Streams:
    """The encoders of a file."""

    def __init__(self, container: OutputContainer, video: VideoStream, layout: str | None) -> None:
        self.container, self.video, self.at, self.layout = container, video, 0, layout or ""
        self.untag = BitStreamFilterContext(_NO_TAGS, video)
        self.audio = _sound_stream(container, layout) if layout else None

    def add_picture(self, frame: VideoFrame | None) -> None:
        for packet in self.video.encode(frame):
            self.container.mux(self.untag.filter(packet))

    def add_sound(self, block: Samples) -> None:
        assert self.audio is not None
        self.container.mux(self.audio.encode(frame_of(block, self.at, SOUND_RATE, "fltp", self.layout)))
        self.at += block.shape[1]

    def flush(self) -> None:
        self.add_picture(None)
        self.container.mux(self.untag.filter(None))
        if self.audio is not None:
            self.container.mux(self.audio.encode(None))


def _colours_of(frame: VideoFrame) -> dict[str, int]:
    """What its numbers mean; scaling changes none of it, but its filter forgets it."""
    names = ("colorspace", "color_primaries", "color_trc")
    return {} if frame.format.is_rgb else {name: getattr(frame, name) for name in names}


def _sound_stream(container: OutputContainer, layout: str) -> AudioStream:
    stream = container.add_stream("aac", rate=SOUND_RATE, layout=layout)
    stream.codec_context.bit_rate = _CHANNEL_BITS * stream.codec_context.channels
    pin(stream.codec_context)
    return stream
