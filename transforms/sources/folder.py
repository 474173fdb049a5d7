"""A folder of media and text files: every file is a record."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Annotated, Any, ClassVar

from pydantic import Field

from affectory.transforms.sources._events import Events
from affectory.transforms.sources._files import MediaFiles, text_of
from affectory.transforms.sources._sniff import HEAD_BYTES, TEXT, sniff
from affectory.transforms.sources._walk import walk
from affectory.transforms.sources.base import (
    RECORDS,
    Limits,
    Records,
    Refused,
    RemoteFile,
    RemoteFolder,
    SourceFile,
    build,
)


@dataclass(frozen=True, kw_only=True)
class FolderSource(MediaFiles):
    """Video, audio, image and plain text files below a folder, told apart by their first bytes."""

    events: Annotated[Events | None, Field(description="which files are recordings of the same event")] = None

    beside: ClassVar[tuple[tuple[str, ...], ...]] = (*MediaFiles.beside, ("events", "path"))

    def files(self, root: Path | RemoteFolder) -> Iterator[Path | RemoteFile | Refused]:
        return walk(root, self.selection)

    def looks_at(self, uri: str, limits: Limits) -> int:
        """How many of a file's first bytes are enough to read it."""
        return HEAD_BYTES + (limits.row_bytes if sniff(b"", PurePosixPath(uri).suffix) == TEXT else 0)

    def read(self, file: SourceFile, limits: Limits) -> Iterator[Records]:
        found = self._read(file, limits)
        if isinstance(found, Refused):
            yield Records(refused=(found,))
        else:
            yield Records(build(RECORDS, {name: [value] for name, value in found.items()}, 1))

    def _read(self, file: SourceFile, limits: Limits) -> dict[str, Any] | Refused:
        if not file.size:
            return Refused(file.uri, "empty", "zero bytes")
        if file.size > limits.file_bytes:
            return Refused(file.uri, "too_large", f"{file.size:,} bytes, at most {limits.file_bytes:,} are read")
        try:
            with file.path.open("rb") as stream:
                head = stream.read(HEAD_BYTES)
                found = sniff(head, PurePosixPath(file.uri).suffix)
                if found is None:
                    return Refused(file.uri, "unsupported", "neither known media nor a .txt file")
                if found == TEXT:
                    text = text_of(file.uri, file.size, head + stream.read(limits.row_bytes), limits)
                    return text if isinstance(text, Refused) else {**self.facts(file.uri, "text"), **text}
        except OSError as error:
            return Refused(file.uri, "unreadable", error.strerror or str(error))
        return {**self.facts(file.uri, found.kind), "format": found.format}
