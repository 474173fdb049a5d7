"""What this machine remembers of sources that it parsed: a plan hashes a hundred modules, and they seldom change."""

import contextlib
import hashlib
import json
import os
import sys
import tempfile
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

_MOST = 2000


class Parsed(NamedTuple):
    """What matters of a source by itself: `names` are imported from modules of ours, and may be modules themselves."""

    meaning: str
    imports: tuple[str, ...]
    names: tuple[str, ...]
    texts: tuple[str, ...]


class Memory:
    """Parses sources; what came of it is found again by their bytes, for the same parser and the same Python."""

    def __init__(self, parse: Callable[[bytes, str], Parsed], parser: Path) -> None:
        self._parse, self._parser = parse, parser
        self._new: dict[str, Parsed] = {}

    def __call__(self, source: bytes, package: str) -> Parsed:
        key = hashlib.sha256(package.encode() + b"\0" + source).hexdigest()
        found = self._new.get(key) or self._kept.get(key)
        if found is None:
            found = self._new[key] = self._parse(source, package)
        return found

    def keep(self) -> None:
        """Write down what is new. A machine on which that cannot be done parses again."""
        if not self._new:
            return
        kept = {**(self._kept if len(self._kept) < _MOST else {}), **self._new}
        with contextlib.suppress(OSError, RuntimeError):
            self._file.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile("w", dir=self._file.parent, delete=False, encoding="utf-8") as file:
                json.dump(kept, file)
            Path(file.name).replace(self._file)
        self._kept = kept
        self._new = {}

    @cached_property
    def _file(self) -> Path:
        caches = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
        made_by = hashlib.sha256(self._parser.read_bytes() + sys.version.encode()).hexdigest()
        return caches / "affectory" / "code" / f"{made_by[:16]}.json"

    @cached_property
    def _kept(self) -> dict[str, Parsed]:
        try:
            raw = json.loads(self._file.read_text(encoding="utf-8"))
            return {key: Parsed(found[0], *map(tuple, found[1:])) for key, found in raw.items()}
        except (OSError, RuntimeError, ValueError, TypeError, AttributeError, IndexError):
            return {}
