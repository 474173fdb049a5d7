"""WebDataset shards: every sample is a rating, by what is said of it beside its media."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import IO, Annotated, Any, ClassVar, Literal

from pydantic import Field

from affectory.transforms.ratings._columns import RatingTable
from affectory.transforms.sources._documents import flattened
from affectory.transforms.sources._members import Budget
from affectory.transforms.sources._samples import SHARDS, Row, Sample, samples
from affectory.transforms.sources._tables import Chunk, Columns, Pending
from affectory.transforms.sources.base import Limits, Refused, SourceFile

KEY = "__key__"


@dataclass(frozen=True, kw_only=True)
class WebdatasetRatings(RatingTable):
    """Ratings from samples of tar shards. Columns are endings and, in JSON, keys: `cls`, `json.emotion`."""

    isolated: ClassVar[bool] = True
    lists: ClassVar[bool] = True

    target: Annotated[Columns | None, Field(description="column with the key of the record")] = KEY
    key: Annotated[
        Literal["stem", "shard"], Field(description="what a sample is known by, as the source says: __key__ holds it")
    ] = "stem"

    @staticmethod
    def endings() -> tuple[str, ...]:
        return SHARDS

    def _chunks(self, file: SourceFile, limits: Limits, wanted: Sequence[str]) -> Iterator[Chunk]:
        sample = _Said(file, Budget(limits), wanted=wanted, by_shard=self.key == "shard")
        pending, number = Pending[dict[str, Any]](file.uri), 0
        for made in samples(file, sample):
            if made is None:
                continue
            number += 1
            if isinstance(made[0], Refused):
                pending.refused.append(made[0])
            else:
                pending.add(number, made[0], sample.said_bytes)
            if pending.full():
                yield _chunk(pending, wanted)
                pending = Pending(file.uri)
        yield _chunk(pending, wanted)


@dataclass
class _Said(Sample):
    """A sample whose media are passed over."""

    wanted: Sequence[str] = field(kw_only=True)
    by_shard: bool = field(kw_only=True)

    def _show(self, stream: IO[bytes], uri: str, ending: str, size: int) -> Iterator[Row]:
        return iter(())

    def _row(self, place: str) -> dict[str, Any]:
        shard = PurePosixPath(self.file.uri).name.partition(".")[0]
        found = {name: self.found(name) for name in self.wanted}
        said = (
            {**self.said, **flattened(self.said["json"], "json.")}
            if isinstance(self.said.get("json"), dict)
            else self.said
        )
        return {**said, **found, KEY: f"{shard}/{self.stem}" if self.by_shard else self.stem}


def _chunk(pending: Pending[dict[str, Any]], wanted: Sequence[str]) -> Chunk:
    columns = {name: [_plain(row.get(name)) for row in pending.rows] for name in wanted}
    return pending.chunk(columns, lambda row: {name: value for name, value in row.items() if name != "json"})


def _plain(value: Any) -> Any:
    return value.strip() if isinstance(value, str) else value
