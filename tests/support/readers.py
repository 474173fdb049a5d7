"""A source reader that crashes, hangs or leaks on demand, importable in a child process."""

import os
import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from support.steps_hard import leak

from affectory.transforms.sources.base import RECORDS, Limits, Records, SourceFile, build


@dataclass(frozen=True)
class Reader:
    """Gives a batch of one row, then does as told."""

    then: str
    isolated: ClassVar[bool] = True

    def read(self, file: SourceFile, limits: Limits) -> Iterator[Records]:
        yield Records(build(RECORDS, {"kind": ["text"], "occurrence": [0]}, 1))
        if self.then == "crash":
            os.kill(os.getpid(), signal.SIGSEGV)
        if self.then == "hang":
            time.sleep(60)
        if self.then == "leak":
            leak()
