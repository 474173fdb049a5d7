"""What the readers of tables share: which files, their outcome as a whole, and rows handed on as columns."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, ClassVar, Generic, TypeVar

import pyarrow as pa
from pydantic import ConfigDict, Field

from affectory.schemas.recipe.problems import did_you_mean
from affectory.transforms.base import STRICT
from affectory.transforms.sources._text import READ_ERRORS
from affectory.transforms.sources._walk import GLOBS, Glob, Selection, walk
from affectory.transforms.sources.base import Limits, Refused, RemoteFile, RemoteFolder, SourceFile, shown

CHUNK_ROWS = 4096
CHUNK_BYTES = 16_000_000
"""A chunk is full at either of these."""

Row = TypeVar("Row")
ColumnName = Annotated[str, Field(min_length=1, max_length=500)]
Columns = ColumnName | Annotated[tuple[ColumnName, ...], Field(min_length=2)]
"""A column, or several that name something together."""


@dataclass(frozen=True)
class Chunk:
    """Some rows of a table, column by column, and rows that could not even be parsed.

    `numbers` are line or row numbers from 1; `whole` gives all of row i, to show it where it is refused.
    """

    numbers: Sequence[int] = ()
    columns: Mapping[str, list[Any]] = field(default_factory=dict)
    whole: Callable[[int], Any] = str
    refused: tuple[Refused, ...] = ()

    def values(self, columns: Columns) -> Sequence[Any]:
        """A column; of several columns their values joined, so that no two rows of other values are alike."""
        if isinstance(columns, str):
            return self.columns.get(columns, ())
        return [joined(parts) for parts in zip(*(self.columns.get(c, ()) for c in columns), strict=True)]

    def refuse(self, index: int, uri: str, reason: str, detail: str) -> Refused:
        """The outcome of a row that was parsed but does not fit."""
        return Refused(row_uri(uri, self.numbers[index]), reason, detail, shown(self.whole(index)))


@dataclass
class Pending(Generic[Row]):
    """Rows parsed but not yet handed on."""

    uri: str
    numbers: list[int] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)
    size: int = 0

    def full(self) -> bool:
        return len(self.numbers) + len(self.refused) >= CHUNK_ROWS or self.size >= CHUNK_BYTES

    def add(self, number: int, row: Row, size: int) -> None:
        self.numbers.append(number)
        self.rows.append(row)
        self.size += size

    def refuse(self, number: int, reason: str, detail: str, whole: Any) -> None:
        self.refused.append(Refused(row_uri(self.uri, number), reason, detail, shown(whole)))

    def chunk(self, columns: Mapping[str, list[Any]], whole: Callable[[Row], Any]) -> Chunk:
        return Chunk(self.numbers, columns, lambda index: whole(self.rows[index]), tuple(self.refused))


def joined(parts: Sequence[Any]) -> Any:
    """Names as one, `7/12`; null where one is missing, and a value that is no name as it is, to be refused."""
    for part in parts:
        if part is None or part == "":
            return None
        if type(part) not in (str, int):
            return part
    return "/".join(str(part).replace("%", "%25").replace("/", "%2F") for part in parts)


def shown_columns(columns: Columns) -> str:
    """How a message names them."""
    return columns if isinstance(columns, str) else " and ".join(columns)


def flat(columns: Iterable[Columns | None]) -> tuple[str, ...]:
    """All columns by themselves, each once."""
    parts = ((c,) if isinstance(c, str) else c for c in columns if c is not None)
    return tuple(dict.fromkeys(name for part in parts for name in part))


def row_uri(uri: str, number: int) -> str:
    return f"{uri}#L{number}"


@dataclass(frozen=True, kw_only=True)
class Table(ABC):
    """A file of rows, or a folder of such files."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT

    path: Annotated[str, Field(min_length=1, description="file or folder of files, relative to the recipe, or address")]
    include: Annotated[tuple[Glob, ...], Field(description=f"files to read where path is a folder: {GLOBS}")] = ()
    exclude: Annotated[tuple[Glob, ...], Field(description="files and folders to leave out, likewise")] = ()

    @property
    def blobs(self) -> tuple[str, ...]:
        """Columns whose cells may be longer than a row."""
        return ()

    def may_name_media(self, file: SourceFile) -> bool:
        """Whether some cell of `blobs` may hold a name rather than bytes."""
        return True

    def files(self, root: Path | RemoteFolder) -> Iterator[Path | RemoteFile | Refused]:
        return walk(root, Selection(self.include or self.endings(), self.exclude))

    def chunks(self, file: SourceFile, limits: Limits, wanted: Sequence[str]) -> Iterator[Chunk]:
        """The wanted columns of a file, chunk by chunk; a file that can't be taken is one refusal."""
        rows = 0
        try:
            for chunk in self._sized(file, limits, wanted):
                rows += len(chunk.numbers) + len(chunk.refused)
                yield chunk
        except (*READ_ERRORS, pa.ArrowException, UnicodeError) as error:
            where = f", after {rows} rows that were taken" if rows else ""
            yield whole_file(file, "unreadable", f"{error}{where}")
        except RecursionError:
            yield whole_file(file, "bad_row", "its values are nested too deeply")
        else:
            if not rows:
                yield whole_file(file, "empty", "no rows")

    def header(self, file: SourceFile, limits: Limits) -> tuple[str, ...]:
        """The names of all columns, for those who choose by a pattern."""
        found: dict[str, None] = {}
        for chunk in self.chunks(file, limits, ()):
            found |= dict.fromkeys(name for i in range(len(chunk.numbers)) for name in chunk.whole(i))
        return tuple(found)

    def _sized(self, file: SourceFile, limits: Limits, wanted: Sequence[str]) -> Iterator[Chunk]:
        if file.size > limits.file_bytes:
            yield whole_file(file, "too_large", f"{file.size:,} bytes, at most {limits.file_bytes:,} are read")
        elif file.size:
            yield from self._chunks(file, limits, wanted)

    @staticmethod
    @abstractmethod
    def endings() -> tuple[str, ...]:
        """Globs of the files that are read from a folder unless `include` says otherwise."""

    @abstractmethod
    def _chunks(self, file: SourceFile, limits: Limits, wanted: Sequence[str]) -> Iterator[Chunk]: ...


def whole_file(file: SourceFile, reason: str, detail: str) -> Chunk:
    return Chunk(refused=(Refused(file.uri, reason, detail),))


def absent(file: SourceFile, wanted: Sequence[str], present: Sequence[str]) -> Chunk | None:
    """A refusal of a file whose header lacks a wanted column or has it twice."""
    missing = [w for w in dict.fromkeys(wanted) if w not in present]
    if missing:
        has = ", ".join(map(repr, present[:50])) + (", ..." if len(present) > 50 else "")
        meant = "".join(f"; {hint}" for name in missing if (hint := did_you_mean(name, present)))
        return whole_file(file, "bad_row", f"no column {', '.join(map(repr, missing))}; the file has {has}{meant}")
    twice = [w for w in wanted if list(present).count(w) > 1]
    return whole_file(file, "bad_row", f"column {twice[0]!r} is there twice") if twice else None
