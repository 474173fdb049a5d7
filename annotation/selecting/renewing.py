"""Samples that were chosen before get the raters that they still need."""

from math import ceil

import numpy as np

from affectory.annotation.selecting.desk import ASKED, NO_BUDGET, NO_ROOM, Desk
from affectory.annotation.selecting.drafts import Draft
from affectory.annotation.selecting.standing import Further, further, refused_by_many
from affectory.schemas.ids import fractions

KNOWN = "known well enough"


def renew(desk: Desk) -> None:
    """Places that were given back go to others, and rounds go on: those first whose answers led to it."""
    needs = [(sample, further(sample, stands, desk.wanted.question, desk.wanted.seed))
             for sample, stands in sorted(desk.standings.items()) if sample in desk.rows]  # fmt: skip
    needs = [(sample, need) for sample, need in needs if need.many]
    lots = fractions(f"{desk.wanted.seed}/renew", [sample for sample, _ in needs]).tolist()
    order = sorted(zip(lots, needs, strict=True), key=lambda x: (x[1][1].purpose not in ("second", "recheck"), x[0]))
    for _, (sample, need) in order:
        _ask(desk, sample, need)


def _ask(desk: Desk, sample: str, need: Further) -> None:
    row = desk.rows[sample]
    if desk.kinds[row] not in desk.wanted.form:
        return
    if need.purpose == "routed" and enough(desk, row):
        desk.why[row] = KNOWN if not desk.standings[sample].live else desk.why[row]
        return
    many = int(min(need.many, desk.core, desk.left))
    people = desk.standings[sample].people | desk.met.get(sample, set())
    who = desk.deal(row, many, people) if many > 0 else []
    desk.draft(Draft(row, rater, need.purpose, need.probability) for rater in who)
    if who:
        desk.why[row] = ASKED
    elif not desk.standings[sample].live:
        desk.why[row] = NO_ROOM if many > 0 else NO_BUDGET


def overlaps(desk: Desk) -> None:
    """Where one person judges a sample: a second one for the share of samples that is to tell agreement."""
    question = desk.wanted.question
    if question.raters != 1 or not question.overlap or question.second is not None:
        return
    new = {draft.sample: draft for draft in desk.drafts}
    old = {desk.rows[s]: x for s, x in desk.standings.items() if x.live and s in desk.rows}
    rows = sorted({*new, *old})
    have = sum(old[row].overlapped > 0 for row in old)
    lots = fractions(f"{desk.wanted.seed}/overlap", [desk.ids[row] for row in rows])
    want = ceil(question.overlap * len(rows) - 1e-9) - have
    for row in (rows[place] for place in np.argsort(lots, kind="stable").tolist()):
        if want <= 0 or desk.core < 1 or desk.left < 1:
            return
        stands = old.get(row)
        if stands is not None and (stands.overlapped or refused_by_many(stands, question)):
            continue
        first = new.get(row)
        people = set(desk.met.get(desk.ids[row], ())) | (stands.people if stands else set())
        people |= {first.rater} if first is not None and first.rater else set()
        chance = first.probability if first else stands.probability if stands else None
        who = desk.deal(row, 1, people)
        desk.draft(Draft(row, rater, "overlap", chance) for rater in who)
        want -= len(who)


def enough(desk: Desk, row: int) -> bool:
    """Whether a sample that somebody judged is known as well as the recipe wants it."""
    judged = desk.values.raters[row] > 0
    return bool(judged and desk.values.width[row] <= desk.wanted.question.enough)
