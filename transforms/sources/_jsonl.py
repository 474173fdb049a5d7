"""Tables of JSON lines."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from io import BufferedReader
from typing import Any, NamedTuple

from pydantic_core import from_json

from affectory.transforms.sources._tables import Chunk, Pending, Table
from affectory.transforms.sources._text import BLOCK, checked, opened
from affectory.transforms.sources.base import Limits, SourceFile

_MARK = b"\xef\xbb\xbf"
_SHOWN_BYTES = 2000


@dataclass(frozen=True, kw_only=True)
class JsonlTable(Table):
    """JSON objects, one a line, in UTF-8, plain or gzip."""

    @staticmethod
    def endings() -> tuple[str, ...]:
        return "*.jsonl", "*.ndjson", "*.jsonl.gz", "*.ndjson.gz"

    def _chunks(self, file: SourceFile, limits: Limits, wanted: Sequence[str]) -> Iterator[Chunk]:
        if refused := checked(file, limits, "utf-8", "JSON lines are UTF-8: convert the file (it may be {})"):
            yield Chunk(refused=(refused,))
            return
        pending: Pending[dict[str, Any]] = Pending(file.uri)
        with opened(file.path) as stream:
            for line in _lines(stream, limits.row_bytes):
                _take(line, pending, limits.row_bytes)
                if pending.full():
                    yield _chunk(pending, wanted)
                    pending = Pending(file.uri)
        yield _chunk(pending, wanted)


class _Line(NamedTuple):
    number: int
    data: bytes
    too_long: bool


def _lines(stream: BufferedReader, row_bytes: int) -> Iterator[_Line]:
    """Lines that are not blank; of one that is too long only the beginning."""
    number = 0
    while line := stream.readline(row_bytes + len(b"\r\n")):
        number += 1
        data = line.strip(b" \t\r\n")
        if number == 1:
            data = data.removeprefix(_MARK)
        rest = not line.endswith(b"\n") and _skip_line(stream)
        if data or rest:
            yield _Line(number, data, rest or len(line.rstrip(b"\r\n")) > row_bytes)


def _skip_line(stream: BufferedReader) -> bool:
    """Reads to the end of the line; whether there was more of it than its end."""
    more = False
    while block := stream.readline(BLOCK):
        more = more or bool(block.strip(b"\r\n"))
        if block.endswith(b"\n"):
            break
    return more


def _take(line: _Line, pending: Pending[dict[str, Any]], row_bytes: int) -> None:
    parsed = f"the line is longer than {row_bytes:,} bytes" if line.too_long else _parsed(line.data)
    if isinstance(parsed, dict):
        pending.add(line.number, parsed, len(line.data))
    else:
        start = line.data[:_SHOWN_BYTES].decode("utf-8", "ignore")
        pending.refuse(line.number, "too_large" if line.too_long else "bad_row", parsed, start)


def _parsed(data: bytes) -> dict[str, Any] | str:
    """The object on a line, or what is wrong with it. The parser bounds how deep values may be nested."""
    try:
        parsed = from_json(data, allow_inf_nan=False)
    except ValueError as error:
        return f"not JSON: {str(error).replace(' at line 1 column ', ' at column ')}"
    return parsed if isinstance(parsed, dict) else f"not a JSON object but {type(parsed).__name__}"


def _chunk(pending: Pending[dict[str, Any]], wanted: Sequence[str]) -> Chunk:
    return pending.chunk({name: [row.get(name) for row in pending.rows] for name in wanted}, dict)
