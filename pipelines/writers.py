"""Which steps write a column of a sample."""

from typing import Any

from affectory.pipelines import discovery
from affectory.schemas.errors import UserError


def fills(transform: Any, column: str) -> bool:
    """Whether a step gives a column its values; one that makes samples of others clears what was made of the whole,
    unless it says that it fills the column."""
    wrote = transform.writes()
    return column in wrote and ("sample_id" not in wrote or column in getattr(transform, "fills", ()))


def who_writes(column: str) -> str:
    """Which steps could write a column, as advice."""
    writers = []
    for name, module in discovery.steps().items():
        try:
            wrote = discovery.public_class(module)().writes()
        except (TypeError, ValueError, UserError):  # it cannot do without a parameter, or without what is not installed
            continue
        if column in wrote and "sample_id" not in wrote:
            writers.append(name)
    return f"written by: {', '.join(writers)}; put it before this step" if writers else ""
