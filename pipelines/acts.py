"""Acts of judging as rows of the ledger: what was gathered, what of it is new, and what counts."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from affectory.pipelines.rating import ONCE, Act, Said, offered
from affectory.schemas.ids import judgement_id
from affectory.schemas.ledgers import JUDGEMENTS
from affectory.schemas.opinion import OPINION_COLUMNS
from affectory.schemas.taxonomy import Taxonomy
from affectory.schemas.types import ANCHOR, ANSWER, ASKED, VAD

Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]


def judgements(gathered: Mapping[Act, Said], taxonomy: Taxonomy) -> pa.Table:
    """Each act with what was said as its first revision, in the order of their ids; `taxonomy` is that of entries which
    name none."""
    known = {id(said.entry): said.entry.taxonomy or taxonomy for said in gathered.values()}
    by_hash: dict[str, tuple[Taxonomy, dict[Act, Said]]] = {taxonomy.hash: (taxonomy, {})}
    for act, said in gathered.items():
        own = known[id(said.entry)]
        by_hash.setdefault(own.hash, (own, {}))[1][act] = said
    return pa.concat_tables([_judgements(acts, own) for own, acts in by_hash.values()]).sort_by("judgement_id")


def _judgements(gathered: Mapping[Act, Said], taxonomy: Taxonomy) -> pa.Table:
    acts, said = list(gathered), list(gathered.values())
    ids = pa.array([judgement_id(a.person, a.anchor(), a.question, a.occasion, 0) for a in acts], pa.string())
    columns = {
        "judgement_id": ids,
        "act": ids,
        "anchor": _anchors(acts),
        "occasion": pa.array([a.occasion for a in acts], pa.string()),
        "revision": pa.array(np.zeros(len(acts), np.int32)),
        "retracted": pa.array(np.zeros(len(acts), bool)),
        "rater": pa.array([a.person for a in acts], pa.string()),
        **_constants(said),
        "asked": _asked(said, taxonomy),
        "answer": _answers(said, taxonomy),
        **{
            name: pa.array([s.once[ONCE.index(name)] for s in said], JUDGEMENTS.schema.field(name).type)
            for name in ("confidence", "spent_s", "rationale", "people", "evidence")
        },
    }
    table = JUDGEMENTS.cast(pa.table(columns))
    told = table.column_names.index("said")
    return table.set_column(told, JUDGEMENTS.schema.field("said"), said_of(table))


def _anchors(acts: Sequence[Act]) -> pa.StructArray:
    records = pa.array([a.record for a in acts], pa.string())
    places = [pa.array([a[i] for a in acts], pa.int64()) for i in range(2, 6)]
    boxes = pa.array([a.box for a in acts], ANCHOR.field("box").type)
    return pa.StructArray.from_arrays([records, *places, boxes], fields=list(ANCHOR))


def _constants(said: Sequence[Said]) -> dict[str, pa.Array]:
    """What the entries of the recipe say of all their ratings."""
    entries = {id(s.entry): s.entry for s in said}
    place = {key: i for i, key in enumerate(entries)}
    at = pa.array([place[id(s.entry)] for s in said], pa.int64())
    readers = [e.reader for e in entries.values()]
    seen = [list(r.modalities) or None for r in readers]
    return {
        "origin": pa.array([e.name for e in entries.values()], pa.string()).take(at),
        "rater_kind": pa.array([r.rater_kind for r in readers], pa.string()).take(at),
        "perspective": pa.array([r.perspective for r in readers], pa.string()).take(at),
        "modalities": pa.array(seen, pa.list_(pa.string())).take(at),
    }


def _asked(said: Sequence[Said], taxonomy: Taxonomy) -> pa.Array:
    asked = [(id(s.entry), None if s.answers is None else min(len(s.answers), 2)) for s in said]
    entries = {id(s.entry): s.entry for s in said}
    kinds = {kind: i for i, kind in enumerate(dict.fromkeys(asked))}
    questions = pa.array([_question(entries[entry].reader, labels, taxonomy) for entry, labels in kinds], ASKED)
    return questions.take(pa.array([kinds[a] for a in asked], pa.int64()))


def _question(reader: Any, labels: int | None, taxonomy: Taxonomy) -> dict[str, object]:
    if labels is None:
        return {"question": reader.question, "response": "continuous", "taxonomy": "vad"}
    response = reader.response or ("simplex" if labels == 1 else "multi-label")
    asked = {"taxonomy": taxonomy.name, "taxonomy_hash": taxonomy.hash}
    return {"question": reader.question, "response": response, "labels": offered(reader, taxonomy), **asked}


def _answers(said: Sequence[Said], taxonomy: Taxonomy) -> pa.StructArray:
    """A label that was not rated has no intensity; it was not chosen, unless each was asked by itself."""
    place = {label: i for i, label in enumerate(taxonomy.labels)}
    entries = {id(s.entry): s.entry.reader for s in said}
    row_of = {key: row for row, key in enumerate(entries)}
    entry = np.array([row_of[id(s.entry)] for s in said], np.int64)
    offers = [set(offered(reader, taxonomy)) for reader in entries.values()]
    asked = np.array([[label in labels for label in place] for labels in offers], bool).reshape(-1, len(place))[entry]
    unsaid = np.array([np.nan if reader.each_label else 0.0 for reader in entries.values()], np.float32)[entry]
    weights = np.repeat(unsaid[:, None], len(place), axis=1)
    intensities = np.full(weights.shape, np.nan, np.float32)
    for row, s in enumerate(said):
        for label, (weight, intensity) in (s.answers or {}).items():
            weights[row, place[label]] = weight
            if intensity is not None:
                intensities[row, place[label]] = intensity
    given = {
        "weights": _lists(weights, asked, np.array([s.answers is not None for s in said], bool)),
        "intensities": _lists(intensities, asked, np.asarray(~np.isnan(intensities).all(axis=1), bool)),
        "vad": _vad(said),
    }
    fields = [given[f.name] if f.name in given else pa.nulls(len(said), f.type) for f in ANSWER]
    return pa.StructArray.from_arrays(fields, fields=list(ANSWER))


def _lists(values: NDArray[np.float32], asked: Bools, there: Bools) -> pa.ListArray:
    """One list of what was asked for each row, null where none is there; NaN in it is null."""
    kept = asked & there[:, None]
    flat = values[kept]
    offsets = np.concatenate([[0], np.cumsum(kept.sum(axis=1))])
    items = pa.array(flat, pa.float32(), mask=np.isnan(flat))
    return pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), items, mask=pa.array(~there))


def _vad(said: Sequence[Said]) -> pa.StructArray:
    columns = [pa.array([s.once[ONCE.index(f.name)] for s in said], f.type) for f in VAD]
    none = np.logical_and.reduce([np.asarray(pc.is_null(c)) for c in columns])
    return pa.StructArray.from_arrays(columns, fields=list(VAD), mask=pa.array(none))


def said_of(table: pa.Table) -> pa.ChunkedArray:
    """For each judgement a hash of all that was said; computed where it is not written down."""
    known = table.column("said")
    if not known.null_count:
        return known
    texts = _fields({c.name: table.column(c.name).combine_chunks() for c in OPINION_COLUMNS}, table.num_rows)
    hashes = [hashlib.blake2b(t.encode(), digest_size=12).hexdigest() for t in texts.to_pylist()]
    return pc.coalesce(known, pa.array(hashes, pa.string()))


def _fields(columns: Mapping[str, pa.Array], rows: int) -> pa.Array:
    """Rows of named values as text. Nulls leave no trace, so that a column which comes later changes nothing."""
    there = {name: array for name, array in sorted(columns.items()) if array.null_count < rows}
    parts = [pc.fill_null(_joined(f"{name}=", _text(array)), "") for name, array in there.items()]
    return _joined(*parts) if parts else pa.repeat("", rows)


def _joined(*parts: Any) -> pa.Array:
    return pc.binary_join_element_wise(*parts, "")


def _text(array: pa.Array) -> pa.Array:
    """Each value as text that no other value has: numbers by their bits, the rest with its length before it."""
    if pa.types.is_struct(array.type):
        inside = {f.name: pc.struct_field(array, i) for i, f in enumerate(array.type)}
        text = _fields(inside, len(array))
    elif pa.types.is_list(array.type):
        items = pc.fill_null(_text(array.values), "-")
        text = pc.binary_join(pa.ListArray.from_arrays(array.offsets, items), "")
    elif pa.types.is_floating(array.type):
        return _joined(array.view(pa.int32() if array.type.bit_width == 32 else pa.int64()).cast(pa.string()), ";")
    else:
        text = array.cast(pa.string())
    sized = _joined(pc.binary_length(text).cast(pa.string()), ":", text)
    return pc.if_else(pc.is_valid(array), sized, pa.scalar(None, pa.string()))


@dataclass(frozen=True)
class Revised:
    """The judgements that rating files say now, and those of them which the ledger lacks."""

    ids: pa.Array | pa.ChunkedArray
    fresh: pa.Table
    refused: Mapping[str, int] = field(default_factory=dict)
    """Rows of the files that were refused, by reason."""


NOTHING = Revised(pa.nulls(0, pa.string()), JUDGEMENTS.empty())
"""A recipe without ratings."""


def revised(rows: pa.Table, ledger: pa.Table) -> Revised:
    """What differs from what a file said last is the next revision.

    An answer that was given since in another way (`origin` is null) is not undone by a file that did not change.
    """
    acts = _acts_of(ledger).combine_chunks().dictionary_encode()
    newest = _newest(acts, ledger, np.ones(ledger.num_rows, bool))
    by_file = _newest(acts, ledger, np.asarray(pc.is_valid(ledger.column("origin"))))
    place = np.asarray(pc.fill_null(pc.index_in(rows.column("act"), value_set=acts.dictionary), -1), np.int64)
    last, filed = (np.where(place >= 0, np.append(at, -1)[place], -1) for at in (newest, by_file))
    known = _same(rows, ledger, filed)
    fresh = _next_revisions(rows.filter(pa.array(~known)), ledger, last[~known])
    said = ledger.column("judgement_id").take(pa.array(filed[known]))
    return Revised(pa.chunked_array([*said.chunks, *fresh.column("judgement_id").chunks], pa.string()), fresh)


def _acts_of(ledger: pa.Table) -> pa.ChunkedArray:
    """The id that all revisions of a judgement share; of one that does not know it, its own."""
    return pc.coalesce(ledger.column("act"), ledger.column("judgement_id"))


def _newest(acts: pa.DictionaryArray, ledger: pa.Table, chosen: Bools) -> Ints:
    """For each act the row of its last revision among the chosen, -1 where there is none."""
    order = np.argsort(ledger.column("revision").to_numpy(), kind="stable")
    order = order[chosen[order]]
    found = np.full(len(acts.dictionary), -1, np.int64)
    found[acts.indices.to_numpy()[order]] = order
    return found


def _same(rows: pa.Table, ledger: pa.Table, places: Ints) -> Bools:
    """Which rows say what the row of the ledger says that stands at their place."""
    before = said_of(ledger).take(pa.array(places, mask=places < 0))
    return np.asarray(pc.fill_null(pc.equal(said_of(rows), before), False))


def _next_revisions(rows: pa.Table, ledger: pa.Table, before: Ints) -> pa.Table:
    places = pa.array(before, mask=before < 0)
    revisions = pc.fill_null(pc.add(ledger.column("revision").take(places), 1), 0)
    changed = np.flatnonzero(before >= 0)
    ids = rows.column("judgement_id").to_pylist()
    for row, new in zip(
        changed.tolist(), _ids(rows.take(pa.array(changed)), revisions.take(pa.array(changed))), strict=True
    ):
        ids[row] = new
    columns = {
        **{name: rows.column(name) for name in rows.column_names},
        "judgement_id": pa.array(ids, pa.string()),
        "revision": revisions,
        "supersedes": ledger.column("judgement_id").take(places),
    }
    return JUDGEMENTS.cast(pa.table(columns))


def _ids(rows: pa.Table, revisions: pa.ChunkedArray) -> list[str]:
    asked = pc.struct_field(rows.column("asked").combine_chunks(), "question")
    parts = (rows.column(name) for name in ("rater", "anchor", "perspective"))
    told = zip(*(c.to_pylist() for c in (*parts, asked, rows.column("occasion"), revisions)), strict=True)
    return [judgement_id(r, anchor, f"{side}: {q}", when, n) for r, anchor, side, q, when, n in told]


def counting(ledger: pa.Table, now: Revised) -> pa.Table:
    """The newest revisions, without what only earlier rating files or recipes said, with what is not in it yet."""
    table = pa.concat_tables([ledger, now.fresh])
    said = pc.is_in(table.column("judgement_id"), value_set=_one(now.ids))
    chosen = np.asarray(pc.or_(pc.is_null(table.column("origin")), said))
    newest = _newest(_acts_of(table).combine_chunks().dictionary_encode(), table, chosen)
    return table.take(pa.array(np.sort(newest[newest >= 0])))


def _one(ids: pa.Array | pa.ChunkedArray) -> pa.Array:
    return ids.combine_chunks() if isinstance(ids, pa.ChunkedArray) else ids
