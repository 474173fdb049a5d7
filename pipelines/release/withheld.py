"""What a release holds back of rows that it publishes, and how much is not in it at all."""

import re
from dataclasses import dataclass, field

import pyarrow as pa
import pyarrow.compute as pc

from affectory.schemas.derived import REJECTS
from affectory.schemas.ids import digest

MEDIA_COLUMNS = ("original", "image", "audio", "video", "frames")
COLUMN = "withheld"
"""In the config `default`: what of a row is not published, and for whose sake."""
_SAMPLE = re.compile(r"\bs_[0-9a-f]{24}\b")
WHY = pa.schema([("sample_id", pa.string()), ("source", pa.string()), ("why", pa.string())])
"""Samples, and why something of them is withheld: never about whom."""


@dataclass(frozen=True)
class Withheld:
    """What is not published of a build: whole samples, the media of others, and turns that were shown beside others."""

    samples: pa.Table = field(default_factory=WHY.empty_table)
    media: pa.Table = field(default_factory=WHY.empty_table)
    quoting: pa.Array = field(default_factory=lambda: pa.array([], pa.string()))
    """Samples whose raters were shown what others said of whom nothing is published."""
    records: pa.Array = field(default_factory=lambda: pa.array([], pa.string()))
    """Records of which nothing is published."""

    @property
    def hash(self) -> str:
        """Moves with anything that is held back."""
        rows = [table.sort_by("sample_id").to_pylist() for table in (self.samples, self.media)]
        return digest("withheld", *rows, sorted(self.quoting.to_pylist()), sorted(self.records.to_pylist()))

    def counts(self) -> dict[str, dict[str, int]]:
        """How many samples, and how many samples' media, by why."""
        return {"samples": _counted(self.samples), "media": _counted(self.media)}

    def says(self) -> tuple[str, ...]:
        """In words, a line for each why."""
        told = {
            "samples": ("sample is withheld", "samples are withheld"),
            "media": ("row is without its media", "rows are without their media"),
        }
        return tuple(
            f"{n} {told[what][n != 1]} ({why})." for what, counts in self.counts().items() for why, n in counts.items()
        )

    def published(self, splits: pa.Table) -> pa.Table:
        """The samples that are published, of those that have a split."""
        gone = pc.is_in(splits["sample_id"], value_set=self.samples["sample_id"].combine_chunks())
        return splits.filter(pc.invert(gone))

    def left_of(self, name: str, table: pa.Table) -> pa.Table:
        """The rows of a table about published samples, without what is held back of them."""
        if name == "samples" and self.media.num_rows:
            hidden = pc.is_in(table["sample_id"], value_set=self.media["sample_id"].combine_chunks())
            for column in MEDIA_COLUMNS:
                kept = pc.if_else(hidden, pa.scalar(None, table[column].type), table[column])
                table = table.set_column(table.column_names.index(column), table.schema.field(column), kept)
        if name == "opinions" and len(self.quoting):
            table = _without_context(table, pc.is_in(table["sample_id"], value_set=self.quoting))
        return table

    def column(self, ids: pa.ChunkedArray) -> pa.ChunkedArray:
        """For each sample what of it is withheld, in words; null where nothing is."""
        at = pc.index_in(ids, value_set=self.media["sample_id"].combine_chunks())
        kinds = pc.list_element(pc.split_pattern(self.media["why"], ":"), 0).combine_chunks()
        return pc.binary_join_element_wise("media", kinds.take(at.combine_chunks()), ": ")

    def rejects(self) -> pa.Table:
        """As rows of the rejects, which name no sample: some ids can be guessed from what they stand for."""
        rows = self.samples.sort_by("sample_id").to_pylist()
        same = {"stage": "publish", "outcome": "rejected", "reason": "withheld"}
        named = [
            {"reject_id": f"x_{digest('publish', row['sample_id'], row['why'])[:24]}", **same, **row} for row in rows
        ]
        return REJECTS.from_rows(
            [{**{k: v for k, v in row.items() if k != "why"}, "detail": row["why"]} for row in named]
        )


def _counted(table: pa.Table) -> dict[str, int]:
    counted = pc.value_counts(table["why"]).to_pylist()
    return {row["values"]: row["counts"] for row in sorted(counted, key=lambda row: (-row["counts"], row["values"]))}


def _without_context(opinions: pa.Table, hidden: pa.ChunkedArray) -> pa.Table:
    """Opinions that do not tell which turns the rater was shown before."""
    shown = opinions["shown"].combine_chunks()
    given = {f.name: pc.struct_field(shown, f.name) for f in shown.type}
    given["context"] = pc.if_else(hidden.combine_chunks(), pa.scalar(None, given["context"].type), given["context"])
    made = pa.StructArray.from_arrays(list(given.values()), fields=list(shown.type), mask=pc.is_null(shown))
    return opinions.set_column(opinions.column_names.index("shown"), opinions.schema.field("shown"), made)


def nameless(rejects: pa.Table, withheld: Withheld) -> pa.Table:
    """Rejects that say how many were withheld and why, and neither of whom nor of what."""
    gone = pc.fill_null(pc.is_in(rejects["record_id"], value_set=withheld.records), False)
    hidden = pc.or_(pc.equal(rejects["reason"], "withheld"), gone)
    for name in ("sample_id", "record_id"):
        kept = pc.if_else(hidden, pa.scalar(None, pa.string()), rejects[name])
        rejects = rejects.set_column(rejects.column_names.index(name), rejects.schema.field(name), kept)
    told = pc.if_else(gone, pa.scalar(None, pa.string()), rejects["detail"])
    told = pc.replace_substring_regex(told, r"\b(?:p_[0-9a-f]{20}|s_[0-9a-f]{24}-\d+)\b", "a person")
    told = _without_samples(told, withheld)
    return rejects.set_column(rejects.column_names.index("detail"), rejects.schema.field("detail"), told)


def _without_samples(details: pa.ChunkedArray, withheld: Withheld) -> pa.Array:
    """Details that do not name what is withheld: what is nearly the same as it may be published."""
    gone = frozenset(withheld.samples["sample_id"].to_pylist())
    told = (d and _SAMPLE.sub(lambda m: "a sample" if m[0] in gone else m[0], d) for d in details.to_pylist())
    return pa.array(told if gone else details.to_pylist(), pa.string())
