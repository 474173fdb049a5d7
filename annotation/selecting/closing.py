"""Asks that are open and cannot be answered any more, or are to be answered about something else."""

from collections.abc import Iterator, Mapping, Sequence

import pyarrow as pa

from affectory.annotation.selecting.drafts import Tasks
from affectory.annotation.selecting.history import BACK, Ask, Past, most_declines
from affectory.annotation.selecting.wanted import Wanted
from affectory.schemas.ledgers import ASKS

WITHDRAWN, GONE, CHANGED, NAMED = "withdrawn", "gone", "changed", "raters are named"


def closings(past: Past, wanted: Wanted) -> Iterator[tuple[Ask, str]]:
    """The asks that are open and to be closed, with the reason."""
    contents = dict(zip(*(wanted.samples.column(n).to_pylist() for n in ("sample_id", "content")), strict=True))
    kinds = dict(zip(*(wanted.samples.column(n).to_pylist() for n in ("sample_id", "kind")), strict=True))
    active = {rater.id for rater in wanted.raters if not rater.withdrawn}
    tasks = Tasks.of(wanted.seed, past)
    for ask in past.asks:
        if ask.closed is not None or ask.state == "answered":
            continue
        if ask.state in BACK:
            yield ask, ask.state
        elif ask.rater is None and past.declined[ask.task] >= most_declines(wanted.question):
            yield ask, "declined"
        elif wanted.raters and ask.rater is None:
            yield ask, NAMED
        elif wanted.raters and ask.rater not in active:
            yield ask, WITHDRAWN
        elif ask.sample not in contents:
            yield ask, GONE
        elif (
            ask.content != contents[ask.sample]
            or ask.form != wanted.form.get(kinds[ask.sample], ask.form)
            or tasks.shows_other(ask)
        ):
            yield ask, CHANGED


def closed(
    wanted: Wanted, samples: pa.Table, rows: Mapping[str, int], closing: Sequence[tuple[Ask, str]], tasks: Tasks
) -> list[pa.Table]:
    """Rows that close asks; where a sample changed the ask is opened again with what it is now."""
    if not closing:
        return []
    asks = ASKS.cast(wanted.asks)
    chosen, reasons = [ask for ask, _ in closing], [reason for _, reason in closing]
    changed = [ask for ask, reason in closing if reason == CHANGED]
    again = _rows_of(asks, changed, [None] * len(changed), 2, wanted.round)
    place = pa.array([rows[ask.sample] for ask in changed], pa.int64())
    kinds = samples.column("kind").take(place).to_pylist()
    forms = pa.array([wanted.form.get(k, ask.form) for k, ask in zip(kinds, changed, strict=True)], pa.string())
    now = {name: samples.column(name).take(place) for name in ("content", "anchor")}
    contents = now["content"].to_pylist()
    told = [tasks.now(ask.sample, ask.occasion, what) for ask, what in zip(changed, contents, strict=True)]
    now["task"] = pa.array(told, pa.string())
    return [_rows_of(asks, chosen, reasons, 1, wanted.round), _with_columns(again, {**now, "form": forms})]


def _rows_of(asks: pa.Table, chosen: Sequence[Ask], reasons: Sequence[str | None], later: int, plan: int) -> pa.Table:
    """Further revisions of asks that were there: what is not said otherwise stays as it was."""
    table = asks.take(pa.array([ask.row for ask in chosen], pa.int64()))
    said = {
        "revision": pa.array([ask.revision + later for ask in chosen], pa.int32()),
        "closed": pa.array(reasons, pa.string()),
        "round": pa.array([plan] * len(chosen), pa.int32()),
    }
    return _with_columns(table, said)


def _with_columns(table: pa.Table, columns: Mapping[str, pa.Array]) -> pa.Table:
    """The table with some of its columns replaced."""
    for name, values in columns.items():
        place = table.column_names.index(name)
        table = table.set_column(place, table.schema.field(name), values)
    return table
