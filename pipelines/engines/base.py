"""What an engine is: it says where partitions run and rows meet, and nothing about what becomes of them."""

import importlib
import pkgutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Protocol, runtime_checkable

import pyarrow as pa

from affectory.pipelines.events import Event, Listener
from affectory.pipelines.runner.partition import Partition, PartitionReport
from affectory.schemas.errors import AffectoryError, UserError


@dataclass(frozen=True)
class Choice:
    """Which engine to build on, and how to reach it. `workers` is None where the engine decides."""

    name: str = "local"
    workers: int | None = None
    address: str = ""
    options: tuple[str, ...] = ()


LOCALLY = Choice()


@dataclass(frozen=True)
class Notice:
    """What an engine has to say while it works: of what it waits, what it runs again and why, who was asked."""

    kind: Literal["waiting", "again", "asked"]
    text: str
    partition: str = ""


Report = PartitionReport | Notice | None
"""What comes of a running engine; None now and then while all are at work."""


@dataclass(eq=False)
class PartitionKillsWorkers(AffectoryError):
    """A partition ended its worker process each time, even with every stage in a child of its own."""

    partition: str
    times: int
    detail: str

    def __str__(self) -> str:
        return f"partition {self.partition} ended its worker process {self.times} times: {self.detail}"


class Engine(Protocol):
    """Runs partitions, and brings rows of many partitions together."""

    @property
    def workers(self) -> int:
        """How many partitions it works on at once; 0 where that is not known before it starts."""
        ...

    def run(self, partitions: Sequence[Partition]) -> Iterator[Report]:
        """Reports of the partitions as they finish, in any order; None now and then while all are at work."""
        ...

    def exchange(
        self, parts: Sequence[Any], read: Callable[[Any], pa.Table], reduce: Callable[[int, pa.Table], None]
    ) -> None:
        """Bring together rows of many parts. `read` gives a part's rows with a column `bucket`; `reduce` is called for
        every bucket with all of its rows, in any order, perhaps again, and writes down itself what it finds."""
        ...

    def close(self) -> None: ...


def heavy_first(partitions: Sequence[Partition]) -> list[Partition]:
    """In the order to run them, so that no worker is left with a long one at the end."""
    return sorted(partitions, key=lambda p: (p.kinds == {"text"}, -p.rows))


def names() -> list[str]:
    """The engines there are."""
    return sorted(_modules())


def _modules() -> dict[str, str]:
    """Each has a module to itself, called by the first word of its name; those with an underscore before it help."""
    found = [module.name for module in pkgutil.iter_modules([str(Path(__file__).parent)])]
    return {name.partition("_")[0]: name for name in found if name != "base" and not name.startswith("_")}


@runtime_checkable
class Hears(Protocol):
    """An engine that is told what happens while it is open, to show it where its cluster shows things."""

    def heard(self, event: Event) -> None: ...


def listeners(engine: Engine) -> tuple[Listener, ...]:
    """What of an engine listens to a build."""
    return (engine.heard,) if isinstance(engine, Hears) else ()


@contextmanager
def opened(choice: Choice) -> Iterator[Engine]:
    """The chosen engine, closed again at the end."""
    engine = _module(choice.name).engine(choice)
    try:
        yield engine
    finally:
        engine.close()


def _module(name: str) -> Any:
    if name not in _modules():
        raise UserError(f"there is no engine {name!r}", f"allowed: {', '.join(names())}")
    try:
        return importlib.import_module(f"{__package__}.{_modules()[name]}")
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("affectory"):
            raise
        hint = f"install it: pip install 'affectory[{name}]'"
        raise UserError(f"engine {name!r} needs the package {error.name}, which is not installed", hint) from error
