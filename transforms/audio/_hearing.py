"""What stages that hear a sound agree on; imports no decoder, so that a plan need not load one."""

import pyarrow as pa

from affectory.transforms.asking import media_hash
from affectory.transforms.base import Resources, Sent
from affectory.transforms.rows import Reject

HEARING = Resources(batch_rows=8, isolated=True, timeout_s=600)
"""A row may be the first of a file of four hours."""


def filtered(
    name: str, value: float | None, unit: str = "", *, at_least: float | None = None, at_most: float | None = None
) -> None:
    """Reject a sample whose value is out of bounds, or not known where there is a bound."""
    if at_least is None and at_most is None:
        return
    if value is None:
        raise Reject("filtered", f"{name} cannot be told of so little or so quiet a sound")
    if at_least is not None and value < at_least:
        raise Reject("filtered", f"{name} is {value:.4g} {unit}".rstrip() + f", at least {at_least:g} is kept")
    if at_most is not None and value > at_most:
        raise Reject("filtered", f"{name} is {value:.4g} {unit}".rstrip() + f", at most {at_most:g} is kept")


def sent_sound(rows: pa.Table) -> list[Sent | None]:
    """What stands for the stretches of sound that are sent to a model."""
    given = rows.select(["original", "anchor"]).to_pylist()
    return [(media_hash(r["original"]), f"{r['anchor']['start_us'] or 0}-{r['anchor']['end_us'] or ''}") for r in given]
