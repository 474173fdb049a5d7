"""What readers of media files share, in folders or in archives: which are read, and what their paths say."""

import re
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, ConfigDict, Field

from affectory.schemas.ids import canonical
from affectory.transforms.base import STRICT
from affectory.transforms.sources._described import Described
from affectory.transforms.sources._walk import GLOBS, Glob, Selection
from affectory.transforms.sources.base import Limits, Refused

_LONGEST_PATTERN = 200
_LONGEST_PATH = 4096
_ESCAPES_AND_SETS = re.compile(r"\\.|\[\^?\]?(?:\\.|[^\]])*\]", re.DOTALL)
_INNERMOST_GROUP = re.compile(r"\(([^()]*)\)([*+{]?)")


def _bounded(pattern: str) -> str:
    """Refuses what can take for ever: a repeated group that itself repeats something."""
    try:
        re.compile(pattern)
    except re.error as error:
        raise ValueError(f"not a regular expression: {error}") from None
    rest, found = _ESCAPES_AND_SETS.sub("x", pattern), 1
    while found:
        for inside, repeat in _INNERMOST_GROUP.findall(rest):
            if repeat and re.search(r"[*+{]|\|", inside):
                raise ValueError("a repeated group may not itself hold repetitions or alternatives")
        rest, found = _INNERMOST_GROUP.subn(lambda m: re.sub(r"[^*+{|]", "", m[1]) + "x" + m[2], rest)
    return pattern


def _one_group(pattern: str) -> str:
    if re.compile(pattern).groups != 1:
        raise ValueError("the pattern needs exactly one group (...), around the speaker")
    return pattern


def _named_groups(pattern: str) -> str:
    compiled = re.compile(pattern)
    if not compiled.groups or compiled.groups != len(compiled.groupindex):
        raise ValueError("every group needs a name: (?P<name>...)")
    return pattern


Pattern = Annotated[str, Field(min_length=1, max_length=_LONGEST_PATTERN), AfterValidator(_bounded)]


Speaker = Annotated[Pattern, AfterValidator(_one_group)]
Extra = Annotated[Pattern, AfterValidator(_named_groups)]


@dataclass(frozen=True, kw_only=True)
class MediaFiles(Described):
    """Video, audio, image and plain text files, told apart by their first bytes."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT

    path: Annotated[str, Field(min_length=1, description="file or folder, relative to the recipe, or an address")]
    name: Annotated[str, Field(description="name of this source, by default its kind")] = ""
    licence: Annotated[str, Field(description="licence of the data, as an SPDX name such as CC-BY-4.0")] = ""
    include: Annotated[tuple[Glob, ...], Field(min_length=1, description=f"files to read: {GLOBS}")] = ("**",)
    exclude: Annotated[tuple[Glob, ...], Field(description="files and folders to leave out, likewise")] = ()
    key: Annotated[
        Literal["none", "name", "stem"],
        Field(
            description="what a record is known by: its content (none), its file's name, or that without ending (stem)"
        ),
    ] = "none"
    speaker: Annotated[
        Speaker | None,
        Field(description="regular expression searched in a file's path below `path`; its one group is who speaks"),
    ] = None
    extra: Annotated[
        Extra | None,
        Field(description="regular expression searched likewise; its named groups are kept beside the record"),
    ] = None

    @property
    def selection(self) -> Selection:
        return Selection(self.include, self.exclude)

    def facts(self, uri: str, kind: str) -> dict[str, Any]:
        """What is known without looking inside."""
        place, below = PurePosixPath(uri), uri[:_LONGEST_PATH]
        who = re.search(self.speaker, below) if self.speaker else None
        more = re.search(self.extra, below) if self.extra else None
        pairs = sorted((more.groupdict() if more else {}).items())
        return {
            "kind": kind,
            "occurrence": 0,
            "key": {"name": place.name, "stem": place.stem}.get(self.key),
            "speaker": (who.group(1) or None) if who else None,
            "extra": [(k, v) for k, v in pairs if v is not None] if self.extra else None,
        }


def text_of(uri: str, size: int, data: bytes, limits: Limits) -> dict[str, Any] | Refused:
    """The text of a plain text file."""
    if max(size, len(data)) > limits.row_bytes:
        detail = f"{size:,} bytes of text, at most {limits.row_bytes:,} are read"
        return Refused(uri, "too_large", detail)
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        detail = f"byte {error.start} (line {line}) is not utf-8; convert the file, text files are UTF-8"
        return Refused(uri, "bad_encoding", detail)
    return {"text": text, "content": canonical({"text": text})}
