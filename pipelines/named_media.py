"""Media that the rows of tables name: found below one place, hashed like any input, and never outside of it."""

import posixpath
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from affectory.pipelines.hashes import hash_files
from affectory.pipelines.inputs import Input
from affectory.pipelines.remote import chunks, listing
from affectory.schemas.urls import Location, Url, is_url
from affectory.transforms.rows import set_column
from affectory.transforms.sources._sniff import HEAD_BYTES, TEXT, Format, sniff
from affectory.transforms.sources.base import Limits, Refused, RemoteFile, SourceFile

_AT_ONCE = 8
_SET = {"uri": pa.string(), "asset": pa.string(), "size": pa.int64(), "kind": pa.string(), "format": pa.string()}
Found = Mapping[str, Input | Refused]


@dataclass(frozen=True)
class NamedMedia:
    """The files that tables name, by their place below `root`; of those that cannot be had, why."""

    root: Location
    beside_table: bool
    """Whether names are relative to the table they stand in, or to the root."""
    found: Found = field(default_factory=dict)
    formats: dict[str, Format | Refused] = field(default_factory=dict)

    def look_for(
        self, names: Iterable[tuple[str, str]], memory: Path, limits: Limits, done: Callable[[int, int], None]
    ) -> "NamedMedia":
        """With what is there of the (table, name) pairs; every file is hashed, or remembered."""
        places = sorted({place for table, name in names if isinstance(place := self.place(table, name), str)})
        there = _Places(self.root, limits)
        seen = {place: there.look(place) for place in places}
        files = {place: at for place, at in seen.items() if not isinstance(at, Refused)}
        hashes = hash_files(list(files.values()), memory, lambda n: done(n, len(files)))
        hashed = {p: _input(p, at, sha) for (p, at), sha in zip(files.items(), hashes, strict=True)}
        found = {place: at if isinstance(at, Refused) else hashed[place] for place, at in seen.items()}
        return NamedMedia(self.root, self.beside_table, found)

    def place(self, table: str, name: str) -> str | Refused:
        """Where a name leads, as a path below the root."""
        if any(unicodedata.category(char) in ("Cc", "Cs") for char in name):
            return Refused(name, "unsupported", "the name of the media file holds control characters or is not UTF-8")
        below = name.removeprefix(f"{str(self.root).rstrip('/')}/")
        if below == name and is_url(name):
            hint = f"files of one source lie below one place: set `media_root` to it (now {self.root})"
            return Refused(name, "outside_root", f"{name} is an address elsewhere; {hint}")
        start = posixpath.dirname(table) if self.beside_table and below == name else ""
        found = posixpath.normpath(posixpath.join(start, below))
        if found.startswith(("/", "../")) or found == "..":
            hint = "move the file, or set `media_root` to a folder that holds all of them"
            return Refused(name, "outside_root", f"{name} lies outside of {self.root}; {hint}")
        return found

    @property
    def signature(self) -> list[tuple[str, ...]]:
        """Changes with any of the files."""
        return [
            (place, x.reason, x.detail) if isinstance(x, Refused) else (place, x.asset_id)
            for place, x in self.found.items()
        ]

    def resolved(self, rows: pa.Table, file: SourceFile) -> tuple[pa.Table, list[Refused]]:
        """The rows with the files they name as their media, and the rows refused because of them."""
        names = rows.column("media").to_pylist()
        if not any(names):
            return rows, []
        values = {name: rows.column(name).to_pylist() for name in _SET}
        lines, refused = rows.column("row").to_pylist(), dict[int, Refused]()
        self._sniff(place for name in names if name and isinstance(place := self.place(file.uri, name), str))
        for index, name in enumerate(names):
            if name is None:
                continue
            found = self._fits(self.place(file.uri, name), values["kind"][index])
            if isinstance(found, Refused):
                refused[index] = Refused(f"{file.uri}#L{lines[index]}", found.reason, found.detail, name)
            else:
                for column, value in found.items():
                    values[column][index] = value
        for column, dtype in _SET.items():
            rows = set_column(rows, column, pa.array(values[column], dtype))
        keep = pa.array([index for index in range(len(names)) if index not in refused], pa.int64())
        return rows.take(keep), list(refused.values())

    @property
    def failed(self) -> bool:
        """Whether something could not be read that may be readable next time."""
        return any(isinstance(form, Refused) and form.reason == "unreadable" for form in self.formats.values())

    def _fits(self, place: str | Refused, kind: str) -> dict[str, Any] | Refused:
        found = self.found.get(place) or self._late(place) if isinstance(place, str) else place
        form = self.formats[found.uri] if isinstance(found, Input) else found
        if isinstance(found, Refused) or isinstance(form, Refused):
            return form if isinstance(form, Refused) else found  # type: ignore[return-value]
        if kind not in ("media", form.kind):
            return Refused(
                found.uri, "unsupported", f"{found.uri} is named as {kind}, but is {form.kind} ({form.format})"
            )
        return {"uri": found.uri, "asset": found.asset_id, "size": found.size, "kind": form.kind, "format": form.format}

    def _late(self, place: str) -> Refused:
        """A name that was not there when the table was read for names, or could not be read then."""
        self.formats[place] = Refused(place, "unreadable", f"{place} was named while the table was read; build again")
        return self.formats[place]  # type: ignore[return-value]

    def _sniff(self, places: Iterable[str]) -> None:
        """Look at the first bytes of files that were not looked at yet; what lies elsewhere is mostly waited for."""
        wanted = [place for place in dict.fromkeys(places) if place not in self.formats]
        files = [x for place in wanted if isinstance(x := self.found.get(place), Input)]
        if any(isinstance(file.at, RemoteFile) for file in files):
            with ThreadPoolExecutor(_AT_ONCE) as pool:
                self.formats.update(zip((f.uri for f in files), pool.map(format_of, files), strict=True))
        else:
            self.formats.update((file.uri, format_of(file)) for file in files)


