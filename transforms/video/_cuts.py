"""Where a video cuts: how much each picture differs from the one before, and which differences are cuts."""

from itertools import pairwise
from typing import Any

import cv2
import numpy as np
from av.container import InputContainer
from av.video.frame import VideoFrame
from av.video.reformatter import Interpolation, VideoReformatter
from numpy.typing import NDArray

from affectory.transforms.media._decode import Picture, moving_pictures, pictures_in
from affectory.transforms.rows import Reject

Times = NDArray[np.int64]
"""When each picture begins, in microseconds, and when the last one ends."""
Boundaries = list[int]
"""Indices into the times: where scenes begin, and where the last one ends."""

_SIZE = (128, 72)
_NEIGHBOURS, _RATIO, _LEAST = 2, 3.0, 15.0


class Changes:
    """Mean absolute difference of hue, saturation and value between a picture and the last one, 0-255.

    This is the score of PySceneDetect's ContentDetector, but hue is measured around its circle: reds do not flicker.
    """

    def __init__(self) -> None:
        self._reformatter = VideoReformatter()
        self._last: NDArray[Any] | None = None

    def __call__(self, frame: VideoFrame) -> float:
        small = self._reformatter.reformat(
            frame, *_SIZE, format="bgr24", interpolation=Interpolation.FAST_BILINEAR, threads=1
        )
        hsv = cv2.cvtColor(small.to_ndarray(), cv2.COLOR_BGR2HSV)
        last, self._last = self._last, hsv
        if last is None:
            return 0.0
        delta = cv2.absdiff(hsv, last)
        delta[..., 0] = np.minimum(delta[..., 0], 180 - delta[..., 0])
        return float(delta.mean())


def watched(container: InputContainer, start_us: int, end_us: int | None) -> tuple[Times, NDArray[np.float64]]:
    """The times of the pictures in a stretch, the first one's that of the stretch, and how much each is a change."""
    times, changes, change = [], [], Changes()
    last: Picture | None = None
    for last in pictures_in(container, moving_pictures(container), start_us, end_us):
        times.append(last.at_us)
        changes.append(change(last.frame))
    if last is None:
        raise Reject("empty", "no picture can be decoded")
    end = last.end_us if end_us is None else min(last.end_us, end_us)
    return np.array([start_us, *times[1:], end], np.int64), np.array(changes)


def is_cut(changes: NDArray[np.float64], threshold: float, adaptive: bool) -> NDArray[np.bool_]:
    """Whether a cut lies right before each picture: above the threshold, or (adaptive) far above those around."""
    if not adaptive:
        return np.asarray(changes >= threshold)
    reach = np.ones(2 * _NEIGHBOURS + 1)
    reach[_NEIGHBOURS] = 0
    around = np.convolve(changes, reach, "same") / np.convolve(np.ones_like(changes), reach, "same").clip(1)
    return np.asarray((changes >= _LEAST) & (changes >= _RATIO * around))


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
