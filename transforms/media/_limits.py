"""What every stage that decodes files agrees on; imports no decoder, so that a plan need not load one."""

from collections.abc import Mapping
from typing import Any

from affectory.transforms.base import Resources
from affectory.transforms.rows import Reject

NATIVE = Resources(batch_rows=4, isolated=True, timeout_s=120)
"""For stages that hand files of unknown origin to native decoders."""

LONG = Resources(batch_rows=1, isolated=True, timeout_s=1800)
"""For stages that decode a whole video: half an hour is enough for two hours of 720p in `clips`, the slowest."""

MAX_S = 4 * 3600.0
MAX_PIXELS = 2**27
"""Hard limits: no stage decodes longer media or larger pictures, whatever its parameters say."""


def span(anchor: Mapping[str, Any]) -> tuple[int, int | None]:
    """Start and end in microseconds; no end means to the end of the record."""
    start, end = anchor["start_us"] or 0, anchor["end_us"]
    if end is not None and end <= start:
        raise Reject("empty", f"the stretch from {start} to {end} us has no length")
    return start, end
