"""The members of archives: what may be read of them at all, and the records that they become, some at a time."""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import IO, Any

from affectory.transforms.sources._files import text_of
from affectory.transforms.sources._inner import TooMuch, taken_out, whole
from affectory.transforms.sources._sniff import HEAD_BYTES, TEXT, sniff
from affectory.transforms.sources.base import RECORDS, Inner, Limits, Records, Refused, build

MOST_MEMBERS = 2_000_000
BATCH_ROWS, BATCH_BYTES = 64, 16_000_000
_ARCHIVES = frozenset(("zip", "tar", "tgz", "gz", "bz2", "xz", "zst", "7z", "rar"))
_DRIVE = re.compile(r"[A-Za-z]:")


def unsafe(name: str) -> tuple[str, str] | None:
    """Why a member of this name is refused unread."""
    parts = re.split(r"[/\\]", name)
    if name.startswith(("/", "\\")) or ".." in parts or _DRIVE.match(name):
        return "outside_root", "its path leads out of the archive"
    if any(unicodedata.category(char) in ("Cc", "Cs") for char in name) or not name:
        return "unsupported", "its name holds control characters, is not UTF-8, or is empty"
    if PurePosixPath(name).suffix.lower().removeprefix(".") in _ARCHIVES:
        return "unsupported", "an archive inside an archive: unpack it, or read it as a source of its own"
    return None


@dataclass
class Budget:
    """How much an archive may unpack to: no member, and not all together, more than a file may have."""

    limits: Limits
    ratio: int = 200
    ratio_from: int = 50_000_000
    """Smaller ones may be packed ever so tightly, as plain pictures are."""
    spent: int = 0

    def refuses(self, size: int, packed: int) -> str:
        """Why a member of this size is not unpacked, or nothing."""
        most = self.limits.file_bytes
        if size > most:
            return f"{size:,} bytes unpacked, at most {most:,} are read"
        if size > self.ratio_from and size > self.ratio * max(1, packed):
            return f"{size:,} bytes packed into {packed:,}: more than {self.ratio} times, as only bombs are"
        if self.spent + size > most:
            return f"with those before it more than {most:,} bytes unpacked, which is all that is read of one archive"
        return ""


@dataclass
class Batches:
    """Rows, media and refusals on their way out of a file."""

    rows: list[dict[str, Any]] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)
    inner: list[Inner] = field(default_factory=list)

    def add(self, row: dict[str, Any] | Refused, *inner: Inner) -> None:
        if isinstance(row, Refused):
            self.refused.append(row)
        else:
            self.rows.append(row)
            self.inner += inner

    def full(self) -> Iterator[Records]:
        """What has come together, where that is enough for a batch."""
        held = sum(x.size for x in self.inner if x.data is not None)
        if len(self.rows) >= BATCH_ROWS or len(self.refused) >= 4096 or held >= BATCH_BYTES:
            yield self.take()

    def take(self) -> Records:
        columns = {name: [row.get(name) for row in self.rows] for name in RECORDS.names}
        made = Records(build(RECORDS, columns, len(self.rows)), tuple(self.refused), tuple(self.inner))
        self.rows, self.refused, self.inner = [], [], []
        return made


@dataclass(frozen=True)
class Taken:
    """What a member holds: text, or media of a kind and format."""

    row: dict[str, Any]
    inner: Inner | None = None


def take_member(stream: IO[bytes], uri: str, size: int, limits: Limits, scratch: Path | None) -> Taken | Refused:
    """Read one member to its end."""
    head = stream.read(HEAD_BYTES)
    found = sniff(head, PurePosixPath(uri).suffix)
    if not head:
        return Refused(uri, "empty", "zero bytes")
    if found is None:
        return Refused(uri, "unsupported", "neither known media nor a .txt file")
    if found == TEXT:
        data = head + stream.read(limits.row_bytes)
        text = text_of(uri, max(size, len(data)), data, limits)
        inner = whole(data)
        return text if isinstance(text, Refused) else Taken({**text, "kind": "text", "size": inner.size, "uri": uri})
    try:
        inner = taken_out(stream, head, limits.file_bytes, scratch)
    except TooMuch:
        return Refused(uri, "too_large", f"more than {limits.file_bytes:,} bytes unpacked")
    row = {"asset": inner.asset, "size": inner.size, "kind": found.kind, "format": found.format, "uri": uri}
    return Taken(row, inner)
