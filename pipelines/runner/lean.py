"""Processes without what they do not need."""

import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec
from types import ModuleType


class _Absent:
    """Says for a moment that a package is not there."""

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if name == "pandas":
            raise ModuleNotFoundError("No module named 'pandas'", name=name)
        return None


def keep_pandas_out() -> None:
    """Have Arrow believe that there is no pandas: for the first list that becomes an array it would import it, which
    takes a quarter of a second. Whoever imports pandas gets it; only from Arrow to it there is no way any more."""
    if "pandas" in sys.modules:
        return
    import pyarrow as pa

    absent = _Absent()
    sys.meta_path.insert(0, absent)
    try:
        pa.array([None])
    finally:
        sys.meta_path.remove(absent)
