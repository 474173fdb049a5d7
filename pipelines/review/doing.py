"""What came back so far, as plans need to know it: of each annotation its newest state."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from affectory.annotation.selecting.wanted import DONE
from affectory.pipelines.review.returning import in_time

Row = Mapping[str, Any]
_COLUMNS = ["server", "annotation", "task", "rater", "state", "updated", "spent_s", "verdict", "why", "judgements"]


def newest_returns(returns: pa.Table) -> list[dict[str, Any]]:
    """Of each annotation the last state that is known."""
    rows = in_time(returns.select([*_COLUMNS]).to_pylist())
    return list({(row["server"], row["annotation"]): row for row in rows}.values())


def done(returns: pa.Table, judgements: pa.Table, question: str) -> pa.Table:
    """What came back of one set of questions."""
    mine = newest_returns(returns.filter(pc.equal(returns.column("question"), question)))
    chosen, stands = _chosen(judgements), _standing(judgements)
    return pa.Table.from_pylist([_row(row, chosen, stands) for row in mine], DONE)


def _standing(judgements: pa.Table) -> set[str]:
    """The acts that were not taken back, also by a rater who left."""
    newest: dict[str, bool] = {}
    for row in sorted(judgements.select(["judgement_id", "act", "revision", "retracted"]).to_pylist(), key=_revision):
        newest[row["act"] or row["judgement_id"]] = row["retracted"]
    return {act for act, retracted in newest.items() if not retracted}


def _revision(row: Row) -> int:
    return int(row["revision"])


def _row(row: Row, chosen: Mapping[str, list[str]], stands: set[str]) -> dict[str, Any]:
    became = row["judgements"] or []
    gone = bool(became) and not stands.intersection(became)
    return {
        "task": row["task"],
        "rater": row["rater"],
        "state": "retracted" if gone else row["verdict"],
        "spent_s": row["spent_s"],
        "at": _day(row["updated"]),
        "harmful": row["verdict"] == "declined" and row["why"] == "harmful",
        "labels": sorted({label for j in row["judgements"] or () for label in chosen.get(j, ())}),
    }


def _day(text: str | None) -> date | None:
    try:
        return date.fromisoformat((text or "")[:10])
    except ValueError:
        return None


def _chosen(judgements: pa.Table) -> Mapping[str, list[str]]:
    """By act the labels that its newest revision chose."""
    rows = judgements.select(["judgement_id", "act", "revision", "retracted", "asked", "answer"])
    found: dict[str, list[str]] = defaultdict(list)
    for row in sorted(rows.to_pylist(), key=_revision):
        found[row["act"] or row["judgement_id"]] = [] if row["retracted"] else list(_labels(row))
    return found


def _labels(row: Row) -> Iterator[str]:
    labels, weights = row["asked"]["labels"] or (), row["answer"]["weights"] or ()
    for label, weight in zip(labels, weights, strict=False):
        if weight is not None and weight > 0:
            yield label
