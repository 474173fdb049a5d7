"""What was said in a review: the judgements that annotations became, as opinions on the samples that were asked."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from affectory.annotation.status.columns import Bools, Floats, Ints, Texts, codes, texts
from affectory.annotation.status.matching import CONDITIONAL, Asks, Returns, newest
from affectory.schemas.derived import OPINIONS_TABLE
from affectory.schemas.opinion import OPINION_COLUMNS
from affectory.schemas.taxonomy import Taxonomy

_ANCHOR = ("record", "start_us", "end_us", "char_start", "char_end")
_SPENT = OPINIONS_TABLE.schema.field("spent_s").type


@dataclass(frozen=True)
class Said:
    """Opinions of people about whole samples, and of each the row of its annotation and of the ask that it answers."""

    opinions: pa.Table
    back: Ints
    ask: Ints
    occasion: Texts
    parts: int
    """Judgements about a part of a sample (a face, a stretch): these are not compared."""

    def only(self, rows: Bools) -> "Said":
        """Some of them."""
        kept = self.opinions.filter(pa.array(rows))
        return Said(kept, self.back[rows], self.ask[rows], self.occasion[rows], self.parts)


def said(judgements: pa.Table, asks: Asks, returns: Returns) -> Said:
    """Of the annotations that were taken and answer an ask. Those who decide know what others said, so that they are
    not among them."""
    back, rows = _listed(judgements, returns)
    ask = returns.ask[back]
    table = judgements.take(pa.array(rows))
    whole = _whole(table.column("anchor"), asks.anchor.take(pa.array(ask)))
    free = pc.and_(pc.is_null(table.column("declined")), pc.not_equal(table.column("rater_kind"), "adjudicator"))
    people = free.to_numpy(zero_copy_only=False) & (asks.purpose[ask] != "adjudication").astype(bool)
    kept = whole & people
    table, back, ask = table.filter(pa.array(kept)), back[kept], ask[kept]
    return Said(
        _opinions(table, asks.sample[ask], back), back, ask, texts(table, "occasion", ""), int(sum(people & ~whole))
    )


def _listed(judgements: pa.Table, returns: Returns) -> tuple[Ints, Ints]:
    """The annotations with the judgements that they became, as rows of each: the newest revision of what is listed."""
    lists = returns.judgements.combine_chunks()
    back = pc.list_parent_indices(lists).to_numpy().astype(np.int64)
    place = pc.index_in(pc.list_flatten(lists), value_set=judgements.column("judgement_id").combine_chunks())
    listed = pc.fill_null(place, -1).to_numpy().astype(np.int64)
    used = (listed >= 0) & (returns.verdict[back] == "taken").astype(bool) & (returns.ask[back] >= 0)
    pairs = np.unique(np.stack([back[used], newest(judgements)[listed[used]]]), axis=1)
    held = ~judgements.column("retracted").to_numpy()[pairs[1]]
    return pairs[0][held], pairs[1][held]


def _whole(mine: pa.ChunkedArray, asked: pa.ChunkedArray) -> Bools:
    """Whether judgements are about all that was asked about."""
    same = np.ones(len(mine), bool)
    for name in _ANCHOR:
        one, two = (pc.struct_field(column, name).combine_chunks() for column in (mine, asked))
        equal = pc.fill_null(pc.equal(one, two), False)
        same &= pc.or_(equal, pc.and_(pc.is_null(one), pc.is_null(two))).to_numpy(zero_copy_only=False)
    one, two = (pc.struct_field(column, "box").combine_chunks() for column in (mine, asked))
    for row in np.flatnonzero(pc.or_(pc.is_valid(one), pc.is_valid(two)).to_numpy(zero_copy_only=False)).tolist():
        same[row] &= one[row].as_py() == two[row].as_py()
    return same


def _opinions(table: pa.Table, sample: Texts, back: Ints) -> pa.Table:
    """As opinions. The time of an annotation counts once, though it became several judgements."""
    first = np.zeros(len(back), bool)
    first[np.unique(back, return_index=True)[1]] = True
    columns = {c.name: table.column(c.name) for c in OPINION_COLUMNS}
    columns["spent_s"] = pc.if_else(pa.array(first), table.column("spent_s"), pa.scalar(None, _SPENT))
    ids = {"opinion_id": table.column("judgement_id"), "sample_id": pa.array(sample, pa.string())}
    return OPINIONS_TABLE.cast(
        pa.table({**ids, "judgement_id": table.column("act"), **columns}).select(OPINIONS_TABLE.schema.names)
    )


def comparable(given: Said, asks: Asks) -> Bools:
    """Which opinions say how far raters agree: those of a first occasion whose rater was chosen with the sample, and
    not after an answer of others. Whom a later plan asked with another probability was."""
    question, sample = asks.question[given.ask], asks.sample[given.ask]
    chance = asks.probability[given.ask]
    group = codes(question, sample)
    many = int(group.max(initial=-1)) + 1
    earliest = np.full(many, np.iinfo(np.int64).max)
    np.minimum.at(earliest, group, asks.round[given.ask])
    first = asks.round[given.ask] == earliest[group]
    usual = np.full(many, np.nan)
    usual[group[first]] = chance[first]
    same = (chance == usual[group]) | (np.isnan(chance) & np.isnan(usual[group]))
    free = ~np.isin(asks.purpose[given.ask].astype(str), CONDITIONAL)
    return np.asarray(same & free & (given.occasion == "").astype(bool))


@dataclass(frozen=True)
class Votes:
    """Each opinion as one vote divided among labels: row, label, share; and the labels."""

    row: Ints
    label: Ints
    share: Floats
    labels: tuple[str, ...]


def votes(opinions: pa.Table) -> Votes:
    """What opinions say of labels, by weights or else by intensities."""
    asked, answer = (opinions.column(name).combine_chunks() for name in ("asked", "answer"))
    labels = pc.struct_field(asked, "labels")
    given = pc.coalesce(*(pc.struct_field(answer, name) for name in ("weights", "intensities")))
    fits = pc.fill_null(pc.equal(pc.list_value_length(labels), pc.list_value_length(given)), False)
    at = np.flatnonzero(fits.to_numpy(zero_copy_only=False))
    labels, given = (column.take(pa.array(at)) for column in (labels, given))
    row = at[pc.list_parent_indices(given).to_numpy()]
    share = np.nan_to_num(pc.list_flatten(given).to_numpy(zero_copy_only=False).astype(np.float64))
    words = pc.list_flatten(labels).dictionary_encode()
    whole = np.bincount(row, share, minlength=opinions.num_rows)
    voted = share > 0
    code = pc.fill_null(words.indices, 0).to_numpy().astype(np.int64)
    return Votes(
        row[voted], code[voted], share[voted] / whole[row[voted]], tuple(map(str, words.dictionary.to_pylist()))
    )


def alike(given: Votes, group: Ints) -> Floats:
    """Of each opinion the chance that another of its group says the same; NaN where there is no other, or no vote."""
    many, labels = len(group), max(1, len(given.labels))
    voted = np.bincount(given.row, minlength=many) > 0
    groups = int(group.max(initial=-1)) + 1
    size = np.bincount(group, voted, minlength=groups)[group]
    cell = group[given.row] * labels + given.label
    whole = np.bincount(cell, given.share, minlength=groups * labels)
    shared = np.bincount(given.row, given.share * (whole[cell] - given.share), minlength=many)
    return np.asarray(np.where(voted & (size > 1), shared / np.maximum(size - 1, 1), np.nan))


def right(given: Votes, samples: Texts, gold: Mapping[str, Collection[str]], taxonomy: Taxonomy) -> Floats:
    """1 where half of the vote or more is on a label that is right, 0 where less is; NaN where nobody knows."""
    meant = {sample: {taxonomy.resolve(label) or label for label in labels} for sample, labels in gold.items()}
    known = np.array([sample in meant for sample in samples], bool)
    voted = np.bincount(given.row, minlength=len(samples)) > 0
    at = np.flatnonzero(known[given.row])
    hit = np.zeros(len(samples))
    for row, label, share in zip(
        given.row[at].tolist(), given.label[at].tolist(), given.share[at].tolist(), strict=True
    ):
        hit[row] += share * (given.labels[label] in meant[samples[row]])
    return np.where(known & voted, (hit >= 0.5 - 1e-9).astype(np.float64), np.nan)
