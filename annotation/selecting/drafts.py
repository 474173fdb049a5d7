"""Asks that a plan adds: their ids, their places in what each rater is asked, and their rows."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import pyarrow as pa

from affectory.annotation.selecting.history import Ask, Past
from affectory.annotation.selecting.wanted import Wanted
from affectory.schemas.ids import digest, digest_of, fractions, spelled
from affectory.schemas.ledgers import ASKS

_TELLS = ("open", "retracted", "refused", "declined", "answered")
"""States of asks, those last of which it is known best what the task shows."""
AGAIN = "again"
"""The occasion on which somebody is asked a second time."""


class Draft(NamedTuple):
    """Somebody, or whoever comes, is to be asked about a sample (a row of the samples)."""

    sample: int
    rater: str | None
    purpose: str
    probability: float | None
    occasion: str = ""


def task_id(seed: str, sample: str, occasion: str, *content: str) -> str:
    """Our own id of a task, which all raters of a sample share."""
    return "t_" + digest(seed, sample, occasion, *content)[:24]


@dataclass(frozen=True)
class Tasks:
    """Which task asks about a sample. What it shows may change until somebody answers it; then it stays, and what is
    shown since then is a task of its own."""

    seed: str
    known: Mapping[tuple[str, str], Mapping[str, str | None]]
    """Of each sample and occasion its tasks, with what those show that were answered; others may show anything."""

    @staticmethod
    def of(seed: str, before: Past) -> "Tasks":
        # What was taken back may still lie in Label Studio, whose task stays as it was then.
        told = {answer.task for answer in before.answers.values()}
        known: dict[tuple[str, str], dict[str, str | None]] = {}
        for ask in sorted(before.asks, key=lambda ask: _TELLS.index(ask.state) if ask.state in _TELLS else -1):
            tasks = known.setdefault((ask.sample, ask.occasion), {})
            tasks[ask.task] = (ask.content or "") if ask.task in told else None
        return Tasks(seed, known)

    def shows_other(self, ask: Ask) -> bool:
        """Whether the task of an ask was answered before what it was to show changed: that came in only later."""
        return self.known[ask.sample, ask.occasion].get(ask.task) not in (None, ask.content or "")

    def now(self, sample: str, occasion: str, content: str | None) -> str:
        """The one that shows this, or may."""
        tasks = self.known.get((sample, occasion), {})
        for shows in (content or "", None):
            if fit := sorted(task for task, there in tasks.items() if there == shows):
                return fit[0]
        return task_id(self.seed, sample, occasion, *([content or ""] if tasks else []))


def ask_id(question: str, sample: str, occasion: str, slot: int) -> str:
    """The id of an ask; `slot` is its place among those of the sample on this occasion."""
    return "q_" + digest_of(spelled(question), spelled(sample), spelled(occasion), str(slot))[:24]


def rows_of_drafts(
    wanted: Wanted,
    samples: pa.Table,
    drafts: Sequence[Draft],
    positions: Sequence[int],
    before: Sequence[Ask],
    tasks: Tasks,
) -> pa.Table:
    """Rows for the ledger of asks; `before` are all asks that it has."""
    ids, kinds, contents = (samples.column(name).to_pylist() for name in ("sample_id", "kind", "content"))
    slots = Counter((ask.sample, ask.occasion) for ask in before)
    made, shared, known = [], [], {}
    for draft in drafts:
        key = ids[draft.sample], draft.occasion
        made.append(ask_id(wanted.name, *key, slots[key]))
        slots[key] += 1
        if key not in known:
            known[key] = tasks.now(*key, contents[draft.sample])
        shared.append(known[key])
    place = pa.array([draft.sample for draft in drafts], pa.int64())
    size = len(drafts)
    columns = {
        "ask_id": pa.array(made, pa.string()),
        "revision": pa.array([0] * size, pa.int32()),
        "closed": pa.nulls(size, pa.string()),
        "question": pa.array([wanted.name] * size, pa.string()),
        "form": pa.array([wanted.form[kinds[draft.sample]] for draft in drafts], pa.string()),
        "task": pa.array(shared, pa.string()),
        "sample_id": samples.column("sample_id").take(place),
        "anchor": samples.column("anchor").take(place),
        "occasion": pa.array([draft.occasion for draft in drafts], pa.string()),
        "rater": pa.array([draft.rater for draft in drafts], pa.string()),
        "purpose": pa.array([draft.purpose for draft in drafts], pa.string()),
        "probability": pa.array([draft.probability for draft in drafts], pa.float32()),
        "position": pa.array(positions, pa.int32()),
        "round": pa.array([wanted.round] * size, pa.int32()),
        "content": samples.column("content").take(place),
    }
    return ASKS.cast(pa.table(columns))


def positions(drafts: Sequence[Draft], ids: Sequence[str], after: Mapping[str | None, int], seed: str) -> list[int]:
    """Of each draft its place in what its rater is asked, behind what they were asked before.

    The order is drawn anew for each rater. Gold is spread evenly; what comes again comes a third of the way later at
    least. Whoever comes is asked in one order: all asks of a task have one place.
    """
    found = [0] * len(drafts)
    mine: dict[str | None, list[int]] = {}
    for number, draft in enumerate(drafts):
        mine.setdefault(draft.rater, []).append(number)
    for rater, numbers in mine.items():
        own = [drafts[number] for number in numbers]
        keys = _keys(own, ids, f"{seed}/order/{rater}")
        tied = [(key, ids[d.sample], d.occasion) for key, d in zip(keys, own, strict=True)]
        place = {key: n for n, key in enumerate(sorted(set(tied)))}
        for number, key in zip(numbers, tied, strict=True):
            found[number] = after.get(rater, 0) + place[key]
    return found


def _keys(drafts: Sequence[Draft], ids: Sequence[str], seed: str) -> list[float]:
    """Where each lies between the first (0) and the last (1)."""
    lots = fractions(seed, [f"{ids[d.sample]}/{d.occasion}" for d in drafts]).tolist()
    plain = sorted({(lot, d.sample) for lot, d in zip(lots, drafts, strict=True) if _plain(d)})
    rank = {sample: (n + 0.5) / len(plain) for n, (_, sample) in enumerate(plain)}
    golden = sorted({(lot, d.sample) for lot, d in zip(lots, drafts, strict=True) if d.purpose == "gold"})
    gold = {sample: (n + lot) / len(golden) for n, (lot, sample) in enumerate(golden)}
    return [
        rank[d.sample] if _plain(d) else gold[d.sample] if d.purpose == "gold" else _later(rank.get(d.sample), lot)
        for d, lot in zip(drafts, lots, strict=True)
    ]


def _plain(draft: Draft) -> bool:
    return draft.purpose not in ("gold", "repeat")


def _later(first: float | None, lot: float) -> float:
    """Where a sample comes again: anywhere if it came in an earlier plan, else in the last third."""
    return lot if first is None else (2 + lot) / 3


def in_first_third(drafts: Sequence[Draft], ids: Sequence[str], rater: str, seed: str) -> list[int]:
    """The samples that this rater will be asked early, so that they can come again late; none of few."""
    own = [d for d in drafts if d.rater == rater]
    if len(own) < 6:
        return []
    keys = _keys(own, ids, f"{seed}/order/{rater}")
    return [d.sample for key, d in sorted(zip(keys, own, strict=True)) if key < 1 / 3]
