"""What is mixed in for each rater: gold, whose answer is known, and samples that come again."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import ceil

from affectory.annotation.selecting.dealing import Dealer
from affectory.annotation.selecting.drafts import AGAIN, Draft, in_first_third
from affectory.annotation.selecting.history import Ask, Past
from affectory.annotation.selecting.standing import CORE
from affectory.annotation.selecting.wanted import Wanted
from affectory.schemas.ids import fractions

_APART = 20
"""How many places before the last that a rater answered something lies that comes again."""


@dataclass(frozen=True)
class Shares:
    """Of all asks the parts that are gold, that come again, and the rest."""

    gold: float
    again: float

    @property
    def core(self) -> float:
        return max(1 - self.gold - self.again, 0.1)

    @staticmethod
    def of(wanted: Wanted, gold: Sequence[int]) -> "Shares":
        """Nothing comes again where whoever comes is asked: nobody knows whom to ask again."""
        question = wanted.question
        share = question.gold.share if question.gold is not None and gold else 0.0
        return Shares(share, question.repeat if wanted.raters else 0.0)


@dataclass(frozen=True)
class Table:
    """What mixing in needs to see: samples by row, what was asked, what is drafted so far, and who has room."""

    wanted: Wanted
    ids: Sequence[str]
    languages: Sequence[str | None]
    rows: Mapping[str, int]
    past: Past
    shut: frozenset[str]
    shares: Shares
    met: Mapping[str, set[str]]

    def asks_of(self, rater: str | None) -> Sequence[Ask]:
        return self._by_rater.get(rater, ())

    @cached_property
    def _by_rater(self) -> Mapping[str | None, Sequence[Ask]]:
        found: dict[str | None, list[Ask]] = {}
        for ask in self.past.asks:
            found.setdefault(ask.rater, []).append(ask)
        return found

    def live(self, ask: Ask) -> bool:
        return ask.live and not (ask.state == "open" and ask.id in self.shut)


def gold_for(table: Table, dealer: Dealer, drafts: Sequence[Draft], gold: Sequence[int], most: float) -> list[Draft]:
    """For each rater as many as their share of it wants, each sample once, in an order of their own."""
    found: list[Draft] = []
    own = _own(table, drafts)
    for rater, who in dealer.raters.items():
        asks = table.asks_of(rater)
        had = [ask for ask in asks if ask.purpose == "gold"]
        core = len(own[rater]) + sum(table.live(ask) and _is_core(ask) for ask in asks)
        want = ceil(table.shares.gold / table.shares.core * core) - sum(map(table.live, had))
        asked = {draft.sample for draft in own[rater]}
        free = [g for g in gold if g not in asked and rater not in table.met.get(table.ids[g], ())]
        free = [g for g in free if who.speaks(table.languages[g])]
        free = _by_lot(free, table.ids, f"{table.wanted.seed}/gold/{rater}")
        for sample in free[: max(int(min(want, most - len(found), dealer.room[rater])), 0)]:
            found.append(Draft(sample, rater, "gold", None))
            dealer.take(rater)
    return found


def gold_for_anybody(table: Table, drafts: Sequence[Draft], gold: Sequence[int], most: float) -> list[Draft]:
    """Without a list of raters: as many gold samples as their share wants, each as often as any other sample."""
    asks = table.asks_of(None)
    each = table.wanted.question.raters
    core = len(drafts) + sum(table.live(ask) and _is_core(ask) for ask in asks)
    had = [ask for ask in asks if ask.purpose == "gold"]
    want = ceil(table.shares.gold / table.shares.core * core) - sum(map(table.live, had))
    known = {ask.sample for ask in had}
    free = [g for g in gold if table.ids[g] not in known]
    chosen = _by_lot(free, table.ids, f"{table.wanted.seed}/gold")[: max(int(min(want, most) // each), 0)]
    return [Draft(sample, None, "gold", None) for sample in chosen for _ in range(each)]


def repeats(table: Table, dealer: Dealer, drafts: Sequence[Draft], most: float) -> list[Draft]:
    """For each rater some samples again: those of earlier plans first, else those that come early in this one."""
    found: list[Draft] = []
    own = _own(table, drafts)
    for rater in dealer.raters:
        asks = table.asks_of(rater)
        core = [ask for ask in asks if table.live(ask) and _is_core(ask)]
        had = [ask for ask in asks if ask.occasion == AGAIN]
        want = round(table.shares.again / table.shares.core * (len(core) + len(own[rater])))
        want = int(min(want - sum(map(table.live, had)), most - len(found), dealer.room[rater]))
        for sample, chance in _again(table, rater, core, own[rater], {ask.sample for ask in had})[: max(want, 0)]:
            found.append(Draft(sample, rater, "repeat", chance, AGAIN))
            dealer.take(rater)
    return found


def _again(
    table: Table, rater: str, core: Sequence[Ask], own: Sequence[Draft], had: set[str]
) -> list[tuple[int, float | None]]:
    """What may come again for a rater, with the probability that it had."""
    told = [ask for ask in core if ask.state == "answered"]
    last = max((ask.position or 0 for ask in told), default=0)
    seed = f"{table.wanted.seed}/again/{rater}"
    old = {
        table.rows[ask.sample]: ask.probability
        for ask in told
        if ask.sample in table.rows and ask.sample not in had and (ask.position or 0) <= last - _APART
    }
    new = {draft.sample: draft.probability for draft in own}
    early = in_first_third(own, table.ids, rater, table.wanted.seed)
    rows = _by_lot(sorted(old), table.ids, seed) + _by_lot(early, table.ids, seed)
    return [(row, {**new, **old}[row]) for row in rows if table.ids[row] not in had]


def _own(table: Table, drafts: Sequence[Draft]) -> dict[str, list[Draft]]:
    own: dict[str, list[Draft]] = {rater.id: [] for rater in table.wanted.raters}
    for draft in drafts:
        if draft.rater is not None and draft.occasion == "" and draft.purpose in CORE:
            own[draft.rater].append(draft)
    return own


def _is_core(ask: Ask) -> bool:
    return ask.occasion == "" and ask.purpose in CORE


def _by_lot(rows: Sequence[int], ids: Sequence[str], seed: str) -> list[int]:
    lots = fractions(seed, [ids[row] for row in rows]).tolist()
    return [row for _, row in sorted(zip(lots, rows, strict=True))]
