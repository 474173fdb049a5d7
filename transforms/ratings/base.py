"""What a reader of existing ratings is: it turns tables with one rating a row into ratings, unresolved."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import pyarrow as pa

from affectory.schemas.tables import Column
from affectory.transforms.sources.base import Limits, Refused, RemoteFile, RemoteFolder, SourceFile

LABELS = pa.list_(pa.struct([("label", pa.string()), ("weight", pa.float64()), ("intensity", pa.float64())]))
"""Several labels of one rating; what is not among them was not answered where each label has a cell of its own."""

POINTED = pa.list_(
    pa.struct(
        [
            ("kind", pa.string()),
            ("key", pa.string()),
            ("start_us", pa.int64()),
            ("end_us", pa.int64()),
            ("char_start", pa.int64()),
            ("char_end", pa.int64()),
            ("box", pa.list_(pa.float32())),
        ]
    )
)
"""Evidence as read: `key` is the declared key of another record in which it lies."""

RATINGS = pa.schema(
    c.field
    for c in (
        Column("target_key", pa.string(), "declared key of the record that is rated"),
        Column("target_file", pa.string(), "or the place of its file relative to its source's root"),
        Column("start_us", pa.int64(), "start of the stretch that is rated, null where it is the record's"),
        Column("end_us", pa.int64(), "end of the stretch that is rated, null where it is the record's"),
        Column("char_start", pa.int64(), "first character of the stretch of text that is rated"),
        Column("char_end", pa.int64(), "character after the stretch of text that is rated"),
        Column("rater", pa.string(), "who rated, as named in the data; null of those who were only counted"),
        Column("label", pa.string(), "the emotion's word as it stands in the data"),
        Column("intensity", pa.float64(), "how strong, on the scale of the data"),
        Column("valence", pa.float64(), "scaled to -1 to 1"),
        Column("arousal", pa.float64(), "scaled to -1 to 1"),
        Column("dominance", pa.float64(), "scaled to -1 to 1"),
        Column("confidence", pa.float64(), "the rater's own confidence, 0 to 1"),
        Column("rationale", pa.string(), "the reason given, in the rater's words"),
        Column("occasion", pa.string(), "which time this person was asked"),
        Column("spent_s", pa.float64(), "time the rater took, in seconds"),
        Column("row", pa.int64(), "line or row number from 1", required=True),
        Column("labels", LABELS, "several labels at once, in place of `label`; empty where none was chosen"),
        Column("box", pa.list_(pa.float32()), "the part of the picture that is rated: x, y, width, height"),
        Column("people", pa.int32(), "how many people the rating sums up, 0 where nobody said"),
        Column("evidence", POINTED, "what the rater pointed at"),
    )
)


@dataclass(frozen=True)
class Ratings:
    """Some ratings of a file, and what was refused beside them."""

    rows: pa.Table = field(default_factory=RATINGS.empty_table)
    refused: tuple[Refused, ...] = ()


class RatingsReader(Protocol):
    """One entry of a recipe's ratings. Its fields are its YAML parameters."""

    @property
    def path(self) -> str: ...

    @property
    def of(self) -> str: ...

    @property
    def perspective(self) -> str: ...

    @property
    def modalities(self) -> tuple[str, ...]: ...

    @property
    def question(self) -> str: ...

    @property
    def rater_kind(self) -> str: ...

    @property
    def rater_relation(self) -> str | None: ...

    @property
    def asks_intensity(self) -> bool:
        """Whether every label comes with how strong it is."""
        ...

    @property
    def offered(self) -> tuple[str, ...]:
        """The labels among which raters chose, as the taxonomy knows them; empty where all of them were."""
        ...

    @property
    def each_label(self) -> bool:
        """Whether each label was answered by itself, so that one without an answer is not a no."""
        ...

    @property
    def response(self) -> str | None:
        """The kind of answer; None where it shows in each rating."""
        ...

    def words(self) -> Mapping[tuple[str | int, ...], str]:
        """The words that the recipe itself wants the taxonomy to know, by their keys."""
        ...

    def files(self, root: Path | RemoteFolder) -> Iterator[Path | RemoteFile | Refused]:
        """The files below `root` (or `root` itself) in a fixed order, and what is refused unread."""
        ...

    def read(self, file: SourceFile, limits: Limits) -> Iterator[Ratings]:
        """The ratings of one file in batches; every row is in `rows` or in `refused`."""
        ...
