"""Who is asked what next: written down before anything is pushed, so that nothing is asked twice or beyond the budget.

First what is open and cannot be answered any more is closed. Then samples that were chosen before get the raters that
they still need, and new ones are chosen: the best, and some by chance. At last gold is mixed in, and what comes again.
The same inputs give the same plan whatever the order of their rows, and a second plan with nothing new is empty.
"""

from collections import Counter
from dataclasses import replace

import pyarrow as pa

from affectory.annotation.selecting.closing import closed
from affectory.annotation.selecting.desk import Desk
from affectory.annotation.selecting.drafts import Tasks, positions, rows_of_drafts
from affectory.annotation.selecting.history import newest
from affectory.annotation.selecting.mixing import gold_for, gold_for_anybody, repeats
from affectory.annotation.selecting.news import choose_new
from affectory.annotation.selecting.renewing import overlaps, renew
from affectory.annotation.selecting.wanted import Planned, Summary, Wanted
from affectory.annotation.selecting.when import parse
from affectory.schemas.ledgers import ASKS


def plan(wanted: Wanted) -> Planned:
    """The asks to add to the ledger, and those to close, with what there is to say of them."""
    if wanted.when is None and wanted.question.when:
        wanted = replace(wanted, when=parse(wanted.question.when))
    desk = Desk.of(wanted)
    renew(desk)
    choose_new(desk)
    overlaps(desk)
    _mix(desk)
    tasks = Tasks.of(wanted.seed, desk.past)
    shut = closed(desk.wanted, desk.samples, desk.rows, desk.closing, tasks)
    fresh = pa.concat_tables([*shut, _asked(desk, tasks)])
    return Planned(fresh, _summary(desk), desk.told())


def _mix(desk: Desk) -> None:
    """Gold and repeats, which have what was kept back for them."""
    core = tuple(desk.drafts)
    if desk.dealer is None:
        if desk.gold:
            desk.draft(gold_for_anybody(desk.table, core, desk.gold, desk.left))
        return
    desk.open_rooms()
    if desk.gold:
        desk.draft(gold_for(desk.table, desk.dealer, core, desk.gold, desk.left))
    if desk.wanted.question.repeat:
        desk.draft(repeats(desk.table, desk.dealer, core, desk.left))


def _asked(desk: Desk, tasks: Tasks) -> pa.Table:
    if not desk.drafts:
        return ASKS.empty()
    after: dict[str | None, int] = {}
    for ask in desk.past.asks:
        after[ask.rater] = max(after.get(ask.rater, 0), (ask.position or 0) + 1)
    places = positions(desk.drafts, desk.ids, after, desk.wanted.seed)
    return rows_of_drafts(desk.wanted, desk.samples, desk.drafts, places, tuple(newest(desk.wanted.asks)), tasks)


def _summary(desk: Desk) -> Summary:
    held = desk.held + len(desk.drafts)
    budget = desk.wanted.question.budget
    return Summary(
        purposes=dict(sorted(Counter(draft.purpose for draft in desk.drafts).items())),
        raters=dict(sorted(Counter(draft.rater or "whoever comes" for draft in desk.drafts).items())),
        closed=dict(sorted(Counter(reason for _, reason in desk.closing).items())),
        samples=dict(sorted(Counter(desk.why).items())),
        held=held,
        left=None if budget is None else max(budget - held, 0),
        notes=tuple(_notes(desk)),
    )


def _notes(desk: Desk) -> list[str]:
    """What one should know of a plan that is less than was asked for."""
    question, said = desk.wanted.question, []
    active = [rater for rater in desk.wanted.raters if not rater.withdrawn]
    if desk.wanted.raters and not active:
        said.append("nobody is left in the list of raters")
    elif desk.wanted.raters and len(active) < question.raters:
        said.append(f"{len(active)} raters are fewer than the {question.raters} that each sample is to have")
    if question.budget is not None and desk.held + len(desk.drafts) >= question.budget:
        said.append(f"the budget of {question.budget} is spent")
    if question.repeat and not desk.wanted.raters:
        said.append("nothing comes again: that needs a list of raters")
    if question.gold is not None and not desk.gold:
        said.append("none of the gold samples is in this build")
    if not desk.drafts and not desk.closing:
        why = ", ".join(f"{n} {why}" for why, n in sorted(Counter(desk.why).items()))
        said.append(f"nothing to ask: {why or 'there are no samples'}")
    return said
