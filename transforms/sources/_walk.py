"""Listing the files below a root in a fixed order, without leaving it, looping, or opening what is not a file."""

import os
import re
import stat
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Annotated

from pydantic import Field

from affectory.transforms.sources.base import Refused, RemoteFile, RemoteFolder, uri_of

Glob = Annotated[str, Field(min_length=1, max_length=500)]
GLOBS = "`*` stops at a slash, `**` does not, a pattern without a slash matches names at any depth; case is ignored"
"""How the patterns of `include` and `exclude` are read, for their descriptions."""

_WILD = re.compile(r"((?<![^/])\*\*/|\*\*|\*|\?|\[!?[^]/]+\])")
_ACROSS = {"**/": "(?:.*?/)??", "**": ".*?"}


@dataclass(frozen=True)
class Selection:
    """Which files a source takes: those that match an `include` pattern and no `exclude` pattern."""

    include: Sequence[str]
    exclude: Sequence[str] = ()

    def takes(self, uri: str) -> bool:
        return self._included.fullmatch(uri) is not None

    def leaves_out(self, uri: str) -> bool:
        return self._excluded.fullmatch(uri) is not None

    @cached_property
    def _included(self) -> re.Pattern[str]:
        return _any_of(self.include)

    @cached_property
    def _excluded(self) -> re.Pattern[str]:
        return _any_of(self.exclude)


def _any_of(globs: Sequence[str]) -> re.Pattern[str]:
    return re.compile("|".join(map(_regex, globs)) or r"(?!)", re.IGNORECASE | re.DOTALL)


def _regex(glob: str) -> str:
    """What lies between stars is taken where it comes first, for good: patterns of strangers, as a README has them,
    would else try every way to share a name out among their stars."""
    anchored = glob.strip("/") if "/" in glob else f"**/{glob}"
    blocks = [("", [""])]
    for part in _WILD.split(anchored):
        if part in _ACROSS:
            blocks.append((_ACROSS[part], [""]))
        elif part == "*":
            blocks[-1][1].append("")
        else:
            blocks[-1][1][-1] += _part(part)
    *before, (across, (first, *rest)) = blocks
    ended = "".join([*map(_first_of, rest[:-1]), f"[^/]*{rest[-1]}"] if rest else [])
    return "".join(f"(?>{a}{f}{''.join(map(_first_of, r))})" for a, (f, *r) in before) + across + first + ended


def _first_of(chunk: str) -> str:
    return f"(?>[^/]*?{chunk})"


def _part(part: str) -> str:
    if _WILD.fullmatch(part) and part.startswith("["):
        inside = part[1:-1].replace("\\", r"\\").replace("[", r"\[").replace("^", r"\^")
        return f"(?!/)[^{inside[1:]}]" if inside.startswith("!") else f"[{inside}]"
    return "[^/]" if part == "?" else re.escape(part)


def walk(root: Path | RemoteFolder, selection: Selection) -> Iterator[Path | RemoteFile | Refused]:
    """The selected files below `root`, depth first and by name; a `root` that is a file is taken as it is."""
    if isinstance(root, RemoteFolder):
        yield from _walk_remote(root, selection)
        return
    if not root.is_dir():
        yield _file_or_refused(root, root)
        return
    walker = _Walker(root, selection)
    pending = [root]
    while pending:
        path = pending.pop()
        found = walker.look(path)
        if isinstance(found, list):
            pending += reversed(found)
        elif found is not None:
            yield found


@dataclass
class _Walker:
    root: Path
    selection: Selection
    followed: set[Path] = field(default_factory=set)

    def look(self, path: Path) -> list[Path] | Path | Refused | None:
        """A folder's children, a file to read, what is refused, or None for what was not asked for."""
        uri = uri_of(path, self.root)
        if path == self.root:
            return self._children(path, uri)
        if self.selection.leaves_out(uri):
            return None
        try:
            is_folder = stat.S_ISDIR(path.stat().st_mode)
        except OSError:  # a link to nowhere or to itself, or a folder that may not be searched
            is_folder = False
        if not is_folder and not self.selection.takes(uri):
            return None
        if refused := _bad_name(path.name, uri) or self._bad_link(path, uri, is_folder):
            return refused
        return self._children(path, uri) if is_folder else _file_or_refused(path, self.root)

    def _children(self, path: Path, uri: str) -> list[Path] | Refused:
        try:
            return sorted(path.iterdir(), key=lambda child: child.name)
        except OSError as error:
            return Refused(uri, "unreadable", f"folder: {_why(error)}")

    def _bad_link(self, path: Path, uri: str, is_folder: bool) -> Refused | None:
        try:
            if not path.is_symlink():
                return None
            target = path.resolve(strict=True)
        except (OSError, RuntimeError) as error:  # RuntimeError: before Python 3.13, a link to itself
            return Refused(uri, "unreadable", _why(error))
        if not target.is_relative_to(self.root):
            return Refused(uri, "outside_root", "link out of the source's folder, not followed")
        if not is_folder:
            return None
        if target in self.followed or path.parent.resolve().is_relative_to(target):
            return Refused(uri, "duplicate", f"link to folder {uri_of(target, self.root)!r}, which is read already")
        self.followed.add(target)
        return None


def _walk_remote(root: RemoteFolder, selection: Selection) -> Iterator[RemoteFile | Refused]:
    """As a folder with these files would be walked: what is refused of a folder is told once."""
    if len(root.files) == 1 and root.files[0].url == root.url:
        yield root.files[0]
        return
    decided: dict[str, bool] = {}
    for file in sorted(root.files, key=lambda file: file.uri.split("/")):
        parts = file.uri.split("/")
        for depth in range(1, len(parts)):
            folder = "/".join(parts[:depth])
            if folder not in decided:
                refused = None if selection.leaves_out(folder) else _bad_name(parts[depth - 1], folder)
                decided[folder] = refused is None and not selection.leaves_out(folder)
                if refused:
                    yield refused
            if not decided[folder]:
                break
        else:
            if selection.takes(file.uri) and not selection.leaves_out(file.uri):
                yield _bad_name(parts[-1], file.uri) or file


def _bad_name(name: str, uri: str) -> Refused | None:
    if name in ("", ".", ".."):
        return Refused(uri or "/", "unsupported", "no name that a file of a folder can have: rename it")
    if name.startswith("."):
        return Refused(uri, "unsupported", "hidden: its name starts with a dot")
    if any(unicodedata.category(c) in ("Cc", "Cs") for c in name):
        shown = "".join(map(_escaped, uri))
        return Refused(shown, "unsupported", "its name holds control characters or is not UTF-8: rename it")
    return None


def _escaped(char: str) -> str:
    return char.encode("unicode_escape").decode() if unicodedata.category(char) == "Cc" else char


def _file_or_refused(path: Path, root: Path) -> Path | Refused:
    uri = uri_of(path, root)
    try:
        mode = path.stat().st_mode
    except OSError as error:
        return Refused(uri, "unreadable", _why(error))
    if not stat.S_ISREG(mode):
        return Refused(uri, "unsupported", "a device, pipe or socket, not a file")
    if not os.access(path, os.R_OK, effective_ids=os.access in os.supports_effective_ids):
        return Refused(uri, "unreadable", "no permission to read it")
    return path


def _why(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error)
