"""Opens every signal, checks its clock, and notes how long, how fast and how complete it is."""

from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

import numpy as np
import pyarrow as pa
from pydantic import Field

from affectory.schemas.types import ANCHOR, MEDIA, PLACES
from affectory.transforms.base import STRICT, Columns, Resources, Step
from affectory.transforms.media._limits import MAX_S, NATIVE, span
from affectory.transforms.rows import Reject, Values, by_row
from affectory.transforms.signal._series import Channel, Clock


@dataclass(frozen=True, kw_only=True)
class LoadSignal(Clock):
    """Writes `duration_s`, `rate_hz`, `channel_names` and `gaps`: stretches without a measurement."""

    __pydantic_config__ = STRICT
    on: ClassVar[frozenset[str]] = frozenset({"signal"})
    resources: ClassVar[Resources] = NATIVE

    channels: Annotated[tuple[str, ...], Field(description="channels that it must have, by default any")] = ()
    gap: Annotated[float, Field(gt=1, description="a gap is longer than so many usual intervals")] = 3.0
    max_s: Annotated[float, Field(gt=0, le=30 * MAX_S, description="longer ones are rejected, in seconds")] = (
        24 * 3600.0
    )

    def reads(self) -> Columns:
        return {"original": MEDIA, "anchor": ANCHOR}

    def writes(self) -> Columns:
        return {"duration_s": pa.float64(), "rate_hz": pa.float64(), "channel_names": pa.string(), "gaps": PLACES}

    def setup(self) -> Step:
        return by_row(self.reads(), self.writes(), self._load)

    def _load(self, row: Values) -> Values:
        file = row["original"]
        found = self.measured(file["path"], file["format"], self.channels, *span(row["anchor"]))
        if not found or not any(len(channel.times) for channel in found):
            raise Reject("empty", "no measurement in it")
        fastest = max(found, key=lambda channel: len(channel.times))
        usual = float(np.median(np.diff(fastest.times))) if len(fastest.times) > 1 else 0.0
        start, end = (int(f(c.times[at] for c in found if len(c.times))) for f, at in ((min, 0), (max, -1)))
        duration = (end - start + usual) / 1e6
        if duration > self.max_s:
            raise Reject("too_long", f"{duration:g} s, at most {self.max_s:g} s")
        return {
            "duration_s": duration,
            "rate_hz": round(1e6 / usual, 6) if usual else None,
            "channel_names": ", ".join(channel.name for channel in found),
            "gaps": _gaps(fastest, usual * self.gap),
        }


def _gaps(channel: Channel, longest: float) -> list[dict[str, Any]]:
    """Where two measurements that follow each other are too far apart, and where none of many has a value."""
    known = channel.times[~np.isnan(channel.values)]
    steps = np.diff(known)
    wide = np.flatnonzero(steps > longest) if longest else np.array([], np.int64)
    return [{"kind": "gap", "start_us": int(known[at]), "end_us": int(known[at + 1])} for at in wide]
