"""Texts that are still to be written: a record for every cell of a grid, for the step `generate` to write."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Annotated, Any, ClassVar

from pydantic import Field

from affectory.schemas.ids import canonical
from affectory.transforms.rows import Reject
from affectory.transforms.sources._grid import Axes, axes_of, cell_of, check_size, crossed, extra_of, grid_in, key_of
from affectory.transforms.sources._jsonl import JsonlTable
from affectory.transforms.sources._tables import Chunk, whole_file
from affectory.transforms.sources.base import RECORDS, Limits, Records, SourceFile, build

_GRIDS = (".yaml", ".yml")
_AT_ONCE = 1024
AxisName = Annotated[str, Field(min_length=1, max_length=63)]


@dataclass(frozen=True, kw_only=True)
class GenerateSource(JsonlTable):
    """Cells that JSON lines or a grid in YAML list, each crossed with all values of the axes, as texts without words.

    A record is known by the coordinates of its cell, and what the cell says is kept in `extra`. No record is anybody's:
    a persona is nobody who could agree to anything, so it may be the session of a text and not its speaker.
    """

    name: Annotated[str, Field(description="name of this source, by default its kind")] = ""
    licence: Annotated[str, Field(description="licence of what is written, as an SPDX name such as CC-BY-4.0")] = ""
    axes: Annotated[
        Mapping[AxisName, tuple[Any, ...]],
        Field(description="axes with their values, each a word, a number or {id: ..., text: ...}"),
    ] = field(default_factory=dict)
    each: Annotated[int, Field(ge=1, le=10_000, description="texts about each cell")] = 1
    key: Annotated[
        tuple[AxisName, ...] | None,
        Field(min_length=1, description="columns of listed cells that tell them apart, by default all"),
    ] = None
    session: Annotated[AxisName | None, Field(description="axis whose value is the session, as for splits")] = None

    generated: ClassVar[bool] = True

    def __post_init__(self) -> None:
        check_size(axes_of(self.axes), self.each)

    @staticmethod
    def endings() -> tuple[str, ...]:
        return ("*.yaml", "*.yml", *JsonlTable.endings())

    def read(self, file: SourceFile, limits: Limits) -> Iterator[Records]:
        own, chunks = self._opened(file, limits)
        for chunk in chunks:
            refused = list(chunk.refused)
            for index, number in enumerate(chunk.numbers):
                try:
                    yield from _batches(self._rows({**own, **axes_of(self.axes)}, chunk.whole(index)), number)
                except ValueError as error:
                    refused.append(chunk.refuse(index, file.uri, "bad_row", str(error)))
            yield Records(refused=tuple(refused))

    def _opened(self, file: SourceFile, limits: Limits) -> tuple[Axes, Iterable[Chunk]]:
        """The axes that the file has of its own, and the cells that it lists."""
        if not file.uri.lower().endswith(_GRIDS):
            return {}, self.chunks(file, limits, ())
        try:
            own, cells = grid_in(file, limits)
        except Reject as reject:
            return {}, [whole_file(file, reject.reason, reject.detail)]
        except ValueError as error:
            return {}, [whole_file(file, "bad_row", str(error))]
        return own, [Chunk(range(1, len(cells) + 1), {}, cells.__getitem__)]

    def _rows(self, axes: Axes, row: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        """The records of a cell; what is wrong with it is told before the first of them."""
        check_size(axes, self.each)
        named = None if self.key is None else (*self.key, *axes)
        for cell in crossed(cell_of(row), axes):
            if self.session is not None and self.session not in cell:
                raise ValueError(f"the cell has no {self.session}, which is to be its session")
            session = None if self.session is None else cell[self.session].coordinate
            for number in range(1, self.each + 1):
                extra = extra_of(cell, number)
                key = key_of(cell, named, number)
                yield {"key": key, "session": session, "extra": list(extra.items()), "content": canonical(extra)}


def _batches(rows: Iterator[dict[str, Any]], number: int) -> Iterator[Records]:
    while some := list(islice(rows, _AT_ONCE)):
        columns = {name: [row[name] for row in some] for name in some[0]}
        same = {"kind": ["text"] * len(some), "row": [number] * len(some), "occurrence": [0] * len(some)}
        yield Records(build(RECORDS, {**same, **columns}, len(some)))
