"""Signals: files of physiology or of sensors, each a series of measurements with a clock of its own."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field

from affectory.transforms.sources._files import MediaFiles
from affectory.transforms.sources._signals import ENDINGS, HEAD_BYTES, check_installed, signal_format
from affectory.transforms.sources._walk import GLOBS, Glob, walk
from affectory.transforms.sources.base import (
    RECORDS,
    Limits,
    Records,
    Refused,
    RemoteFile,
    RemoteFolder,
    SourceFile,
    build,
    uri_of,
)


@dataclass(frozen=True, kw_only=True)
class SignalSource(MediaFiles):
    """CSV, TSV, EDF and BDF files; how their columns and times are read is said in the steps that read them."""

    include: Annotated[tuple[Glob, ...], Field(min_length=1, description=f"files to read: {GLOBS}")] = ENDINGS

    def files(self, root: Path | RemoteFolder) -> Iterator[Path | RemoteFile | Refused]:
        for file in walk(root, self.selection):
            if not isinstance(file, Refused):
                check_installed(uri_of(file, root))
            yield file

    def looks_at(self, uri: str, limits: Limits) -> int:
        """How many of a file's first bytes are enough to read it."""
        return HEAD_BYTES

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
                found = signal_format(stream.read(HEAD_BYTES), file.uri)
        except OSError as error:
            return Refused(file.uri, "unreadable", error.strerror or str(error))
        if found is None:
            return Refused(file.uri, "unsupported", "neither CSV nor TSV, EDF or BDF")
        return {**self.facts(file.uri, "signal"), "format": found}
