"""Text files as streams, checked before the first row is read: gzip unpacked, sizes bounded, encoding proven."""

import codecs
import gzip
import io
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from affectory.transforms.sources.base import Limits, Refused, SourceFile

BLOCK = 1 << 20
READ_ERRORS = (OSError, EOFError, zlib.error)
"""What reading a damaged or vanished file raises."""

_NOT_FOR_FILES = frozenset({"idna", "punycode", "utf-7", "unicode_escape", "raw_unicode_escape", "undefined"})
_GZIP = b"\x1f\x8b"
_WIDE = ((codecs.BOM_UTF32_LE, "utf-32"), (codecs.BOM_UTF32_BE, "utf-32"), (codecs.BOM_UTF16_LE, "utf-16"))
_MARKS = (*_WIDE, (codecs.BOM_UTF16_BE, "utf-16"))


def known_encoding(name: str) -> str:
    """`name` as Python spells it; UTF-8 accepts the mark that some programs put in front."""
    try:
        "".encode(name)
        found = codecs.lookup(name).name
    except (LookupError, ValueError, UnicodeError):
        raise ValueError(f"{name!r} is not a text encoding; utf-8, latin-1, cp1252 and utf-16 are") from None
    if found.replace("_", "-") in {x.replace("_", "-") for x in _NOT_FOR_FILES}:
        raise ValueError(f"{name!r} is not an encoding of files; utf-8, latin-1, cp1252 and utf-16 are")
    return "utf-8-sig" if found == "utf-8" else found


@contextmanager
def opened(path: Path) -> Iterator[io.BufferedReader]:
    """The bytes of a file, unpacked where they are gzip."""
    with path.open("rb") as file:
        if file.peek(2)[:2] == _GZIP:
            with gzip.GzipFile(fileobj=file) as unpacked:
                yield io.BufferedReader(unpacked, BLOCK)
        else:
            yield file


def checked(file: SourceFile, limits: Limits, encoding: str, hint: str = "") -> Refused | None:
    """Reads the file through once: why it can't be taken, or None. So no file is ever taken by half."""
    decoder = codecs.getincrementaldecoder(encoding.removesuffix("-sig"))("strict")
    seen = lines = 0
    with opened(file.path) as stream:
        head = stream.peek(4)[:4]
        while True:
            block = stream.read(BLOCK)
            pending = decoder.getstate()[0]
            try:
                lines += decoder.decode(block, final=not block).count("\n")
            except UnicodeError as error:
                return _undecodable(file.uri, error, seen - len(pending), lines, encoding, head, hint)
            seen += len(block)
            if seen > limits.file_bytes:
                return Refused(file.uri, "too_large", f"more than {limits.file_bytes:,} bytes unpacked")
            if not block:
                return None


def _undecodable(
    uri: str, error: UnicodeError, before: int, lines: int, encoding: str, head: bytes, hint: str
) -> Refused:
    name = encoding.removesuffix("-sig")
    start = getattr(error, "start", 0)
    if isinstance(error, UnicodeDecodeError):
        lines += error.object[:start].decode(encoding, "ignore").count("\n")
    likely = next((found for mark, found in _MARKS if head.startswith(mark)), "latin-1")
    place = f"byte {before + start} (line {lines + 1}) is not {name}"
    return Refused(uri, "bad_encoding", f"{place}; {hint.format(likely)}" if hint else place)
