"""Labels of a dataset as arrays: a number for each label, and which of them were asked."""

from collections.abc import Iterable, Mapping, Sequence
from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import NDArray

from affectory.schemas.errors import UserError

DISTRIBUTION = "distribution"


def soft_labels(data: Any, *, as_torch: bool = False) -> Any:
    """The distributions of a split: float32 in the shape (rows, labels), and which numbers there are, as truth values.

    What was not asked is not zero: it is NaN, and False in the mask, as is a row without a label. With `as_torch` both
    are tensors.

    Args:
        data: A `datasets.Dataset` with the column `distribution`, or a list of its rows.
    """
    values = _of_dataset(data) if hasattr(data, "with_format") else of_rows(data)
    mask = ~np.isnan(values)
    if not as_torch:
        return values, mask
    torch = import_module("torch")

    return torch.from_numpy(values), torch.from_numpy(mask)


def _of_dataset(data: Any) -> NDArray[np.float32]:
    if not hasattr(data, "num_rows"):
        raise UserError("labels of a stream have no end that could be waited for", "collate batches: affectory.collate")
    if isinstance(data.num_rows, Mapping):
        raise UserError("labels are those of one split", f"choose one: {', '.join(data.num_rows)}")
    if DISTRIBUTION not in data.column_names:
        raise UserError(f"no column {DISTRIBUTION!r}", f"the columns are {', '.join(data.column_names)}")
    found = data.select_columns([DISTRIBUTION]).with_format("arrow")[:].column(DISTRIBUTION)
    return of_rows(({DISTRIBUTION: row} for row in found.to_pylist()), label_count(data))


def label_count(data: Any) -> int | None:
    """How many labels a dataset has, where it says so."""
    features = getattr(data, "features", None) or {}
    label = features.get("label")
    return None if label is None else int(label.num_classes)


def of_rows(rows: Iterable[Mapping[str, Any]], labels: int | None = None) -> NDArray[np.float32]:
    """A row of numbers for each row; NaN where there are none."""
    given: list[Sequence[float | None] | None] = [row.get(DISTRIBUTION) for row in rows]
    lengths = {len(values) for values in given if values is not None} | ({labels} if labels is not None else set())
    if len(lengths) > 1:
        raise UserError(f"distributions have {' and '.join(map(str, sorted(lengths)))} numbers", "load one taxonomy")
    found = np.full((len(given), *(lengths or {0})), np.nan, np.float32)
    for row, values in enumerate(given):
        if values is not None:
            found[row] = [np.nan if value is None else value for value in values]
    return found
