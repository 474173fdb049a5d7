"""What channels of a signal do in the stretch of a sample: mean, spread, extremes and slope."""

from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np
import pyarrow as pa
from pydantic import Field

from affectory.schemas.types import ANCHOR, MEDIA, MEMBERS
from affectory.transforms.base import ALL_KINDS, STRICT, Columns, Resources, Step
from affectory.transforms.media._limits import NATIVE, span
from affectory.transforms.rows import Values, by_row
from affectory.transforms.signal._series import Channel, Clock, snake

_STATS = ("mean", "sd", "min", "max", "slope")


@dataclass(frozen=True, kw_only=True)
class SignalStats(Clock):
    """Writes `<channel>_mean`, `_sd`, `_min`, `_max` and `_slope` (per second), null where nothing was measured.

    With `role` the signal is that recording of the sample's event, on the clock of the sample.
    """

    __pydantic_config__ = STRICT

    channels: Annotated[tuple[str, ...], Field(min_length=1, description="channels to measure, as the file names them")]
    role: Annotated[str | None, Field(min_length=1, description="which recording of the same event it is")] = None

    def __post_init__(self) -> None:
        names = [snake(channel) for channel in self.channels]
        if not all(names) or len(set(names)) < len(names):
            raise ValueError(f"{', '.join(self.channels)}: names of letters and digits that differ are wanted")

    @property
    def on(self) -> frozenset[str]:
        return frozenset({"signal"}) if self.role is None else ALL_KINDS

    @property
    def resources(self) -> Resources:
        return NATIVE

    def reads(self) -> Columns:
        return {"anchor": ANCHOR, **({"original": MEDIA} if self.role is None else {"members": MEMBERS})}

    def writes(self) -> Columns:
        return {f"{snake(channel)}_{stat}": pa.float64() for channel in self.channels for stat in _STATS}

    def setup(self) -> Step:
        return by_row(self.reads(), self.writes(), self._measure)

    def _measure(self, row: Values) -> Values:
        file, offset = self._file(row)
        if file is None:
            return {}
        start, end = span(row["anchor"])
        end = None if end is None else end - offset
        is_member = self.role is not None
        found = self.measured(file["path"], file["format"], self.channels, start - offset, end, is_member)
        return {f"{snake(c.name)}_{stat}": value for c in found for stat, value in _stats(c).items()}

    def _file(self, row: Values) -> tuple[Any, int]:
        if self.role is None:
            return row["original"], 0
        own = [m for m in row["members"] or () if m["role"] == self.role and m["kind"] == "signal"]
        return (own[0], own[0]["offset_us"] or 0) if own else (None, 0)


def _stats(channel: Channel) -> dict[str, float]:
    known = ~np.isnan(channel.values)
    times, values = channel.times[known] / 1e6, channel.values[known]
    if not len(values):
        return {}
    mean, spread = values.mean(), times - times.mean() if len(times) else times
    across = float((spread**2).sum())
    slope = float((spread * (values - mean)).sum()) / across if across else 0.0
    found = {"mean": mean, "sd": values.std(), "min": values.min(), "max": values.max(), "slope": slope}
    return {name: float(f"{value:.9g}") for name, value in found.items()}  # sums may differ in the last bits elsewhere
