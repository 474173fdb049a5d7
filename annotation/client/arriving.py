"""Reads a JSON list item by item while its bytes arrive: a project of any size takes no more memory than one task."""

import codecs
import json
from collections.abc import Iterable, Iterator
from typing import Any

MOST_CHARACTERS = 128 << 20
"""Of one item."""


class Cut(Exception):
    """The list ended too early, or is none."""


def items(chunks: Iterable[bytes]) -> Iterator[dict[str, Any]]:
    """The objects of the list that the bytes are; `Cut` where they are not one whole list of objects."""
    text = _Text(chunks)
    text.take("[")
    if text.peek() == "]":
        return
    while True:
        yield text.item()
        if text.take("],") == "]":
            return


class _Text:
    """What has arrived and was not read yet."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks = iter(chunks)
        self._decode = codecs.getincrementaldecoder("utf-8")()
        self._scan = json.JSONDecoder().raw_decode
        self._text, self._at = "", 0

    def peek(self) -> str:
        """The next character that is no space."""
        while True:
            while self._at < len(self._text):
                if not self._text[self._at].isspace():
                    return self._text[self._at]
                self._at += 1
            if not self._more():
                raise Cut("it ends too early")

    def take(self, allowed: str) -> str:
        """Goes past the next character, which must be one of these."""
        found = self.peek()
        if found not in allowed:
            raise Cut("it is no list of objects")
        self._at += 1
        return found

    def item(self) -> dict[str, Any]:
        """The next object. One that is not all there is tried again when there is twice as much."""
        if self.peek() != "{":
            raise Cut("it is no list of objects")
        while True:
            try:
                found, self._at = self._scan(self._text, self._at)
                return dict(found)
            except ValueError:
                self._grow()

    def _grow(self) -> None:
        wanted = 2 * (len(self._text) - self._at)
        if wanted > 2 * MOST_CHARACTERS:
            raise Cut("one of its objects has no end")
        grown = False
        while len(self._text) - self._at < wanted and self._more():
            grown = True
        if not grown:
            raise Cut("it ends too early")

    def _more(self) -> bool:
        chunk = next(self._chunks, None)
        if chunk is None:
            return False
        self._text, self._at = self._text[self._at :] + self._decode.decode(chunk), 0
        return True
