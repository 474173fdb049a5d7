"""What a source is: it lists the files behind one entry of a recipe and gives every row in them an outcome."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import pyarrow as pa

from affectory.schemas.derived import REASONS
from affectory.schemas.tables import Column
from affectory.schemas.types import MEMBERS, PLACES

ROW_CHARS = 500
"""A refused row is shown up to this length."""

RECORDS = pa.schema(
    c.field
    for c in (
        Column("kind", pa.string(), "video, audio, image, text or signal", required=True),
        Column("key", pa.string(), "declared key, null where the record is known by its content"),
        Column("content", pa.string(), "canonical JSON of all that the row contributes, null for a media file"),
        Column("occurrence", pa.int32(), "how often equal content came earlier in the file", required=True),
        Column("row", pa.int64(), "line or row number from 1, null where the file is the record"),
        Column("text", pa.string(), "what is said or written, as it stands in the file"),
        Column("speaker", pa.string(), "who speaks or is shown, as named in the data"),
        Column("dialogue", pa.string(), "the conversation it belongs to"),
        Column("position", pa.int32(), "its place in the conversation"),
        Column("session", pa.string(), "the recording session or event it belongs to"),
        Column("language", pa.string(), "language code as given"),
        Column("segments", PLACES, "stretches of it that are named beside it, such as utterances with their times"),
        Column("format", pa.string(), "format of a media file, null for text"),
        Column("extra", pa.map_(pa.string(), pa.string()), "further columns the recipe asked to keep"),
        Column("uri", pa.string(), "its place, where that is not the file's own"),
        Column("media", pa.string(), "the media file that the row names; kind and format are seen when it is found"),
        Column("asset", pa.string(), "sha256 of the record's own bytes, where they are not those of the file"),
        Column("size", pa.int64(), "how many bytes those are"),
        Column("licence", pa.string(), "its own licence, where it is not that of the source"),
        Column("members", MEMBERS, "recordings of the same event, with role and clock offset"),
    )
)


@dataclass(frozen=True)
class Limits:
    """How much a reader takes in at once, so that no input can exhaust the machine."""

    row_bytes: int = 1_000_000
    file_bytes: int = 20_000_000_000
    memory_mb: int = 4096


@dataclass(frozen=True)
class SourceFile:
    """A file to read; `uri` is its place relative to the source's root, with forward slashes."""

    uri: str
    path: Path
    asset_id: str
    size: int
    scratch: Path | None = None
    """A folder for large media that a reader takes out of the file."""
    about: str = ""
    """What its source told of it when it was listed, such as its split."""


@dataclass(frozen=True)
class RemoteFile:
    """A file on object storage or the hub; `mark` changes when its bytes do."""

    url: str
    uri: str
    size: int
    mark: str


@dataclass(frozen=True)
class RemoteFolder:
    """All files below an address, or the one that lies there, as they were listed."""

    url: str
    files: tuple[RemoteFile, ...]
    readme: str = ""
    """What stands in the README.md that lies there, for a source that asks for it."""


@dataclass(frozen=True)
class Refused:
    """A file or row (`uri#L12`) that is not taken, for a reason from the fixed list."""

    uri: str
    reason: str
    detail: str = ""
    row: str = ""

    def __post_init__(self) -> None:
        if self.reason not in REASONS:
            raise ValueError(f"reason {self.reason!r} is not one of {', '.join(REASONS)}")
        object.__setattr__(self, "uri", printable(self.uri))
        object.__setattr__(self, "detail", printable(self.detail))
        object.__setattr__(self, "row", printable(self.row)[:ROW_CHARS])


@dataclass(frozen=True)
class Inner:
    """Media that lie inside a file, by their sha256: their bytes, or a file of this machine that may be taken away."""

    asset: str
    size: int
    data: bytes | None = None
    path: Path | None = None


@dataclass(frozen=True)
class Records:
    """Some records of a file, the media among them that lie inside it, and what was refused beside them."""

    rows: pa.Table = field(default_factory=RECORDS.empty_table)
    refused: tuple[Refused, ...] = ()
    inner: tuple[Inner, ...] = ()


class Source(Protocol):
    """One entry of a recipe's sources. Its fields are its YAML parameters."""

    @property
    def path(self) -> str: ...

    @property
    def name(self) -> str: ...

    @property
    def licence(self) -> str: ...

    def files(self, root: Path | RemoteFolder) -> Iterator[Path | RemoteFile | Refused]:
        """The files below `root` (or `root` itself) in a fixed order, and what is refused unread."""
        ...

    def read(self, file: SourceFile, limits: Limits) -> Iterator[Records]:
        """The records of one file in batches; every row is in `rows` or in `refused`."""
        ...


def uri_of(file: Path | RemoteFile, root: Any) -> str:
    """A file's place relative to its source's root, printable whatever bytes its name has."""
    if isinstance(file, RemoteFile):
        return printable(file.uri)
    return printable(file.name if file == root else file.relative_to(root).as_posix())


def printable(text: str) -> str:
    """Text that can be stored and shown: undecodable bytes of file names as `\\xff`, lone surrogates escaped."""
    if text.isascii():
        return text
    try:
        return text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    except UnicodeEncodeError:
        return text.encode("utf-8", "backslashreplace").decode("utf-8")


def shown(row: Any) -> str:
    """A refused row as JSON, shortened."""
    return json.dumps(row, ensure_ascii=False, default=str)[:ROW_CHARS]


def build(schema: pa.Schema, columns: Mapping[str, Sequence[Any] | pa.Array], rows: int) -> pa.Table:
    """A table of `rows` rows of `schema`; columns that are not given are null."""
    arrays = [
        pa.nulls(rows, f.type) if columns.get(f.name) is None else pa.array(columns[f.name], f.type) for f in schema
    ]
    return pa.table(arrays, schema=schema)
