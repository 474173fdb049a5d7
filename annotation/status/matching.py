"""Asks and what came back of them: which annotation answers which ask, and in which state each ask is."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from affectory.annotation.status.columns import (
    Bools,
    Floats,
    Ints,
    Texts,
    codes,
    instants,
    numbers,
    objects,
    ranks,
    texts,
)
from affectory.annotation.status.inputs import StatusInputs

STATES = ("answered", "declined", "refused", "left", "closed")
"""Each ask is in one of these; one whose answer was taken back is left to be answered."""
_STATES = {"stored": 2, "skipped": 1}
VERDICTS = ("taken", "declined", "refused", "retracted")
CONDITIONAL = ("second", "recheck")
NOBODY = "whoever comes"
UNKNOWN = "not known"


@dataclass(frozen=True)
class Asks:
    """The asks as they are now, column by column; `back` is the row of its annotation, -1 where there is none."""

    task: Texts
    question: Texts
    sample: Texts
    kind: Texts
    purpose: Texts
    rater: Texts
    occasion: Texts
    anchor: pa.ChunkedArray
    state: Texts
    reason: Texts
    """Why it was declined, refused or closed."""
    probability: Floats
    round: Ints
    back: Ints
    retracted: Bools

    def __len__(self) -> int:
        return len(self.task)


@dataclass(frozen=True)
class Returns:
    """Annotations that stand, as they were found last; `began` is when one was there first, `ask` the row that it
    answers, -1 where nobody asked."""

    task: Texts
    question: Texts
    rater: Texts
    verdict: Texts
    why: Texts
    began: Floats
    spent_s: Floats
    number: Floats
    judgements: pa.ChunkedArray
    ask: Ints

    def __len__(self) -> int:
        return len(self.task)


def matched(inputs: StatusInputs) -> tuple[Asks, Returns]:
    """The asks as they are now, and the annotations that stand, with what they answer."""
    asks, returns = asks_now(inputs.asks), standing(returns_now(inputs.returns))
    back = _answers(asks, returns)
    found = np.full(returns.num_rows, -1, np.int64)
    found[back[back >= 0]] = np.flatnonzero(back >= 0)
    given = _returns(returns, found, _gone(returns.column("judgements").combine_chunks(), inputs.judgements))
    return _asks(asks, given, back, _kinds(inputs.samples)), given


def asks_now(asks: pa.Table) -> pa.Table:
    """The newest revision of each ask."""
    rows = asks.sort_by([("ask_id", "ascending"), ("revision", "ascending")])
    ids = texts(rows, "ask_id")
    return rows.filter(pa.array(_last(ids)))


def returns_now(returns: pa.Table) -> pa.Table:
    """The last state of each annotation, with its `moment` and that when it `began`: deleted is deleted."""
    updated = instants(texts(returns, "updated"))
    deleted = texts(returns, "state") == "deleted"
    group = codes(texts(returns, "server"), numbers(returns, "annotation"))
    order = np.lexsort((texts(returns, "return_id").astype(str), np.nan_to_num(updated), deleted, group))
    rows = returns.take(pa.array(order))
    first = np.full(int(group.max(initial=-1)) + 1, np.inf)
    np.minimum.at(first, group, np.where(np.isnan(updated), np.inf, updated))
    first[~np.isfinite(first)] = np.nan
    rows = rows.append_column("began", pa.array(first[group[order]])).append_column("moment", pa.array(updated[order]))
    return rows.filter(pa.array(_last(group[order])))


def standing(returns: pa.Table) -> pa.Table:
    """Of several annotations by one person of one task the one that counts: an answer before a skip, the newest."""
    rater = texts(returns, "rater", "")
    alone = np.where(rater == "", np.arange(returns.num_rows), -1)
    group = codes(texts(returns, "task", ""), rater, alone)
    state = np.array([_STATES.get(state, 0) for state in texts(returns, "state")], np.int64)
    first = ranks(group, -state, -np.nan_to_num(numbers(returns, "moment")), -numbers(returns, "annotation"))
    return returns.filter(pa.array(first == 0))


def _last(sorted_keys: Texts | Ints) -> Bools:
    """The last of each run of equal keys."""
    last = np.ones(len(sorted_keys), bool)
    last[:-1] = sorted_keys[1:] != sorted_keys[:-1]
    return last


def _answers(asks: pa.Table, returns: pa.Table) -> Ints:
    """Of each ask the row of what answers it: by the one who was asked, or by anybody where it is asked of all."""
    back = np.full(asks.num_rows, -1, np.int64)
    every, nobody = np.arange(returns.num_rows), texts(asks, "rater", "") == ""
    _join(back, asks, np.flatnonzero(~nobody.astype(bool)), returns, every, ("task", "rater"))
    free = np.setdiff1d(every, back[back >= 0])
    _join(back, asks, np.flatnonzero(nobody), returns, free, ("task",))
    return back


def _rank(returns: pa.Table) -> Ints:
    places = {verdict: place for place, verdict in enumerate(VERDICTS)}
    return np.array([places.get(verdict, len(VERDICTS)) for verdict in texts(returns, "verdict")], np.int64)


def _join(back: Ints, asks: pa.Table, rows: Ints, returns: pa.Table, free: Ints, by: tuple[str, ...]) -> None:
    """The first ask of each key takes the best annotation of it, the second the next."""
    mine, theirs = ([texts(t, name)[at] for name in by] for t, at in ((asks, rows), (returns, free)))
    group = codes(*(np.concatenate(pair) for pair in zip(mine, theirs, strict=True)))
    some, conditional = asks.take(pa.array(rows)), np.isin(texts(asks, "purpose")[rows].astype(str), CONDITIONAL)
    closed = texts(some, "closed") != None  # noqa: E711
    place = ranks(group[: len(rows)], closed, conditional, numbers(some, "round"), numbers(some, "position"))
    given = returns.take(pa.array(free))
    turn = ranks(group[len(rows) :], _rank(given), np.nan_to_num(numbers(given, "began")))
    at = _places(group[len(rows) :], turn, free)
    for row, key in zip(rows.tolist(), zip(group[: len(rows)].tolist(), place.tolist(), strict=True), strict=True):
        back[row] = at.get(key, -1)


def _places(group: Ints, turn: Ints, rows: Ints) -> dict[tuple[int, int], int]:
    return dict(zip(zip(group.tolist(), turn.tolist(), strict=True), rows.tolist(), strict=True))


def newest(judgements: pa.Table) -> Ints:
    """Of each judgement the row of the last revision of the same act."""
    acts = pc.coalesce(judgements.column("act"), judgements.column("judgement_id")).combine_chunks().dictionary_encode()
    act = acts.indices.to_numpy()
    order = np.argsort(judgements.column("revision").to_numpy(), kind="stable")
    found = np.zeros(len(acts.dictionary), np.int64)
    found[act[order]] = order
    last: Ints = found[act]
    return last


def _gone(became: pa.ListArray, judgements: pa.Table) -> Bools:
    """Which annotations became judgements of which none stands, as of a rater who left and took all back."""
    back = pc.list_parent_indices(became).to_numpy().astype(np.int64)
    place = pc.index_in(pc.list_flatten(became), value_set=judgements.column("judgement_id").combine_chunks())
    rows = pc.fill_null(place, -1).to_numpy().astype(np.int64)
    held = np.zeros(len(rows), bool)
    held[rows >= 0] = ~judgements.column("retracted").to_numpy()[newest(judgements)[rows[rows >= 0]]]
    listed, standing = (np.bincount(back, weights, len(became)) for weights in (np.ones(len(rows)), held))
    return np.asarray((listed > 0) & (standing == 0))


def _returns(table: pa.Table, ask: Ints, gone: Bools) -> Returns:
    verdict, why = texts(table, "verdict"), texts(table, "why", "")
    verdict[gone] = "retracted"
    silent = (verdict == "declined").astype(bool) & (why == "").astype(bool)
    why[silent] = np.where(texts(table, "state")[silent] == "skipped", "skipped", UNKNOWN)
    return Returns(
        task=texts(table, "task", ""),
        question=texts(table, "question"),
        rater=objects([who or UNKNOWN for who in texts(table, "rater")]),
        verdict=verdict,
        why=why,
        began=numbers(table, "began"),
        spent_s=numbers(table, "spent_s"),
        number=numbers(table, "number"),
        judgements=table.column("judgements"),
        ask=ask,
    )


def _kinds(samples: pa.Table) -> dict[str, str]:
    return dict(zip(samples.column("sample_id").to_pylist(), samples.column("kind").to_pylist(), strict=True))


def _asks(table: pa.Table, returns: Returns, back: Ints, kinds: Mapping[str, str]) -> Asks:
    state, reason, retracted = _states(texts(table, "closed"), returns, back)
    rater = objects([who or NOBODY for who in texts(table, "rater")])
    rater[back >= 0] = returns.rater[back[back >= 0]]
    sample = texts(table, "sample_id")
    return Asks(
        task=texts(table, "task"),
        question=texts(table, "question"),
        sample=sample,
        kind=objects([kinds.get(s, UNKNOWN) for s in sample]),
        purpose=texts(table, "purpose"),
        rater=rater,
        occasion=texts(table, "occasion"),
        anchor=table.column("anchor"),
        state=state,
        reason=reason,
        probability=numbers(table, "probability"),
        round=numbers(table, "round").astype(np.int64),
        back=back,
        retracted=retracted,
    )


def _states(closed: Texts, returns: Returns, back: Ints) -> tuple[Texts, Texts, Bools]:
    """Of each ask its state, why, and whether what was said was taken back."""
    state = objects(["left" if why is None else "closed" for why in closed])
    reason = objects([why or "" for why in closed])
    at = np.flatnonzero(back >= 0)
    verdict = returns.verdict[back[at]]
    for said, name in (("taken", "answered"), ("declined", "declined"), ("refused", "refused")):
        mine = at[verdict == said]
        state[mine], reason[mine] = name, returns.why[back[mine]]
    retracted = np.zeros(len(back), bool)
    retracted[at[verdict == "retracted"]] = True
    return state, reason, retracted
