"""What a source reader gave becomes records with ids: once per id, whatever the order of arrival."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from affectory.pipelines.spill import PLACE
from affectory.schemas.derived import SAMPLES
from affectory.schemas.ids import (
    canonical,
    digest_of,
    record_id_from_content,
    record_id_from_key,
    record_id_from_spelled,
    spelled,
    whole_sample_id,
)
from affectory.schemas.types import ANCHOR, FRAMES, MEDIA, MEMBERS, PLACES
from affectory.transforms.sources.base import Refused, SourceFile

_TEXTS = ("record_id", "fingerprint", "source", "uri", "kind", "key", "asset_id", "licence", "format")
_CARRIED = ("text", "speaker", "dialogue", "session", "language")
_TELLING = ("speaker", "dialogue", "position", "session", "language", "format", "segments", "extra")
"""What a record contributes beside its content: other values are another fingerprint."""
_AS_READ = ("kind", "key", "format", "text", "dialogue", "session", "language", "segments", "extra", "members")
_STRICT = ["record_id", "subjects", "licence"]
MEDIA_KINDS = ("video", "audio", "image")
FILE_KINDS = (*MEDIA_KINDS, "signal")
"""Kinds whose record is a file."""


@dataclass(frozen=True)
class Origin:
    """Where records come from."""

    source: str
    file: SourceFile
    licence: str
    scope: str = ""


@dataclass(frozen=True)
class Keyed:
    """Records of distinct ids in the order of their ids, and those refused as duplicates.

    `aliases` are the places where a record was found again, under the id of the one that is kept.
    """

    table: pa.Table
    refused: list[tuple[str, Refused]]
    aliases: pa.Table


class RecordRows:
    """The table of records: ids, place, and what the reader found."""

    @staticmethod
    def schema() -> pa.Schema:
        texts = [pa.field(name, pa.string()) for name in (*_TEXTS, *_CARRIED)]
        extra = pa.field("extra", pa.map_(pa.string(), pa.string()))
        numbers = [pa.field("position", pa.int32()), pa.field("row", pa.int64()), pa.field("size", pa.int64())]
        lists = [
            pa.field("segments", PLACES),
            pa.field("members", MEMBERS),
            pa.field("subjects", pa.list_(pa.string())),
        ]
        return pa.schema([*texts, *numbers, *lists, extra])

    @staticmethod
    def narrow_names() -> list[str]:
        """What tells records apart and goes into the ledger; the rest of a row may wait on the disk."""
        return [*RecordRows.index_names(), "asset_id", "licence", "subjects", "size"]

    @staticmethod
    def index_names() -> list[str]:
        return ["record_id", "fingerprint", "source", "uri", "row", "kind", "key"]

    @staticmethod
    def alias_names() -> list[str]:
        return ["source", "uri", "key", "record_id"]

    @classmethod
    def index_schema(cls) -> pa.Schema:
        return pa.schema([*(cls.schema().field(n) for n in cls.index_names()), pa.field("root", pa.string())])

    @classmethod
    def of(cls, rows: pa.Table, origin: Origin, pseudonym: Callable[[str], str]) -> pa.Table:
        """Records of one file with their ids and fingerprints."""
        own = _Own.of(rows, origin)
        speakers = [pseudonym(s) if s else None for s in _values(rows.column("speaker"))]
        contents = _without_names(rows, speakers)
        words = [spelled(content) for content in contents]
        ids = _ids(rows, contents, words, origin, own)
        columns = {
            **{name: rows.column(name) for name in _AS_READ},
            **own.columns,
            "record_id": pa.array(ids, pa.string()),
            "speaker": pa.array(speakers, pa.string()),
            "subjects": _subjects(speakers, _values(rows.column("segments"))),
            "position": rows.column("position"),
            "source": pa.repeat(origin.source, rows.num_rows),
            "row": rows.column("row"),
        }
        prints = _fingerprints(ids, columns, origin.source, own, _told(rows, contents, words))
        table = pa.table({**columns, "fingerprint": pa.array(prints, pa.string())})
        return table.select(cls.schema().names).cast(cls.schema())

    @staticmethod
    def flow(records: pa.Table) -> pa.Table:
        """The records as the first rows of the flowing table: one sample for the whole of each."""
        n, ids = records.num_rows, records.column("record_id").to_pylist()
        refs = [
            (kind, {"asset": asset, "format": form} if kind in FILE_KINDS else None)
            for kind, asset, form in zip(
                *(_values(records.column(c)) for c in ("kind", "asset_id", "format")), strict=True
            )
        ]
        columns = {
            **{
                c: records.column(c)
                for c in ("kind", "source", "uri", "key", *_CARRIED, "position", "segments", "members", "extra")
            },
            "sample_id": pa.array(list(map(whole_sample_id, ids)), pa.string()),
            "anchor": _whole(records.column("record_id")),
            "parent": pa.nulls(n, pa.string()),
            "duplicates": pa.nulls(n, pa.string()),
            "original": pa.array([ref for _, ref in refs], MEDIA),
            **{kind: pa.array([ref if k == kind else None for k, ref in refs], MEDIA) for kind in MEDIA_KINDS},
            "frames": pa.nulls(n, FRAMES),
        }
        return pa.table({name: columns[name] for name in SAMPLES.schema.names})


def _whole(ids: pa.ChunkedArray) -> pa.StructArray:
    """Anchors of whole records."""
    empty = [pa.nulls(len(ids), field.type) for field in ANCHOR][1:]
    return pa.StructArray.from_arrays([ids.combine_chunks(), *empty], fields=list(ANCHOR))


def _without_names(rows: pa.Table, speakers: list[str | None]) -> list[str | None]:
    """What each row contributes, its speaker by pseudonym: ids are published, and a hash of a name can be guessed."""
    contents: list[str | None] = rows.column("content").to_pylist()
    if not any(speakers):
        return contents
    named = zip(contents, speakers, strict=True)
    return [c if s is None or c is None else canonical({**json.loads(c), "speaker": s}) for c, s in named]


def _ids(
    rows: pa.Table, contents: Sequence[str | None], words: Sequence[str], origin: Origin, own: "_Own"
) -> list[str]:
    """Of a row with media both are its content: what it says, and their bytes."""
    keys, occurrences = (rows.column(c).to_pylist() for c in ("key", "occurrence"))
    found = zip(keys, contents, words, own.assets, own.named, occurrences, strict=True)
    return [
        record_id_from_key(origin.scope, key)
        if key is not None
        else record_id_from_content(asset if content is None else f"{asset} {content}", occurrence)
        if content is None or named
        else record_id_from_spelled(spelled_content, occurrence)
        for key, content, spelled_content, asset, named, occurrence in found
    ]


def _told(rows: pa.Table, contents: Sequence[str | None], words: list[str]) -> list[str]:
    """What a fingerprint covers of the words of each row; of a media file also those that stand beside it."""
    texts, kinds = rows.column("text"), rows.column("kind")
    if texts.null_count == rows.num_rows or pc.all(pc.equal(kinds, "text")).as_py():
        return words
    found = zip(contents, words, texts.to_pylist(), kinds.to_pylist(), strict=True)
    return [
        word if text is None or kind == "text" else _beside(content, word, text) for content, word, text, kind in found
    ]


def _beside(content: str | None, word: str, text: str) -> str:
    """The words of a media file: those that its row has, or those that were said of it elsewhere."""
    own = {} if content is None else json.loads(content)
    return word if own.get("text") == text else spelled(canonical({**own, "text": text}))


def _fingerprints(
    ids: Sequence[str], columns: dict[str, Any], source: str, own: "_Own", told: Sequence[str]
) -> list[str]:
    """A hash of all that each record contributes. Words, which are long, are spelled already."""
    members, from_source = _values(columns["members"]), spelled(source)
    licences = {licence: spelled(licence) for licence in set(own.licences)}
    short = zip(ids, own.licences, _whats(columns, len(ids)), own.places, members, told, strict=True)
    return [
        digest_of(
            f'"{record}"', from_source, licences[licence], f"{what},{words}]",
            "null" if place is None else canonical(place), *([canonical(made_of)] if made_of else []),
        )
        for record, licence, what, place, made_of, words in short
    ]  # fmt: skip


def _whats(columns: dict[str, Any], rows: int) -> list[str]:
    """The canonical JSON of what tells beside words, without its end."""
    if all(columns[name].null_count == rows for name in _TELLING):
        return [canonical([None] * len(_TELLING))[:-1]] * rows
    return [canonical(what)[:-1] for what in zip(*(_values(columns[name]) for name in _TELLING), strict=True)]


def _subjects(speakers: Sequence[str | None], segments: Sequence[Any]) -> pa.Array:
    """Who is seen or heard: who speaks, and who speaks in a stretch."""
    others = ({place["who"] for place in places or () if place["who"]} for places in segments)
    found = [sorted(who | {s} if s else who) for s, who in zip(speakers, others, strict=True)]
    return pa.array(found, pa.list_(pa.string()))


def _values(column: Any) -> list[Any]:
    """As Python has them; most columns of most sources hold nothing."""
    return [None] * len(column) if column.null_count == len(column) else column.to_pylist()


@dataclass(frozen=True)
class _Own:
    """What records may have of their own, and else have from their file: place, bytes, licence."""

    assets: list[str]
    named: list[bool]
    """Whether the bytes are other than the file's."""
    licences: list[str]
    places: list[tuple[str, str] | None]
    columns: dict[str, pa.Array]

    @classmethod
    def of(cls, rows: pa.Table, origin: Origin) -> "_Own":
        file, given = origin.file, [rows.column(c) for c in ("uri", "asset", "size", "licence")]
        wanted = (file.uri, file.asset_id, file.size, origin.licence)
        filled = [pc.fill_null(c, pa.scalar(v, c.type)).combine_chunks() for c, v in zip(given, wanted, strict=True)]
        columns = dict(zip(("uri", "asset_id", "size", "licence"), filled, strict=True))
        uris, assets, licences = (columns[c].to_pylist() for c in ("uri", "asset_id", "licence"))
        kinds, named = rows.column("kind").to_pylist(), given[1].is_valid().to_pylist()
        places = [(a, u) if k in FILE_KINDS else None for a, u, k in zip(assets, uris, kinds, strict=True)]
        return cls(assets, named, licences, places, columns)


