"""New samples to ask about: the best, and some by chance, as far as the budget and the raters' time go."""

from collections.abc import Iterator
from math import inf

import numpy as np
from numpy.typing import NDArray

from affectory.annotation.selecting.choosing import Choice, Means, choose
from affectory.annotation.selecting.desk import ASKED, NO_BUDGET, NO_ROOM, Desk
from affectory.annotation.selecting.drafts import Draft
from affectory.annotation.selecting.renewing import KNOWN
from affectory.annotation.selecting.standing import first_round
from affectory.schemas.ids import fractions

UNMET, JUDGED = "condition does not hold", "judged by enough people"


def choose_new(desk: Desk) -> None:
    """Choose and deal out until nothing more can be: where somebody's room ends, others take what they can."""
    free = np.array([not why for why in desk.why], dtype=bool)
    holds = _routable(desk)
    while free.any() and min(desk.core, desk.left) >= 1:
        costs = _costs(desk, free)
        eligible = free & (costs > 0)
        chosen = choose(eligible, eligible & holds, costs, _order(desk), _lots(desk), _means(desk))
        before = len(desk.drafts)
        missed = _dealt(desk, chosen, costs, free)
        if len(desk.drafts) > before:
            continue
        if not missed:
            break
        free[missed] = False
        for row in missed:
            desk.why[row] = NO_ROOM
    _say_why(desk, free, holds)


def _dealt(desk: Desk, chosen: Choice, costs: NDArray[np.float64], free: NDArray[np.bool_]) -> list[int]:
    """The samples that found nobody after all, so that there is more to be had by others."""
    missed = []
    for rows, purpose in ((chosen.explored, "explored"), (chosen.routed, "routed")):
        for row in rows.tolist():
            many = int(costs[row])
            met = desk.met.get(desk.ids[row], set())
            who = desk.deal(row, many, met, 1 if met else many) if many <= min(desk.core, desk.left) else []
            desk.draft(Draft(row, rater, purpose, chosen.probability(row)) for rater in who)
            if who:
                desk.why[row], free[row] = ASKED, False
            else:
                missed.append(row)
    return missed


def _costs(desk: Desk, free: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Of each sample how many people it would be given: as many as it is to have, or as there are for it."""
    question = desk.wanted.question
    many = np.full(len(desk.ids), first_round(question), np.float64)
    if desk.wanted.counting:
        many = np.maximum(many - desk.values.raters, 0)
    if desk.dealer is None:
        return np.where(free, many, 0.0)
    harmful = np.array([sample in desk.harmful for sample in desk.ids], dtype=bool)
    languages = np.array([language or "" for language in desk.languages], dtype=object)
    for language in sorted(set(languages.tolist())):
        for bad in (False, True):
            mine = (languages == language) & (harmful == bad)
            most = desk.dealer.who(language or None, bad) if mine.any() else 0
            many[mine] = np.minimum(many[mine], most)
    return np.where(free, many, 0.0)


def _routable(desk: Desk) -> NDArray[np.bool_]:
    """Where the condition holds, and more is to be known."""
    known = (desk.values.raters > 0) & (desk.values.width <= desk.wanted.question.enough)
    if desk.wanted.when is None:
        return np.asarray(~known)
    return np.asarray(desk.wanted.when.holds(desk.values.table) & ~known)


def _order(desk: Desk) -> NDArray[np.int64]:
    """All samples, the best first; of equals by chance, which is always the same."""
    lots = fractions(f"{desk.wanted.seed}/equals", desk.ids)
    gain, entropy = -desk.values.gain, -desk.values.entropy
    by = {"gain": (lots, entropy, gain), "entropy": (lots, gain, entropy), "random": (lots,)}
    return np.asarray(np.lexsort(by[desk.wanted.question.by]), np.int64)


def _lots(desk: Desk) -> NDArray[np.float64]:
    """Drawn anew for each plan: who was passed over before is as likely as who has come since."""
    return fractions(f"{desk.wanted.seed}/explore/{desk.wanted.round}", desk.ids)


def _means(desk: Desk) -> Means:
    question = desk.wanted.question
    overlap = question.overlap if question.raters == 1 and question.second is None else 0.0
    room = sum(desk.dealer.room.values()) if desk.dealer else inf
    usable = min(desk.core, desk.left, room)
    spent = {"explored": 0, "routed": 0}
    for stands in desk.standings.values():
        spent["explored" if stands.purpose == "explored" else "routed"] += stands.live - stands.overlapped
    for draft in desk.drafts:
        spent["explored" if draft.purpose == "explored" else "routed"] += 1
    held = spent["explored"] + spent["routed"]
    share = 1 + overlap
    return Means(
        usable / share, usable / share + held, spent["explored"], spent["routed"], question.explore,
        float(first_round(question)),
    )  # fmt: skip


def _say_why(desk: Desk, free: NDArray[np.bool_], holds: NDArray[np.bool_]) -> None:
    """Why the others are not asked."""
    costs, known = _costs(desk, free), desk.values.width <= desk.wanted.question.enough
    for row in np.flatnonzero(free).tolist():
        desk.why[row] = next(_reasons(desk, row, bool(holds[row]), bool(known[row]), costs[row]))


def _reasons(desk: Desk, row: int, holds: bool, known: bool, cost: float) -> Iterator[str]:
    if desk.wanted.counting and desk.values.raters[row] >= first_round(desk.wanted.question):
        yield JUDGED
    if not holds:
        yield KNOWN if known and desk.values.raters[row] > 0 else UNMET
    yield NO_BUDGET if cost > 0 else NO_ROOM
