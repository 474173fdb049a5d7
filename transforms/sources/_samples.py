"""Members of a tar shard that have one stem come together as a sample."""

import hashlib
import tarfile
import zlib
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass, field
from lzma import LZMAError
from pathlib import PurePosixPath
from typing import IO, Annotated, Any

from pydantic import Field
from pydantic_core import from_json

from affectory.schemas.ids import canonical
from affectory.transforms.sources import _columns as columns
from affectory.transforms.sources._described import Described
from affectory.transforms.sources._members import Budget, Taken, take_member, unsafe
from affectory.transforms.sources.base import Inner, Limits, Refused, SourceFile

FieldName = Annotated[str, Field(min_length=1, max_length=500)]
_SAID = frozenset(("txt", "text", "json", "cls", "id"))
"""Endings of members that say something of their sample; all others are media."""
_FIRST = ("video", "audio", "image")
SHARDS = ("*.tar", "*.tar.gz", "*.tgz", "*.tar.bz2", "*.tar.xz")
_BROKEN = (tarfile.TarError, zlib.error, LZMAError, EOFError, OSError, ValueError, RecursionError)
_MOST_STEMS = 1_000_000
Row = tuple[dict[str, Any] | Refused, tuple[Inner, ...]]


@dataclass(frozen=True, kw_only=True)
class SampleFields(Described, ABC):
    """Where in a sample lies what."""

    primary: Annotated[
        str | None, Field(description="ending of the record's own media; of several, by default video, audio, image")
    ] = None
    text: Annotated[FieldName, Field(description="where the text is, if a sample has one")] = "txt"
    speaker: Annotated[FieldName | None, Field(description="where it says who speaks or is shown")] = None
    session: Annotated[FieldName | None, Field(description="where it names the recording session")] = None
    language: Annotated[FieldName | None, Field(description="where it gives the language, as a BCP 47 code")] = None
    keep: Annotated[tuple[FieldName, ...], Field(description="what else to keep, as text")] = ()

    @abstractmethod
    def key_of(self, shard: str, stem: str) -> str | None:
        """The declared key of a sample."""


@dataclass
class Sample(ABC):
    """The sample that is being read: members of one stem follow each other."""

    file: SourceFile
    budget: Budget
    stem: str = ""
    endings: set[str] = field(default_factory=set)
    said: dict[str, Any] = field(default_factory=dict)
    said_bytes: int = 0
    problem: Refused | None = None
    seen: set[int] = field(default_factory=set)
    """Stems so far, as hashes: shards have thousands of samples, and one of millions may not take all memory."""
    is_again: bool = False

    def take(self, shard: tarfile.TarFile, member: tarfile.TarInfo) -> Iterator[Row]:
        """One member more; what was before it, where it begins another sample."""
        uri = f"{self.file.uri}/{member.name}"
        if member.isdir():
            return
        stem, ending = _split(member.name.removeprefix("./"))
        if stem != self.stem:
            yield from self.end()
            self._begin(stem)
        if problem := self._problem(member, ending):
            yield Refused(uri, *problem), ()
            self._note(Refused(uri, *problem))
            return
        self.budget.spent += member.size
        stream = shard.extractfile(member)
        if stream is not None and ending in _SAID:
            self._say(uri, ending, stream.read(self.budget.limits.row_bytes + 1), self.budget.limits)
        elif stream is not None:
            yield from self._show(stream, uri, ending, member.size)
        self.endings.add(ending)

    @abstractmethod
    def _show(self, stream: IO[bytes], uri: str, ending: str, size: int) -> Iterator[Row]:
        """Take media, and tell where they are refused."""

    @abstractmethod
    def _row(self, place: str) -> dict[str, Any]:
        """What becomes of the sample; ValueError where nothing can."""

    def _inner(self) -> tuple[Inner, ...]:
        return ()

    def _begin(self, stem: str) -> None:
        number = int.from_bytes(hashlib.blake2b(stem.encode("utf-8", "surrogateescape"), digest_size=8).digest())
        self.stem, self.is_again = stem, number in self.seen
        if len(self.seen) < _MOST_STEMS:
            self.seen.add(number)

    def end(self) -> Iterator[Row]:
        """The sample that was begun, if there was one."""
        if self.endings or self.problem:
            yield self._made()
        self.said, self.said_bytes, self.endings, self.problem = {}, 0, set(), None

    def _problem(self, member: tarfile.TarInfo, ending: str) -> tuple[str, str] | None:
        if wrong := unsafe(member.name):
            return wrong
        if not member.isreg():
            return "unsupported", "a link or device, not a file"
        if ending in self.endings:
            return "duplicate", "the sample has an earlier file of this ending"
        why = self.budget.refuses(member.size, member.size)
        return ("too_large", why) if why else None

    def _note(self, refused: Refused) -> None:
        """Without one of its members a sample is not what it was."""
        self.problem = self.problem or refused

    def _say(self, uri: str, ending: str, data: bytes, limits: Limits) -> None:
        if len(data) > limits.row_bytes:
            return self._note(Refused(uri, "too_large", f"more than {limits.row_bytes:,} bytes of {ending}"))
        self.said_bytes += len(data)
        try:
            self.said[ending] = from_json(data, allow_inf_nan=False) if ending == "json" else data.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            self._note(Refused(uri, "bad_encoding", f"byte {error.start} is not utf-8"))
        except ValueError as error:
            self._note(Refused(uri, "bad_row", f"not JSON: {error}"))

    def _made(self) -> Row:
        place = f"{self.file.uri}/{self.stem}"
        if self.is_again:
            return Refused(place, "bad_row", self._apart()), ()
        if self.problem is not None:
            detail = f"without {PurePosixPath(self.problem.uri).name}: {self.problem.detail}"
            return Refused(place, self.problem.reason, detail), ()
        try:
            row = self._row(place)
        except ValueError as error:
            return Refused(place, "bad_row", str(error)), ()
        return row, self._inner()

    def _apart(self) -> str:
        endings = ", ".join(f".{ending}" for ending in sorted(self.endings)) or "these"
        return (
            f"{endings} of a sample whose other members come earlier in the shard: members of a sample must follow "
            "each other, so sort the tar by name"
        )

    def found(self, name: str | None) -> Any:
        """What `json.meta.age` leads to, null where there is nothing."""
        ending, *keys = (name or "").split(".")
        found = self.said.get(ending)
        for key in keys:
            found = found.get(key) if isinstance(found, dict) else None
        return found