def keyed(rows: pa.Table, texts: Callable[[Sequence[int]], Sequence[str | None]]) -> Keyed:
    """One row per id, the first by place; the others are refused and say whom they repeat, with their text."""
    ordered = rows.sort_by([(c, "ascending") for c in ("record_id", "source", "uri", "row")])
    ids, prints = (ordered.column(c).combine_chunks() for c in ("record_id", "fingerprint"))
    is_first = np.ones(len(ids), dtype=bool)
    is_first[1:] = ~np.asarray(pc.equal(ids[1:], ids[:-1]), dtype=bool)
    again = np.flatnonzero(~is_first)
    holders = np.maximum.accumulate(np.where(is_first, np.arange(len(ids)), 0))[again]
    same = np.asarray(pc.equal(prints.take(pa.array(again)), prints.take(pa.array(holders))), dtype=bool)
    repeats = ordered.take(pa.array(again))
    places = (repeats, ordered.take(pa.array(holders)))
    given = [table.select(["source", "uri", "row", "key"]).to_pylist() for table in places]
    said = texts(repeats.column(PLACE).to_pylist())
    refused = [_repeat(*found) for found in zip(*given, same.tolist(), said, strict=True)]
    aliases = repeats.filter(pc.or_(pc.is_null(repeats.column("key")), pa.array(same)))
    kept = _with_others(ordered.filter(pa.array(is_first)), aliases)
    return Keyed(kept, refused, aliases.select(RecordRows.alias_names()))


