"""Label Studio: every task of an export is a record, of its text or of the media that it names."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Any
from urllib.parse import unquote

from pydantic import Field

from affectory.schemas.ids import digest
from affectory.transforms.sources._csv import CsvTable
from affectory.transforms.sources._documents import document, flattened, unfit
from affectory.transforms.sources._records import RecordTable
from affectory.transforms.sources._tables import Chunk, Columns, Pending, flat
from affectory.transforms.sources.base import Limits, Refused, SourceFile

_LOCAL = re.compile(r"(?:https?://[^/]+)?/data/local-files/\?d=([^&]+)")
_UPLOAD = re.compile(r"(?:https?://[^/]+)?/data/(upload/[^?]+)")
Row = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class LabelStudioSource(RecordTable):
    """Tasks of an export as JSON, JSON-MIN, CSV or TSV. Columns are `id` and what tasks are made of, as `data.text`.

    Media that Label Studio served lie below `media_root`: the folder of its local files, or of its `upload` folder.
    """

    key: Annotated[Columns | None, Field(description="column with the record's own key, such as data.uid")] = "id"

    @staticmethod
    def endings() -> tuple[str, ...]:
        return "*.json", "*.json.gz", *CsvTable.endings()

    @property
    def _text(self) -> str | None:
        return self.text or (None if self.names_media else "data.text")

    @property
    def _own(self) -> tuple[str, ...]:
        """Columns that say what a task is of, and not what was answered."""
        return flat((self._text, self.key, *self.blobs))

    def _chunks(self, file: SourceFile, limits: Limits, wanted: Sequence[str]) -> Iterator[Chunk]:
        seen: set[Any] = set()
        read = self._tasks if file.uri.lower().endswith((".json", ".json.gz")) else self._lines
        for chunk in read(file, limits, wanted, seen):
            columns = {n: [served(v) for v in c] if n in self.blobs else c for n, c in chunk.columns.items()}
            yield replace(chunk, columns=columns)

    def _tasks(self, file: SourceFile, limits: Limits, wanted: Sequence[str], seen: set[Any]) -> Iterator[Chunk]:
        tasks = document(file, limits)
        if not isinstance(tasks, list):
            found = (
                tasks if isinstance(tasks, Refused) else Refused(file.uri, "bad_row", "an export is a list of tasks")
            )
            yield Chunk(refused=(found,))
            return
        pending: Pending[Row] = Pending(file.uri)
        for number, task in enumerate(tasks, 1):
            if not isinstance(task, Mapping):
                pending.refuse(number, "bad_row", "not a task", task)
            elif wrong := unfit(row := _row(task)):
                pending.refuse(number, *wrong, task)
            elif isinstance(task.get("data"), Mapping) or _is_new(
                task.get("id"), [row.get(n) for n in self._own], seen
            ):
                pending.add(number, row, 0)
            if pending.full():
                yield _chunk(pending, wanted)
                pending = Pending(file.uri)
        yield _chunk(pending, wanted)

    def _lines(self, file: SourceFile, limits: Limits, wanted: Sequence[str], seen: set[Any]) -> Iterator[Chunk]:
        """Of a table, in which a task has a line for each of its annotations."""
        names = {name: name.removeprefix("data.") for name in wanted}
        for chunk in CsvTable(path=file.uri).chunks(file, limits, [*dict.fromkeys((*names.values(), "id"))]):
            rows = zip(*(chunk.columns.get(names[name], ()) for name in self._own), strict=True)
            told = zip(chunk.columns.get("id", ()), rows, strict=True)
            new = [i for i, (task, said) in enumerate(told) if _is_new(task, said, seen)]
            columns = {name: [chunk.columns[own][i] for i in new] for name, own in names.items() if chunk.numbers}
            yield Chunk([chunk.numbers[i] for i in new], columns, _shown(chunk, new), chunk.refused)


def served(value: Any) -> Any:
    """Where a file lies that Label Studio served, below the folder that it served."""
    found = (_LOCAL.fullmatch(value) or _UPLOAD.fullmatch(value)) if isinstance(value, str) else None
    return unquote(found[1]) if found else value


def _is_new(task: Any, said: Sequence[Any], seen: set[Any]) -> bool:
    """Whether a line does more than repeat what an earlier one said of its task; one without an id always does."""
    if task is None or not isinstance(task, (int, str)):
        return True
    mark = (task, digest(said))
    new = mark not in seen
    seen.add(mark)
    return new


def _row(task: Mapping[str, Any]) -> Row:
    """A task's columns; where tasks are flat (JSON-MIN), what they are made of stands among the answers."""
    if isinstance(task.get("data"), Mapping):
        return {"id": task.get("id"), **flattened(task["data"], "data.")}
    return {**task, **{f"data.{name}": value for name, value in task.items()}}


def _chunk(pending: Pending[Row], wanted: Sequence[str]) -> Chunk:
    return pending.chunk({name: [row.get(name) for row in pending.rows] for name in wanted}, dict)


def _shown(chunk: Chunk, places: Sequence[int]) -> Any:
    return lambda index: chunk.whole(places[index])
