"""Where a video cuts: PySceneDetect's detectors over our own pictures, and scenes of wanted lengths.

The detectors count pictures; when each one is shown is the container's word, and stays exact at a varying rate.
"""

from itertools import pairwise
from typing import Any

import numpy as np
from av.video.frame import VideoFrame
from av.video.reformatter import Interpolation, VideoReformatter
from numpy.typing import NDArray
from scenedetect.common import FrameTimecode
from scenedetect.detector import SceneDetector
from scenedetect.detectors import (
    AdaptiveDetector,
    ContentDetector,
    HashDetector,
    HistogramDetector,
    ThresholdDetector,
)

from affectory.transforms.media._decode import Picture
from affectory.transforms.media._film import Film
from affectory.transforms.rows import Reject

Times = NDArray[np.int64]
"""When each picture begins, in microseconds, and when the last one ends."""
Boundaries = list[int]
"""Indices into the times: where scenes begin, and where the last one ends."""

_SIDE = 128
_ROUNDING_US = 2000  # how long pictures are shown is rounded, to milliseconds by some containers
_RATE = 25.0  # of no consequence: we ask for numbers of pictures only
_DETECTORS: dict[str, type[Any]] = {
    "content": ContentDetector,
    "adaptive": AdaptiveDetector,
    "threshold": ThresholdDetector,
    "hash": HashDetector,
    "histogram": HistogramDetector,
}


def detector_of(name: str, options: dict[str, Any]) -> SceneDetector:
    """One of PySceneDetect's, which tells every cut: how short a scene may be is settled later, in seconds."""
    renamed = {"adaptive_threshold" if name == "adaptive" and k == "threshold" else k: v for k, v in options.items()}
    made: SceneDetector = _DETECTORS[name](min_scene_len=0, **renamed)
    return made


class Small:
    """Pictures in the size that the detectors see: that of the first one, as a stream may change its own."""

    def __init__(self) -> None:
        self._reformatter = VideoReformatter()
        self._size: tuple[int, int] | None = None

    def __call__(self, frame: VideoFrame) -> NDArray[Any]:
        if self._size is None:
            share = min(1.0, _SIDE / max(frame.width, frame.height))
            self._size = max(1, round(frame.width * share)), max(1, round(frame.height * share))
        return self._reformatter.reformat(
            frame, *self._size, format="bgr24", interpolation=Interpolation.FAST_BILINEAR, threads=1
        ).to_ndarray()


class Cuts:
    """Watches a film for cuts."""

    def __init__(self, film: Film, detector: SceneDetector) -> None:
        self._film, self._detector, self._small = film, detector, Small()
        self._times: list[int] = []
        self._cuts: list[int] = []
        self._seen: NDArray[Any] = np.zeros((0, 0, 3), np.uint8)
        """The last picture, small."""

    def show(self, picture: Picture) -> None:
        at, self._seen = FrameTimecode(len(self._times), _RATE), self._small(picture.frame)
        self._times.append(picture.at_us)
        self._cuts += [cut.frame_num for cut in self._detector.process_frame(at, self._seen)]

    def found(self) -> tuple[Times, NDArray[np.bool_]]:
        """The times of the pictures, the first one's that of the film, and before which of them there is a cut."""
        film, times = self._film, self._times
        if not times:
            raise Reject("empty", "no picture can be decoded")
        end = film.last_us
        if film.end_us is not None and film.end_us <= end + _ROUNDING_US:
            end = film.end_us
        cuts = np.zeros(len(times), bool)
        cuts[self._cuts] = True
        return np.array([film.start_us, *times[1:], end], np.int64), cuts


def motion(before: NDArray[Any], after: NDArray[Any]) -> float:
    """How much changed from one small picture to the next, 0-1."""
    return float(np.abs(after.astype(np.int16) - before).mean()) / 255


def boundaries(times: Times, cuts: NDArray[np.bool_], shortest: int) -> Boundaries:
    """Scenes no shorter than `shortest`; what would be joins the one before."""
    found = [0]
    for index in (np.flatnonzero(cuts[1:]) + 1).tolist():
        if times[index] - times[found[-1]] >= shortest:
            found.append(index)
    if len(found) > 1 and times[-1] - times[found[-1]] < shortest:
        found.pop()
    return [*found, len(times) - 1]


def split(times: Times, found: Boundaries, longest: int) -> Boundaries:
    """Scenes longer than `longest` in equal parts that are not, unless one picture alone lasts so long."""
    return [*(part for a, b in pairwise(found) for part in _parts(times, a, b, longest)), found[-1]]


def _parts(times: Times, first: int, end: int, longest: int) -> list[int]:
    length = int(times[end] - times[first])
    slack = int(np.diff(times[first : end + 1]).max())  # a part begins with a picture: up to one too late
    for most in (longest, max(longest - slack, longest // 2)):
        parts = -(-length // most)
        wanted = times[first] + length * np.arange(parts) // parts
        starts = np.unique(np.searchsorted(times[first:end], wanted)) + first
        starts = starts[starts < end]
        if np.diff(times[[*starts, end]]).max() <= longest:
            break
    return [int(i) for i in starts]
