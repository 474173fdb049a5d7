"""Decoding published media without torch: values of an Audio, Video or Image column with `decode=False`."""

import io
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

MediaValue = Mapping[str, Any]


def decode_audio(value: MediaValue) -> tuple[NDArray[np.float32], int]:
    """Sound as samples between -1 and 1, shaped (channels, samples), and its rate in Hz.

    Args:
        value: What the column holds: `bytes`, or the `path` of a file where there are none.
    """
    import av

    with av.open(_file(value)) as container:
        stream = container.streams.audio[0]
        resampler = av.AudioResampler(format="fltp")
        frames = [f for frame in container.decode(stream) for f in resampler.resample(frame)]
        blocks = [frame.to_ndarray() for frame in (*frames, *resampler.resample(None)) if frame]
        channels, rate = stream.codec_context.channels, stream.codec_context.sample_rate
    samples = np.concatenate(blocks, axis=1) if blocks else np.zeros((channels, 0))
    return samples.astype(np.float32, copy=False), int(rate)


def decode_video(value: MediaValue, every: int = 1) -> Iterator[NDArray[np.uint8]]:
    """Pictures in order, each RGB and shaped (height, width, 3); only one of them is in memory at a time.

    Args:
        value: What the column holds: `bytes`, or the `path` of a file where there are none.
        every: Yield one picture of so many, beginning with the first.
    """
    import av

    with av.open(_file(value)) as container:
        for number, frame in enumerate(container.decode(video=0)):
            if number % every == 0:
                yield frame.to_ndarray(format="rgb24")


def decode_image(value: MediaValue) -> NDArray[np.uint8]:
    """A picture, RGB and shaped (height, width, 3)."""
    from PIL import Image

    with Image.open(_file(value)) as picture:
        return np.asarray(picture.convert("RGB"))


DECODERS: Mapping[str, Callable[[MediaValue], Any]] = {
    "image": decode_image,
    "frames": decode_image,
    "audio": decode_audio,
    "video": lambda value: next(decode_video(value)),
}
"""By medium, what shows whether a value of it can be decoded."""


def _file(value: MediaValue) -> Any:
    return io.BytesIO(value["bytes"]) if value["bytes"] is not None else value["path"]