def head_of(file: Input) -> bytes:
    """The first bytes of a file, wherever it lies."""
    if isinstance(file.at, RemoteFile):
        return b"".join(chunks(file.at, HEAD_BYTES))
    with file.at.open("rb") as stream:
        return stream.read(HEAD_BYTES)


def format_of(file: Input) -> Format | Refused:
    """What a media file is by its first bytes."""
    try:
        head = head_of(file)
    except OSError as error:
        return Refused(file.uri, "unreadable", f"{file.uri}: {error.strerror or error}")
    found = sniff(head, PurePosixPath(file.uri).suffix)
    return Refused(file.uri, "unsupported", f"{file.uri} is no known media") if found in (None, TEXT) else found


def _input(place: str, at: Path | RemoteFile, sha: str | OSError) -> Input | Refused:
    if isinstance(sha, OSError):
        return Refused(place, "unreadable", f"{place}: {sha.strerror or sha}")
    return Input(place, at, sha, at.size if isinstance(at, RemoteFile) else at.stat().st_size)


class _Places:
    """Looks below a root; what lies elsewhere is listed once."""

    def __init__(self, root: Location, limits: Limits) -> None:
        self.root, self.limits = root, limits
        self.listed = {f.uri: f for f in listing(root).files} if isinstance(root, Url) else {}

    def look(self, place: str) -> Path | RemoteFile | Refused:
        if isinstance(self.root, Url):
            return (
                self._held(place, self.listed[place], self.listed[place].size) if place in self.listed else _gone(place)
            )
        try:
            found = (self.root / place).resolve(strict=True)
            if not found.is_relative_to(self.root.resolve()):
                return Refused(place, "outside_root", f"{place} is a link out of {self.root}, not followed")
            if not found.is_file():
                return Refused(place, "unsupported", f"{place} is not a file")
            return self._held(place, self.root / place, found.stat().st_size)
        except FileNotFoundError:
            return _gone(place)
        except (OSError, RuntimeError, ValueError) as error:
            return Refused(place, "unreadable", f"{place}: {getattr(error, 'strerror', None) or error}")

    def _held(self, place: str, at: Path | RemoteFile, size: int) -> Path | RemoteFile | Refused:
        if not size:
            return Refused(place, "empty", f"{place} has zero bytes")
        if size > self.limits.file_bytes:
            most = f"at most {self.limits.file_bytes:,} are read"
            return Refused(place, "too_large", f"{place} has {size:,} bytes, {most}")
        return at


def _gone(place: str) -> Refused:
    return Refused(place, "unreadable", f"there is no file {place}")


def names_in(rows: pa.Table) -> list[str]:
    """The media that rows name, each once."""
    return list(pc.unique(rows.column("media")).drop_null().to_pylist())
