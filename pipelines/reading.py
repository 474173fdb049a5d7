"""Reading source files batch by batch; a format whose decoder can crash is read in a child process."""

from collections.abc import Iterator
from functools import partial
from typing import Any

from affectory.pipelines.runner.child import Child, ChildDied, ChildHung, ChildTooLarge
from affectory.transforms.sources.base import Limits, Records, Refused, SourceFile

_TIMEOUT_S = 300.0
_OPEN: list[Iterator[Any]] = []


def batches(reader: Any, file: SourceFile, limits: Limits, child: Child) -> Iterator[Any]:
    """What `reader` gives for a file. An isolated reader that crashes, hangs or takes too much memory refuses the rest
    of that file."""
    if not getattr(reader, "isolated", False):
        yield from reader.read(file, limits)
        return
    call = partial(child.call, timeout_s=_TIMEOUT_S, memory_mb=limits.memory_mb)
    try:
        call(_open, reader, file, limits)
        while (batch := call(_next)) is not None:
            yield batch
    except (ChildDied, ChildHung, ChildTooLarge) as error:
        yield Records(refused=(Refused(file.uri, "unreadable", f"its reader crashed: {error}"),))


def _open(reader: Any, file: SourceFile, limits: Limits) -> None:
    _OPEN[:] = [iter(reader.read(file, limits))]


def _next() -> Any:
    return next(_OPEN[0], None)
