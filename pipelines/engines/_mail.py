"""Word from workers that cannot answer their driver: small files in the workspace, gone when the run is over."""

import importlib
import json
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field, fields
from typing import Any

from pydantic import TypeAdapter

from affectory.pipelines.engines._shared import not_seen
from affectory.pipelines.engines.base import Notice
from affectory.pipelines.runner.child import RaisedInChild
from affectory.pipelines.runner.partition import PartitionReport
from affectory.pipelines.store.files import Files
from affectory.pipelines.store.workspace import Workspace
from affectory.schemas.errors import AffectoryError

_WORD: TypeAdapter[PartitionReport | Notice] = TypeAdapter(PartitionReport | Notice)
_FOLDER, _OPEN, _STOP = "mail", "open", "stop"
_US = "affectory."


@dataclass(frozen=True)
class Mail:
    """Reports of one run's partitions, and the reason to stop, if there is one. It travels to the workers."""

    workspace: str
    run: str = field(default_factory=lambda: uuid.uuid4().hex)

    @property
    def _files(self) -> Files:
        return Workspace(self.workspace).records()

    def _name(self, name: str) -> str:
        return f"{_FOLDER}/{self.run}/{name}"

    def open(self) -> None:
        """Begin, and throw away what earlier runs left whose driver was killed."""
        self.clear()
        self._files.create(self._name(_OPEN), b"")

    def check_seen(self) -> None:
        """A worker that does not see the driver's files would write where none looks."""
        if not self._files.exists(self._name(_OPEN)):
            raise not_seen(f"the workspace {self.workspace}")

    def post(self, word: PartitionReport | Notice) -> None:
        """A partition ends once and is said to run again once: what is posted twice is the same."""
        kind = "again" if isinstance(word, Notice) else "done"
        self._files.create(self._name(f"{word.partition}.{kind}"), _WORD.dump_json(word))

    def stop(self, error: Exception | None = None) -> None:
        """Nobody starts a partition after this; the first error is the one that the driver raises."""
        self._files.create(self._name(_STOP), b"" if error is None else encoded(error).encode())

    def stopped(self) -> bool:
        return self._files.exists(self._name(_STOP))

    def fresh(self, seen: set[str]) -> Iterator[PartitionReport | Notice]:
        """What came since `seen`, which grows; an error that a worker left is raised.

        What was read is removed: there are thousands of partitions, and looking takes as long as there is to list.
        """
        files, stop = self._files, self._name(_STOP)
        for name in files.names(f"{_FOLDER}/{self.run}"):
            if name not in (stop, self._name(_OPEN)):
                if name not in seen:
                    seen.add(name)
                    yield _WORD.validate_json(files.read(name))
                files.remove(name)
        if files.exists(stop):
            raise decoded(files.read(stop).decode())

    def clear(self) -> None:
        """Throw away all that was posted."""
        files = self._files
        files.discard(list(files.names(_FOLDER)))


def encoded(error: Exception) -> str:
    """An error as text: ours with their fields where those are plain, others by type and text.

    Not pickled: who can write into a workspace must not be able to run code on the machine that reads it.
    """
    if not _is_ours(type(error)):
        error = RaisedInChild(type(error).__name__, str(error)[:2000])
    assert isinstance(error, AffectoryError)
    facts = {f.name: getattr(error, f.name) for f in fields(error)}
    text = json.dumps(facts, default=str)
    if json.loads(text) != facts:
        return encoded(RaisedInChild(type(error).__name__, str(error)[:2000]))
    return json.dumps([type(error).__module__, type(error).__qualname__, facts])


def decoded(text: str) -> AffectoryError:
    """The error that `encoded` wrote."""
    module, name, facts = json.loads(text)
    if not module.startswith(_US):
        raise ValueError(f"{module} is not a module of ours")
    kind = getattr(importlib.import_module(module), name)
    if not _is_ours(kind):
        raise ValueError(f"{module}.{name} is not an error of ours")
    found: AffectoryError = kind(**facts)
    return found


def _is_ours(kind: Any) -> bool:
    return (
        isinstance(kind, type)
        and issubclass(kind, AffectoryError)
        and kind.__module__.startswith(f"{__name__.partition('.')[0]}.")
    )
