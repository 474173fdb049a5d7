"""Small media made for tests: video whose pictures carry their numbers, tones, photographs."""

import struct
from collections.abc import Sequence
from fractions import Fraction
from io import BytesIO
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data" / "media"
needs_shared = pytest.mark.skipif(not SHARED.is_dir(), reason="the shared data is not on this machine")
RGB = tuple[int, int, int]
COLOURS: tuple[RGB, ...] = ((200, 40, 40), (40, 160, 60), (40, 60, 200), (220, 200, 60))
_BITS, _SIDE = 10, 16


def numbered(number: int, colour: RGB = COLOURS[0], size: tuple[int, int] = (192, 144)) -> NDArray[np.uint8]:
    """A plain picture with its number written as black and white squares, legible after lossy coding."""
    picture = np.full((size[1], size[0], 3), colour, np.uint8)
    for bit in range(_BITS):
        picture[8 : 8 + _SIDE, 8 + bit * _SIDE : 8 + (bit + 1) * _SIDE] = 255 * (number >> bit & 1)
    return picture


def number_of(picture: NDArray[np.uint8]) -> int:
    """The number in a picture of any size made by `numbered`, whose own size was (192, 144)."""
    scale = picture.shape[1] / 192
    row = picture[round((8 + _SIDE / 2) * scale)].mean(axis=-1)
    return sum(int(row[round((8 + (bit + 0.5) * _SIDE) * scale)] > 127) << bit for bit in range(_BITS))


def write_video(
    path: Path,
    frames: int = 60,
    *,
    fps: int | Fraction = 30,
    cuts: Sequence[int] = (),
    sound: bool = True,
    samples: NDArray[np.float32] | None = None,
    times: Sequence[int] | None = None,
    start: int = 0,
    gop: int = 15,
    codec: str = "libx264",
    size: tuple[int, int] = (192, 144),
    pix_fmt: str = "yuv420p",
    sound_codec: str | None = None,
    x264: str = "",
    **context: Any,
) -> Path:
    """Numbered pictures, another colour after each cut; `times` in milliseconds make the rate vary."""
    with av.open(str(path), "w") as container:
        # Without `cpu-independent` x264's bytes depend on where its buffers happen to lie in memory.
        pinned = {"x264-params": f"threads=1:cpu-independent=1{x264}"} if codec == "libx264" else {}
        options = {"crf": "18", "g": str(gop), **pinned}
        video = container.add_stream(codec, rate=fps, options=options)
        video.width, video.height, video.pix_fmt = *size, pix_fmt
        video.codec_context.time_base = Fraction(1, 1000) if times else 1 / Fraction(fps)
        video.codec_context.thread_count = 1
        for name, value in context.items():
            setattr(video.codec_context, name, value)
        audio: Any = container.add_stream(sound_codec or "aac", rate=48_000, layout="mono") if sound else None
        for number in range(frames):
            colour = COLOURS[sum(number >= cut for cut in cuts) % len(COLOURS)]
            frame = av.VideoFrame.from_ndarray(numbered(number, colour, size), format="rgb24")
            frame.pts = times[number] if times else start + number
            container.mux(video.encode(frame))
        container.mux(video.encode(None))
        if sound:
            seconds = (times[-1] / 1000) if times else frames / float(fps)
            heard = tone(seconds, 48_000) if samples is None else samples
            mux_sound(container, audio, heard, round(start / fps * 48_000))
    return path


def mux_sound(container: Any, stream: Any, samples: NDArray[np.float32], start: int = 0) -> None:
    for at in range(0, samples.shape[1], 1024):
        block = np.ascontiguousarray(samples[:, at : at + 1024])
        frame = av.AudioFrame.from_ndarray(block, format="fltp", layout="mono" if len(samples) == 1 else "stereo")
        frame.sample_rate, frame.pts, frame.time_base = stream.rate, start + at, Fraction(1, stream.rate)
        resampler = av.AudioResampler(stream.format, stream.layout, stream.rate)
        for fitted in resampler.resample(frame):
            container.mux(stream.encode(fitted))
    container.mux(stream.encode(None))


def tone(seconds: float, rate: int = 16_000, hertz: float = 440.0, level: float = 0.5) -> NDArray[np.float32]:
    """One channel of a sine wave."""
    at = np.arange(round(seconds * rate)) / rate
    return (level * np.sin(2 * np.pi * hertz * at)).astype(np.float32)[None]


def write_sound(
    path: Path, samples: NDArray[np.float32], rate: int = 16_000, codec: str = "pcm_s16le", **context: Any
) -> Path:
    """Channels by samples, -1 to 1, in the container that the file's name asks for."""
    with av.open(str(path), "w") as container:
        layout = "mono" if len(samples) == 1 else "stereo"
        stream = container.add_stream(codec, rate=rate, layout=layout)
        for name, value in context.items():
            setattr(stream.codec_context, name, value)
        container.start_encoding()  # so that there is a file even without samples
        mux_sound(container, stream, samples)
    return path


def write_picture(path: Path, size: tuple[int, int] = (80, 60), colour: RGB = COLOURS[0], **options: Any) -> Path:
    Image.new("RGB", size, colour).save(path, **options)
    return path


def turn(path: Path) -> Path:
    """Mark an MP4 as one to be shown turned clockwise by a quarter, as telephones do."""
    data = bytearray(path.read_bytes())
    at = data.index(b"tkhd") + 4 + 40
    data[at : at + 36] = struct.pack(">9i", 0, 1 << 16, 0, -1 << 16, 0, 0, 0, 0, 1 << 30)
    path.write_bytes(data)
    return path


def damage(path: Path, at: int, size: int = 400) -> Path:
    """Overwrite some bytes with zeros."""
    data = bytearray(path.read_bytes())
    data[at : at + size] = bytes(size)
    path.write_bytes(data)
    return path


def place_of(path: Path, picture: int) -> int:
    """Where in the file the data of a picture lies, counted as coded."""
    with av.open(str(path)) as container:
        places = [packet.pos for packet in container.demux(video=0) if packet.pos is not None]
    return places[picture]


def cut_off(path: Path, share: float = 0.6) -> Path:
    """Only the first part of a file."""
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])
    return path


def pictures_of(data: bytes) -> list[NDArray[np.uint8]]:
    """Every picture of a video, decoded."""
    with av.open(BytesIO(data)) as container:
        return [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]


def samples_of(data: bytes) -> NDArray[np.float32]:
    """All samples of a sound, channels by samples, -1 to 1."""
    with av.open(BytesIO(data)) as container:
        frames = container.decode(audio=0)
        made = [new for frame in frames for new in av.AudioResampler("fltp").resample(frame)]
        return np.concatenate([frame.to_ndarray() for frame in made], axis=1)
