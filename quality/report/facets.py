"""By what samples can be filtered, alike in a page and on a server."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

FACETS = ("label", "split", "source", "kind", "language", "pool", "band", "state")
NONE = "none"
_NUMBER = re.compile(r"\d+(\.\d+)?")


def facets(sample: Mapping[str, Any], labels: Sequence[str]) -> dict[str, str]:
    """The value of each for one sample."""
    label = sample.get("label")
    found = {name: str(sample.get(name) or NONE) for name in FACETS}
    found["label"] = NONE if label is None else labels[label]
    found["state"] = state(sample.get("state"))
    return found


def state(text: str | None) -> str:
    """States that differ in numbers only are one."""
    return _NUMBER.sub("#", text) if text else NONE
