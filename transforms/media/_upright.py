"""Pictures as they are to be seen: turned upright, with square pixels, in the size and form wanted."""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Self

import av
from av.filter import Graph
from av.video.frame import VideoFrame

from affectory.transforms.media._decode import unreadable, upright_turns

_TURNS = {0: (), 1: ("cclock",), 2: ("clock", "clock"), 3: ("clock",)}
_EXACT = "bicubic+accurate_rnd+bitexact+full_chroma_int"


@dataclass
class Upright:
    """A filter for the pictures of one stream. `width` and `height` are expressions of FFmpeg's scale filter.

    `aspect` is the width of the stream's pixels over their height.
    """

    aspect: Fraction
    width: str
    height: str
    pix_fmt: str
    fps: float | None = None
    each: bool = False
    """Whether a picture's own size decides, or that of the first one: a stream may change it on the way."""
    _graph: Graph | None = None
    _given: tuple[int, int, str] | None = None

    @classmethod
    def within(cls, aspect: Fraction, max_side: int | None) -> Self:
        """For RGB pictures that are no longer than a side, and never enlarged."""
        share = f"min(1,{max_side}/max(iw*sar,ih))" if max_side else "1"
        return cls(aspect, f"max(1,round(iw*sar*{share}))", f"max(1,round(ih*{share}))", "rgb24", each=True)

    def __call__(self, frame: VideoFrame | None) -> Iterator[VideoFrame]:
        """What a picture becomes: one, or none or several where `fps` asks for it; `None` gives what is left."""
        given = self._given if frame is None else (frame.width, frame.height, frame.format.name)
        if self._graph is None or (self.each and given != self._given):
            if frame is None:
                return
            self._graph, self._given = self._built(frame), given
        with unreadable("turning and scaling"):
            self._graph.vpush(frame)
        while True:
            try:
                yield self._graph.vpull()
            except (av.BlockingIOError, av.EOFError):
                return

    def _built(self, frame: VideoFrame) -> Graph:
        graph = Graph()
        graph.threads = 1
        last = graph.add(
            "buffer",
            video_size=f"{frame.width}x{frame.height}",
            pix_fmt=frame.format.name,
            time_base=str(frame.time_base),
            pixel_aspect=str(self.aspect),
            colorspace=str(int(frame.colorspace)),  # untold, the scaler would take it for another and convert
            range=str(int(frame.color_range)),
        )
        for name, options in self._filters(upright_turns(frame)):
            following = graph.add(name, **options)
            last.link_to(following)
            last = following
        graph.configure()
        return graph

    def _filters(self, turns: int) -> Iterator[tuple[str, dict[str, str]]]:
        for direction in _TURNS[turns]:
            yield "transpose", {"dir": direction}
        yield "scale", {"w": self.width, "h": self.height, "flags": _EXACT, "out_range": "tv"}
        yield "setsar", {"sar": "1"}
        yield "format", {"pix_fmts": self.pix_fmt}
        if self.fps:
            yield "fps", {"fps": str(self.fps)}
        yield "buffersink", {}
