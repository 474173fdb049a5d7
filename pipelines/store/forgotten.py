"""Who and what was asked to be forgotten: keyed hashes by which it is known when it comes back, and nothing else.

The key is this workspace's own and lies beside them. Without it nothing follows from a hash; with it a guess can be
tried, which is how a file is known again.
"""

import hashlib
import hmac
import json
import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from affectory.pipelines.store.files import Files, below, files_at

WHY = "was asked to be forgotten"
_FOLDER, _KEY = "forgotten", "key"
_PREVIEW = re.compile(r"/preview-\d+/(?=ledgers$)")
"""A preview knows whom the workspace that it lies in forgot."""


@dataclass(frozen=True)
class Forgotten:
    """Values that were forgotten: pseudonyms, records, hashes of files, tasks and names of files."""

    key: bytes = b""
    marks: frozenset[str] = frozenset()

    @classmethod
    def below(cls, ledgers: str | Path) -> "Forgotten":
        """As the ledgers at a place have it; nobody, where nobody was."""
        files = files_at(below(_PREVIEW.sub("/", str(ledgers)), _FOLDER))
        names = [name for name in files.names() if name.startswith("marks/")]
        if not names:
            return _NOBODY
        return cls(files.read(_KEY), frozenset(mark for name in names for mark in files.read(name).decode().split()))

    def __bool__(self) -> bool:
        return bool(self.marks)

    def knows(self, value: str | None) -> bool:
        """Whether this was forgotten."""
        return bool(self.marks) and value is not None and _mark(self.key, value) in self.marks

    def among(self, values: Iterable[str | None]) -> frozenset[str]:
        """Those of many that were forgotten."""
        return frozenset(value for value in set(values) if value is not None and self.knows(value))

    def names(self, place: str | None) -> bool:
        """Whether a place is that of a file that was forgotten, by the last part of its name."""
        return self.knows(place and place.partition("#")[0].rpartition("/")[2])

    @property
    def version(self) -> str:
        """Changes whenever more is forgotten; empty while nothing was."""
        return hashlib.sha256("".join(sorted(self.marks)).encode()).hexdigest() if self.marks else ""


_NOBODY = Forgotten()


def remember(files: Files, values: Iterable[str]) -> None:
    """Have these known again when they come back; `files` are those of the ledgers."""
    files.create(f"{_FOLDER}/{_KEY}", secrets.token_bytes(32))
    key = files.read(f"{_FOLDER}/{_KEY}")
    text = "\n".join(sorted({_mark(key, value) for value in values}))
    files.create(f"{_FOLDER}/marks/{hashlib.sha256(text.encode()).hexdigest()}.txt", text.encode())


def note_request(files: Files, reason: str, request: str) -> None:
    """Keep why, in the words of who publishes. `request` is the same when a removal is taken up again."""
    text = json.dumps({"reason": reason}, ensure_ascii=False)
    files.create(f"{_FOLDER}/requests/{len(_requests(files)):06d}-{request}.json", text.encode())


def reasons(files: Files) -> list[tuple[str, str]]:
    """Every request, the oldest first: its id and its reason."""
    found = [(name.rpartition("-")[2].removesuffix(".json"), name) for name in _requests(files)]
    return [(request, str(json.loads(files.read(name))["reason"])) for request, name in found]


def has_request(files: Files, request: str) -> bool:
    """Whether a request was noted."""
    return any(name.endswith(f"-{request}.json") for name in _requests(files))


def _requests(files: Files) -> list[str]:
    return list(files.names(f"{_FOLDER}/requests"))


def _mark(key: bytes, value: str) -> str:
    return hmac.new(key, value.encode(), hashlib.sha256).hexdigest()
