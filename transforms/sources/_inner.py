"""Media that lie inside other files, taken out a block at a time: small ones in memory, large ones by way of a file."""

import hashlib
import uuid
from pathlib import Path
from typing import IO

from affectory.transforms.sources.base import Inner

BLOCK = 1 << 20
IN_MEMORY = 8 << 20
"""Larger ones are written to a file at once."""


class TooMuch(Exception):
    """More came out than may."""


def whole(data: bytes) -> Inner:
    """Media whose bytes are there already."""
    return Inner(hashlib.sha256(data).hexdigest(), len(data), data)


def taken_out(stream: IO[bytes], head: bytes, most: int, scratch: Path | None) -> Inner:
    """All that is left of a stream after its `head`; raises `TooMuch` where that is longer than `most`."""
    data = bytearray(head)
    while len(data) <= min(most, IN_MEMORY) and (block := stream.read(BLOCK)):
        data += block
    if len(data) > most:
        raise TooMuch
    if len(data) <= IN_MEMORY or scratch is None:
        return whole(bytes(data) + _rest(stream, most - len(data)))
    return _spooled(stream, bytes(data), most, scratch / uuid.uuid4().hex)


def _rest(stream: IO[bytes], most: int) -> bytes:
    rest = stream.read(most + 1)
    if len(rest) > most:
        raise TooMuch
    return rest


def _spooled(stream: IO[bytes], block: bytes, most: int, target: Path) -> Inner:
    hasher, size = hashlib.sha256(), 0
    try:
        with target.open("wb") as out:
            while block:
                size += len(block)
                if size > most:
                    raise TooMuch
                hasher.update(block)
                out.write(block)
                block = stream.read(BLOCK)
    except BaseException:
        target.unlink(missing_ok=True)
        raise
    return Inner(hasher.hexdigest(), size, path=target)
