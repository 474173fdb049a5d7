"""Rows of a release by number or by id, read from where they lie."""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from affectory.quality.report.choosing import bytes_of, leaves
from affectory.quality.report.released import Released, Shard
from affectory.quality.report.samples import Encoder, by_sample, mime_of
from affectory.schemas.derived import OPINIONS_TABLE
from affectory.schemas.tables import cast_table


@dataclass(frozen=True)
class Group:
    """One row group of a file: its first row by number, and between which ids it lies, where the file says so."""

    shard: Shard
    number: int
    first: int
    rows: int
    low: str | None
    high: str | None

    def may_hold(self, sample: str) -> bool:
        """Whether it has to be read to know."""
        return self.low is None or self.high is None or self.low <= sample <= self.high

    def read(self, columns: Sequence[str] | None = None) -> pa.Table:
        """Its rows."""
        with pq.ParquetFile(self.shard.path) as file:
            return file.read_row_group(
                self.number, columns=None if columns is None else list(columns), use_threads=False
            )


@dataclass(frozen=True)
class Looking:
    """A release to look into."""

    release: Released

    @cached_property
    def groups(self) -> list[Group]:
        """Those of the default config, in publishing order."""
        return list(_groups(self.release.shards("default")))

    @cached_property
    def _of_opinions(self) -> list[Group]:
        return list(_groups(self.release.shards("opinions")))

    def listed(self, numbers: Sequence[int], sources: Sequence[str]) -> list[dict[str, Any]]:
        """Samples by number, without opinions."""
        encoder, found = Encoder(self.release.media), dict[int, dict[str, Any]]()
        by_group: dict[int, list[int]] = {}
        for number in numbers:
            by_group.setdefault(self._place(number), []).append(number)
        for place, mine in by_group.items():
            group = self.groups[place]
            rows = group.read(leaves(self.release)).take(pa.array([number - group.first for number in mine]))
            splits = [group.shard.split] * len(mine)
            found |= zip(mine, encoder.samples(rows, splits, {}, {}), strict=True)
        pairs = zip(numbers, sources, strict=True)
        return [{**found[number], "source": source} for number, source in pairs]

    def number(self, sample: str) -> int | None:
        """The number of a sample; None where there is none of this id."""
        for group in self.groups:
            if group.may_hold(sample):
                at = pc.index(group.read(["sample_id"])["sample_id"], sample).as_py()
                if at >= 0:
                    return group.first + int(at)
        return None

    def told(self, number: int, source: str) -> dict[str, Any]:
        """One sample with all that was said of it, and what was asked."""
        group = self.groups[self._place(number)]
        rows = group.read(leaves(self.release)).slice(number - group.first, 1)
        sample = rows["sample_id"][0].as_py()
        encoder = Encoder(self.release.media)
        said = by_sample(self._opinions(sample))
        [told] = encoder.samples(rows, [group.shard.split], {sample: source}, said)
        return {"sample": told, "asked": encoder.asked}

    def _opinions(self, sample: str) -> pa.Table:
        parts = [OPINIONS_TABLE.schema.empty_table()]
        for group in self._of_opinions:
            if group.may_hold(sample):
                rows = group.read()
                parts.append(cast_table(rows.filter(pc.equal(rows["sample_id"], sample)), parts[0].schema, "opinions"))
        return pa.concat_tables(parts)

    def media(self, number: int, column: str, place: int) -> tuple[bytes, str] | None:
        """Bytes of one medium of a sample, and their type."""
        if column not in self.release.media:
            return None
        group = self.groups[self._place(number)]
        value = group.read([column])[column][number - group.first].as_py()
        values = bytes_of(value)
        names = [one.get("path") or "" for one in (value if isinstance(value, list) else [value]) if one]
        return (values[place], mime_of(names[place])) if 0 <= place < len(values) else None

    def _place(self, number: int) -> int:
        return bisect_right([group.first for group in self.groups], number) - 1


def _groups(shards: Sequence[Shard]) -> Iterator[Group]:
    first = 0
    for shard in shards:
        with pq.ParquetFile(shard.path) as file:
            column = file.schema_arrow.names.index("sample_id")
            leaf = file.schema.names.index("sample_id") if "sample_id" in file.schema.names else column
            for number in range(file.metadata.num_row_groups):
                group = file.metadata.row_group(number)
                told = group.column(leaf).statistics
                ends = (told.min, told.max) if told and told.has_min_max else (None, None)
                yield Group(shard, number, first, group.num_rows, *ends)
                first += group.num_rows


def version_of(place: Path) -> Path:
    """The folder of a version; of a folder of versions the latest."""
    pointer = place / "LATEST"
    return place / Path(pointer.read_text(encoding="utf-8").strip()).name if pointer.is_file() else place