def _with_others(kept: pa.Table, aliases: pa.Table) -> pa.Table:
    """Records that lie there more than once, with all who are said to be in them and all licences that they came under:
    of what these allow the less counts."""
    shown = kept.filter(pc.is_in(kept.column("record_id"), value_set=aliases.column("record_id").combine_chunks()))
    found: dict[str, tuple[set[str], set[str]]] = {}
    for row in pa.concat_tables([shown.select(_STRICT), aliases.select(_STRICT)]).to_pylist():
        people, licences = found.setdefault(row["record_id"], (set(), set()))
        people.update(row["subjects"] or ())
        licences.add(row["licence"] or "")
    rows = {row["record_id"]: row for row in shown.select([*_STRICT, "fingerprint"]).to_pylist()}
    more = {name: made for name, row in rows.items() if (made := _joined(row, *found[name])) != row}
    if not more:
        return kept
    ids = kept.column("record_id").to_pylist()
    for name in ("subjects", "licence", "fingerprint"):
        at, values = kept.column_names.index(name), kept.column(name).to_pylist()
        given = [more[record][name] if record in more else value for record, value in zip(ids, values, strict=True)]
        kept = kept.set_column(at, kept.schema.field(name), pa.array(given, kept.schema.field(name).type))
    return kept


def _joined(row: dict[str, Any], people: set[str], licences: set[str]) -> dict[str, Any]:
    """A record under another fingerprint where there are more people or licences than it says itself."""
    if people == set(row["subjects"] or ()) and licences == {row["licence"] or ""}:
        return row
    told = {"subjects": sorted(people), "licence": " AND ".join(sorted(filter(None, licences)))}
    return {**row, **told, "fingerprint": digest_of(f'"{row["fingerprint"]}"', canonical(told))}


def _repeat(row: dict[str, Any], other: dict[str, Any], same: bool, text: str | None) -> tuple[str, Refused]:
    if row["key"] is not None and not same:
        detail = f"the key {row['key']!r} is already that of {_place(other)}"
    else:
        detail = f"the same content as {_place(other)}"
    return row["source"], Refused(_place(row), "duplicate", detail, (text or "")[:500])


def _place(row: dict[str, object]) -> str:
    return f"{row['uri']}" if row["row"] is None else f"{row['uri']}#L{row['row']}"
