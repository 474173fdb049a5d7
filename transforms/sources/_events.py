"""Several recordings of one event: which files they are, by a table or by their names."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, ClassVar, NamedTuple

from pydantic import AfterValidator, ConfigDict, Field

from affectory.transforms.base import STRICT
from affectory.transforms.sources import _columns as columns
from affectory.transforms.sources._files import Pattern
from affectory.transforms.sources._side_tables import TABLES, chunks_of, convert
from affectory.transforms.sources._tables import ColumnName
from affectory.transforms.sources._walk import Selection, walk
from affectory.transforms.sources.base import Limits, Refused, RemoteFile, RemoteFolder, SourceFile

_FARTHEST_S = 30 * 24 * 3600
_LONGEST_PATH = 4096


def _event_and_role(pattern: str) -> str:
    if set(re.compile(pattern).groupindex) != {"event", "role"}:
        raise ValueError("it needs the groups (?P<event>...) and (?P<role>...)")
    return pattern


@dataclass(frozen=True, kw_only=True)
class Events:
    """Which files record the same event. They become one record: the primary recording, with the others as members."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT

    primary: Annotated[str, Field(min_length=1, description="the role whose recording is the record")]
    path: Annotated[
        str | None, Field(min_length=1, description="table with a row for each recording, or an address")
    ] = None
    event: Annotated[ColumnName, Field(description="its column with the event")] = "event"
    file: Annotated[ColumnName, Field(description="its column with the file, below the source")] = "file"
    role: Annotated[ColumnName, Field(description="its column with the role, such as camera or eda")] = "role"
    offset_s: Annotated[
        ColumnName | None, Field(description="its column with when a recording began, in seconds on the event's clock")
    ] = None
    pattern: Annotated[
        Annotated[Pattern, AfterValidator(_event_and_role)] | None,
        Field(description="instead of a table, a regular expression with groups `event` and `role`, searched in paths"),
    ] = None
    alone: Annotated[bool, Field(description="whether members are records of their own as well")] = False

    def __post_init__(self) -> None:
        if (self.path is None) == (self.pattern is None):
            raise ValueError("give one of path, a table of recordings, and pattern, which finds them by their names")

    def named(self, uris: Iterable[str]) -> Iterator["Recording"]:
        """The recordings whose paths say what they are."""
        for uri in uris if self.pattern else ():
            found = re.search(self.pattern or "", uri[:_LONGEST_PATH])
            if found and found["event"] and found["role"]:
                yield Recording(found["event"], uri, found["role"], 0, uri)


class Recording(NamedTuple):
    """A file that records an event, and where that is said."""

    event: str
    file: str
    role: str
    offset_us: int
    said: str


@dataclass(frozen=True)
class EventRows:
    """Some rows of a table of recordings, and what was refused of it."""

    recordings: tuple[Recording, ...] = ()
    refused: tuple[Refused, ...] = ()


@dataclass(frozen=True)
class EventsReader:
    """Reads the table of `events`."""

    events: Events
    isolated: bool = field(default=True, init=False)

    def files(self, root: Path | RemoteFolder) -> Iterator[Path | RemoteFile | Refused]:
        return walk(root, Selection(TABLES))

    def read(self, file: SourceFile, limits: Limits) -> Iterator[EventRows]:
        given, offset = self.events, columns.within(columns.number, -_FARTHEST_S, _FARTHEST_S)
        wanted = [c for c in (given.event, given.file, given.role, given.offset_s) if c]
        for chunk in chunks_of(file, limits, wanted):
            problems: columns.Problems = {}
            named = (convert(chunk, c, columns.required(columns.name), problems) for c in wanted[:3])
            event, name, role = named
            began = convert(chunk, given.offset_s, offset, problems)
            found = [
                Recording(event[i], name[i], role[i], round((began[i] or 0) * 1e6), f"{file.uri}#L{number}")
                for i, number in enumerate(chunk.numbers)
                if i not in problems
            ]
            refused = [chunk.refuse(i, file.uri, *problems[i]) for i in sorted(problems)]
            yield EventRows(tuple(found), (*chunk.refused, *refused))
