"""Notes how loud the sound of each sample is, and how much of it is clipped."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from affectory.schemas.types import ANCHOR, MEDIA
from affectory.transforms.base import STRICT, Columns, Resources, Step
from affectory.transforms.media._limits import NATIVE, span
from affectory.transforms.rows import Reject, Values, by_row

_SILENCE = 1e-6
_FULL_SCALE = 1 - 2**-15


@dataclass(frozen=True)
class Loudness:
    """Notes `loudness_dbfs` (RMS), `peak_dbfs` and `clipping` (share of samples at full scale).

    Digital silence is -120 dBFS. A video without sound has none of the three.
    """

    __pydantic_config__ = STRICT
    on: ClassVar[frozenset[str]] = frozenset({"audio", "video"})
    resources: ClassVar[Resources] = NATIVE

    def reads(self) -> Columns:
        return {"kind": pa.string(), "original": MEDIA, "anchor": ANCHOR}

    def writes(self) -> Columns:
        return {"loudness_dbfs": pa.float32(), "peak_dbfs": pa.float32(), "clipping": pa.float32()}

    def setup(self) -> Step:
        return by_row(self.reads(), self.writes(), self._measured)

    def _measured(self, row: Values) -> Values:
        from affectory.transforms.media._decode import audio_stream, opened
        from affectory.transforms.media._sound import sound

        with opened(row["original"]["path"]) as container:
            stream = audio_stream(container)
            found = _levels(sound(container, stream, *span(row["anchor"]))) if stream else {}
        if not found and row["kind"] == "audio":
            raise Reject("empty", "no sample can be decoded")
        return found


def _levels(blocks: Iterable[NDArray[np.float32]]) -> Values:
    count, power, peak, clipped = 0, 0.0, 0.0, 0
    for block in blocks:
        level = np.abs(block)
        count += block.size
        power += float(np.square(block, dtype=np.float64).sum())
        peak = max(peak, float(level.max(initial=0)))
        clipped += int((level >= _FULL_SCALE).sum())
    if not count:
        return {}
    return {"loudness_dbfs": _dbfs((power / count) ** 0.5), "peak_dbfs": _dbfs(peak), "clipping": clipped / count}


def _dbfs(level: float) -> float:
    return float(20 * np.log10(max(level, _SILENCE)))
