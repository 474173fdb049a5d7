"""What audits look at: the tables of a build or of a release, a few parts or a fair share of the samples at a time."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from affectory.quality.published import decided, first_views, own_views
from affectory.schemas.derived import TABLES
from affectory.schemas.ledgers import PEOPLE
from affectory.schemas.parquet import Part, read_all
from affectory.schemas.taxonomy import Taxonomy

MOST = 200_000
"""Samples of which an audit holds all columns that it needs; of more, those whose ids come first, which are hashes."""
_AT_ONCE = 16
LABELLED = pa.schema(
    [
        ("sample_id", pa.string()),
        ("label", pa.int64()),
        ("values", pa.list_(pa.float32())),
        ("pool", pa.string()),
        ("count", pa.int32()),
        ("space", pa.string()),
    ]
)
_OF_VIEWS = (
    "sample_id", "taxonomy", "perspective", "whose", "modalities", "pool", "rule", "space", "values", "names", "chosen",
    "count",
)  # fmt: skip


@dataclass(frozen=True)
class AuditData:
    """Tables by name as part files, in any order, and what is needed to read them."""

    tables: Mapping[str, Sequence[Part]]
    """samples, notes, opinions, labels."""
    splits: pa.Table
    """sample_id, split of what is published; a sample that is absent is not."""
    taxonomy: Taxonomy
    rule: str
    """The rule of the published label, as the labels name it."""
    pools: Sequence[str] = ("human", "group", "model")
    people: pa.Table = field(default_factory=PEOPLE.empty)
    """The newest word of each person."""
    most: int = MOST

    def scan(self, name: str, columns: Sequence[str]) -> Iterator[pa.Table]:
        """Rows about published samples, some parts at a time; memory does not grow with the dataset, but for ids."""
        parts, wanted = list(self.tables.get(name, ())), list(dict.fromkeys(["sample_id", *columns]))
        schema = pa.schema([TABLES[name].schema.field(column) for column in wanted])
        for first in range(0, len(parts), _AT_ONCE):
            found = read_all(parts[first : first + _AT_ONCE], wanted)
            rows = pa.concat_tables([schema.empty_table(), *(table.cast(schema) for table in found)])
            yield rows.filter(pc.is_in(rows["sample_id"], value_set=self._published))

    def sampled(self, name: str, columns: Sequence[str]) -> pa.Table:
        """Rows about at most `most` samples, the same ones for every table, sorted by sample_id."""
        found = [rows.filter(pc.less_equal(rows["sample_id"], self._last)) for rows in self.scan(name, columns)]
        schema = pa.schema([TABLES[name].schema.field(c) for c in dict.fromkeys(["sample_id", *columns])])
        rows = pa.concat_tables([schema.empty_table(), *found])
        key = [(k, "ascending") for k in ("sample_id", *TABLES[name].key) if k in rows.column_names]
        return rows.take(pc.sort_indices(rows, sort_keys=key)).combine_chunks()

    def labelled(self) -> pa.Table:
        """The published view of those samples: a row `LABELLED` for each that has one, sorted by sample_id."""
        views = own_views(self.sampled("labels", _OF_VIEWS), self.taxonomy.name, self.rule)
        chosen = first_views(views, self.pools)
        columns = {name: chosen[name] for name in LABELLED.names if name != "label"}
        label = decided(chosen, self.taxonomy.labels) if chosen.num_rows else pa.array([], pa.int64())
        found = pa.table({**columns, "label": label}).select(LABELLED.names).cast(LABELLED)
        return found.sort_by("sample_id").combine_chunks()

    @cached_property
    def split_of(self) -> Mapping[str, str]:
        """The split of each published sample."""
        return dict(zip(self.splits["sample_id"].to_pylist(), self.splits["split"].to_pylist(), strict=True))

    @cached_property
    def _published(self) -> pa.Array:
        return self.splits["sample_id"].combine_chunks()

    @cached_property
    def _last(self) -> str:
        """The id up to which samples are looked at."""
        ids = self._published.to_numpy(zero_copy_only=False)
        if not len(ids):
            return ""
        return str(np.partition(ids, min(self.most, len(ids)) - 1)[min(self.most, len(ids)) - 1])
