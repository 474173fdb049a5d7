"""Where groups were placed: remembered, so that they stay there from build to build."""

from collections.abc import Mapping, Sequence

from affectory.pipelines.remembered import Remembered
from affectory.pipelines.splits import FIT
from affectory.pipelines.store.files import Files
from affectory.schemas.ids import digest


class SplitFit(Remembered):
    """The groups in order, each with its split."""

    def __init__(self, files: Files, by: Sequence[str], shares: Mapping[str, float]) -> None:
        super().__init__(files, f"splits/{digest(list(by), list(shares.items()))[:16]}", FIT)
