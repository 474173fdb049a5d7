"""A step that stops builds on purpose."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
from support.steps_failing import Flaky

from affectory.schemas.errors import UserError
from affectory.transforms.base import Result, Step


@dataclass(frozen=True)
class Halting(Flaky):
    """Stops the whole build, where a flaky step fails a row."""

    def setup(self) -> Step:
        work: Callable[[Any], dict[str, int]] = self._work()

        def step(batch: pa.Table) -> Result:
            try:
                lengths = [work(row)["length"] for row in batch.to_pylist()]
            except ConnectionError as error:
                raise UserError(f"no key for {self.word!r}", "set it") from error
            return Result.keep_all(batch.append_column("length", pa.array(lengths, pa.int32())))

        return step
