"""Zip archives of media and text files: every file in one is a record, as if the archive were a folder."""

import stat
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from lzma import LZMAError
from pathlib import Path
from typing import ClassVar

from affectory.transforms.sources._files import MediaFiles
from affectory.transforms.sources._members import MOST_MEMBERS, Batches, Budget, Taken, take_member, unsafe
from affectory.transforms.sources._walk import Selection, walk
from affectory.transforms.sources.base import Limits, Records, Refused, RemoteFile, RemoteFolder, SourceFile

_PACKED = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)
_ENCRYPTED = 0x1
_BROKEN = (zipfile.BadZipFile, zlib.error, LZMAError, EOFError, OSError, NotImplementedError, ValueError, RuntimeError)


@dataclass(frozen=True, kw_only=True)
class ZipSource(MediaFiles):
    """Video, audio, image and plain text files inside zip archives; patterns are about paths inside them."""

    isolated: ClassVar[bool] = True
    """An archive may list more members than fit into memory."""

    def files(self, root: Path | RemoteFolder) -> Iterator[Path | RemoteFile | Refused]:
        return walk(root, Selection(("*.zip",)))

    def read(self, file: SourceFile, limits: Limits) -> Iterator[Records]:
        found = Batches()
        try:
            with zipfile.ZipFile(file.path) as archive:
                if len(archive.filelist) > MOST_MEMBERS:
                    found.add(Refused(file.uri, "too_large", f"more than {MOST_MEMBERS:,} files in one archive"))
                else:
                    yield from self._members(archive, file, limits, found)
        except _BROKEN as error:
            found.add(Refused(file.uri, "unreadable", f"not a zip archive that can be read: {error}"))
        yield found.take()

    def _members(self, archive: zipfile.ZipFile, file: SourceFile, limits: Limits, found: Batches) -> Iterator[Records]:
        budget, members = Budget(limits), dict[str, zipfile.ZipInfo]()
        overlapping = _overlapping(archive.filelist)
        if all(info.is_dir() for info in archive.filelist):
            found.add(Refused(file.uri, "empty", "an archive without files"))
        for info in archive.filelist:
            if problem := _problem(info, members, overlapping):
                found.add(Refused(f"{file.uri}/{info.filename}", *problem))
            elif not info.is_dir():
                members[info.filename] = info
        listed = tuple(RemoteFile(f"zip/{name}", name, info.file_size, "") for name, info in members.items())
        for chosen in walk(RemoteFolder("zip", listed), self.selection):
            if isinstance(chosen, Refused):
                found.add(Refused(f"{file.uri}/{chosen.uri}", chosen.reason, chosen.detail))
            elif isinstance(chosen, RemoteFile):
                self._take(archive, members[chosen.uri], file, budget, found)
            yield from found.full()

    def _take(
        self, archive: zipfile.ZipFile, info: zipfile.ZipInfo, file: SourceFile, budget: Budget, found: Batches
    ) -> None:
        uri = f"{file.uri}/{info.filename}"
        if why := budget.refuses(info.file_size, info.compress_size):
            found.add(Refused(uri, "too_large", why))
            return
        budget.spent += info.file_size
        try:
            with archive.open(info) as stream:
                taken = take_member(stream, uri, info.file_size, budget.limits, file.scratch)
        except _BROKEN as error:
            taken = Refused(uri, "unreadable", f"cannot be unpacked: {error}")
        if isinstance(taken, Taken):
            facts = self.facts(info.filename, taken.row["kind"])
            found.add({**facts, **taken.row}, *([taken.inner] if taken.inner else []))
        else:
            found.add(taken)


def _problem(
    info: zipfile.ZipInfo, seen: dict[str, zipfile.ZipInfo], overlapping: frozenset[int]
) -> tuple[str, str] | None:
    """Why a member is refused unread."""
    mode = info.external_attr >> 16
    if wrong := unsafe(info.filename.rstrip("/")):
        return wrong
    if info.is_dir():
        return None
    if stat.S_IFMT(mode) not in (0, stat.S_IFREG):
        return "unsupported", "a link or device, not a file"
    if info.flag_bits & _ENCRYPTED:
        return "unsupported", "encrypted: unpack the archive with its password"
    if info.compress_type not in _PACKED:
        return "unsupported", f"packed by method {info.compress_type}, which is not read: pack it with deflate"
    if info.filename in seen:
        return "duplicate", "the archive has an earlier file of this name"
    return ("unreadable", "its bytes are those of another file of the archive") if id(info) in overlapping else None


def _overlapping(members: Sequence[zipfile.ZipInfo]) -> frozenset[int]:
    """Members that begin before the one in front of them has ended: one packed stream unpacked many times."""
    ordered = sorted(members, key=lambda info: info.header_offset)
    return frozenset(id(b) for a, b in pairwise(ordered) if a.header_offset + a.compress_size > b.header_offset)