@dataclass
class Gathered(Sample):
    """A sample that becomes a record."""

    source: SampleFields = field(kw_only=True)
    media: dict[str, Taken] = field(default_factory=dict)

    def end(self) -> Iterator[Row]:
        yield from super().end()
        self.media = {}

    def _show(self, stream: IO[bytes], uri: str, ending: str, size: int) -> Iterator[Row]:
        taken = take_member(stream, uri, size, self.budget.limits, self.file.scratch)
        if isinstance(taken, Taken):
            self.media[ending] = taken
        else:
            yield taken, ()
            self._note(taken)

    def _inner(self) -> tuple[Inner, ...]:
        return tuple(taken.inner for taken in self.media.values() if taken.inner is not None)

    def _row(self, place: str) -> dict[str, Any]:
        source, own = self.source, self._own()
        said = {
            "text": _converted(self.found(source.text), columns.word, source.text),
            "speaker": _converted(self.found(source.speaker), columns.name, source.speaker),
            "session": _converted(self.found(source.session), columns.name, source.session),
            "language": _converted(self.found(source.language), columns.word, source.language),
        }
        if own is None and said["text"] is None:
            raise ValueError(f"neither media nor `{source.text}`")
        extra = {name: _converted(self.found(name), columns.plain, name) for name in source.keep}
        told = {name: value for name, value in {**said, "extra": extra or None}.items() if value is not None}
        return {
            "kind": "text",
            "occurrence": 0,
            "uri": place,
            "size": len((said["text"] or "").encode()),
            "key": source.key_of(PurePosixPath(self.file.uri).name.partition(".")[0], self.stem),
            "content": canonical(told) if told else None,
            **said,
            **(own.row if own else {}),
            "extra": [(k, v) for k, v in sorted(extra.items()) if v is not None] if extra else None,
            "members": [_member(e, taken) for e, taken in sorted(self.media.items()) if taken is not own] or None,
        }

    def _own(self) -> Taken | None:
        if self.source.primary is not None:
            if self.media and self.source.primary not in self.media:
                raise ValueError(f"no .{self.source.primary}: it has {', '.join(sorted(self.media))}")
            return self.media.get(self.source.primary)
        order = {kind: rank for rank, kind in enumerate(_FIRST)}
        return min(self.media.values(), key=lambda taken: (order[taken.row["kind"]], taken.row["uri"]), default=None)


def _member(ending: str, taken: Taken) -> dict[str, Any]:
    return {"role": ending, "offset_us": 0, **{name: taken.row[name] for name in ("kind", "asset", "format", "uri")}}


def _split(name: str) -> tuple[str, str]:
    """Stem and ending: as WebDataset has it, the ending begins at the first dot of the file's name."""
    folder, slash, last = name.rpartition("/")
    stem, _, ending = last.partition(".")
    return f"{folder}{slash}{stem}", ending.lower()


def _converted(value: Any, convert: Any, name: str | None) -> Any:
    try:
        return convert(value.strip() if isinstance(value, str) and name == "cls" else value)
    except ValueError as error:
        raise ValueError(f"{name!r}: {error}") from None


def samples(file: SourceFile, sample: Sample) -> Iterator[Row | None]:
    """The samples of a shard, with a null after each member: there what came together may be handed on."""
    count = 0
    try:
        with tarfile.open(file.path, "r|*") as shard:
            for member in shard:
                shard.members = []  # type: ignore[attr-defined]  # else all that it ever saw stay there
                count += 1
                yield from sample.take(shard, member)
                yield None
    except _BROKEN as error:
        yield Refused(file.uri, "unreadable", f"not a tar file that can be read: {error}"), ()
        count += 1
    yield from sample.end()
    if not count:
        yield Refused(file.uri, "empty", "a shard without files"), ()
