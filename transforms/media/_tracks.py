"""What the packets of a file add up to, read without decoding more than the first of each stream."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from av.container import InputContainer
from av.packet import Packet
from av.stream import Stream
from av.video.stream import VideoStream

from affectory.transforms.media._decode import decoder_of, microseconds, packets, unreadable, zero_us
from affectory.transforms.rows import Reject

# Without an index these formats guess how long they are.
_GUESSES = frozenset({"aac", "ac3", "eac3", "amr", "mp3", "mpeg", "mpegts", "dv", "flv"})
_ROUNDING_US = 1500  # some containers count milliseconds


@dataclass
class Track:
    """What the packets of one stream add up to, in microseconds of the record."""

    stream: Stream
    zero: int
    first: Any = None
    count: int = 0
    hidden: int = 0
    """Packets that only help to decode others: an edit list says not to show them."""
    begin_us: int = 2**62
    last_us: int = 0
    longest_us: int = 1
    begins: list[int] = field(default_factory=list)
    """When each picture is shown; kept for video only."""

    def add(self, packet: "Packet[Stream]") -> None:
        at = packet.pts if packet.pts is not None else packet.dts
        if packet.is_discard:
            self.hidden += 1
            return
        self.count += bool(packet.size)
        if at is None:
            return
        begin = microseconds(at, packet.time_base) - self.zero
        lasts = microseconds(packet.duration or 0, packet.time_base)
        if packet.pts is not None and isinstance(self.stream, VideoStream):
            self.begins.append(begin)
        self.begin_us, self.last_us = min(self.begin_us, begin), max(self.last_us, begin + lasts)
        self.longest_us = max(self.longest_us, lasts)

    @property
    def end_us(self) -> int:
        """The end of the last packet, or within it, where the header trims it."""
        stream = self.stream
        if stream.duration is None or stream.time_base is None:
            return self.last_us
        end = microseconds((stream.start_time or 0) + stream.duration, stream.time_base) - self.zero
        return end if self.last_us - self.longest_us <= end <= self.last_us else self.last_us

    @property
    def varies(self) -> bool:
        """Whether pictures follow each other at distances that no rounding of times explains."""
        apart = np.diff(np.sort(self.begins)[:-1])  # how long the last one is shown is anybody's guess
        if not len(apart):
            return False
        usual = float(np.median(apart))
        return bool(np.abs(apart - usual).max() > max(_ROUNDING_US, usual / 20))

    @property
    def per_second(self) -> float | None:
        return self.count * 1e6 / (self.last_us - self.begin_us) if self.last_us > self.begin_us else None


def tracks(container: InputContainer, wanted: list[Stream], max_s: float) -> list[Track]:
    """The wanted streams' tracks, the first packet of each decoded; files that are too long or cut off are rejected."""
    decoder_of(*wanted)
    zero = zero_us(container)
    found = {s.index: Track(s, zero) for s in wanted}
    for packet in packets(container):
        track = found.setdefault(packet.stream_index, Track(packet.stream, zero))
        if track.first is None and packet.stream in wanted:
            with unreadable("decoding"):
                track.first = next(iter(packet.decode()), None)
        track.add(packet)
        if track.last_us > max_s * 1e6:
            raise Reject("too_long", f"longer than {max_s:g} s")
    _check_promise(container, max((t.last_us for t in found.values()), default=0))
    return [found[s.index] for s in wanted]


def _check_promise(container: InputContainer, end_us: int) -> None:
    promised = container.duration or 0
    if container.format.name not in _GUESSES and end_us < promised - max(500_000, promised // 50):
        detail = f"the header promises {promised / 1e6:.3f} s, the data ends after {end_us / 1e6:.3f} s"
        raise Reject("unreadable", detail)
