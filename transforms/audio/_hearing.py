"""What stages that hear a sound agree on; imports no decoder, so that a plan need not load one."""

from affectory.transforms.base import Resources
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
