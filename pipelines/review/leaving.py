"""A rater leaves: nothing more is asked of them, and if they want what they said counts no more."""

import pyarrow as pa
import pyarrow.compute as pc

from affectory.pipelines.review.desk import Desk
from affectory.pipelines.review.raters import withdraw
from affectory.pipelines.review.returning import Standing, table_of


def leave(desk: Desk, rater: str, *, take_back: bool) -> str:
    """Note it in the ledgers; what was done, in words."""
    who = desk.pseudonym(rater) if "@" in rater else rater
    desk.people  # noqa: B018  (whoever is in the list is in the ledger from now on)
    heard = pc.any(pc.equal(desk.returns().column("rater"), who)).as_py()
    fresh = withdraw(desk.workspace, who, heard=bool(heard), take_back=take_back, named=rater)
    said = f"{who} withdrew" if fresh else f"{who} had withdrawn before"
    if take_back:
        said += f"; {_take_back(desk, who)} judgements count no more"
    return f"{said}\n  next: affectory review plan, and push, so that others get what was open"


def _take_back(desk: Desk, who: str) -> int:
    mine = desk.judgements()
    mine = mine.filter(pc.equal(mine.column("rater"), who))
    standing = Standing.of(mine)
    rows = standing.retract(sorted(standing.newest))
    table: pa.Table = table_of(rows)
    desk.workspace.ledger("judgements").append(table)
    return len(rows)
