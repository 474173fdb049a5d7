"""Who is asked: the one with least to do, of those who may be and have room."""

import heapq
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace

from affectory.annotation.selecting.history import Ask, Past, past, spent_lately
from affectory.annotation.selecting.wanted import Rater, Wanted
from affectory.schemas.ids import fractions
from affectory.schemas.recipe.review import RaterLimits

_Entry = tuple[int, float, str]
USUAL_S = 30.0
"""Seconds that an answer takes, where nobody gave one yet."""
_HOUR = 3600


@dataclass
class Dealer:
    """Gives out asks one sample at a time, so that what lies before raters differs by one at most where it can.

    `load` is what lies before each, `room` what further can, `harmful` what of that can be of harmful content. Of those
    with least before them the order is drawn anew each time, so that all raters meet each other.
    """

    raters: Mapping[str, Rater]
    load: Counter[str]
    room: dict[str, float]
    harmful: dict[str, float]
    seed: str
    _queues: dict[str | None, list[_Entry]] = field(default_factory=dict)
    _dealt: int = 0

    @staticmethod
    def of(wanted: Wanted, past: Past, open_asks: Collection[Ask]) -> "Dealer":
        """As things stand once what is to be closed is."""
        active = {rater.id: rater for rater in sorted(wanted.raters, key=lambda r: r.id) if not rater.withdrawn}
        load = Counter(ask.rater for ask in open_asks if ask.rater is not None)
        elsewhere = _Elsewhere.of(wanted)
        room = _rooms(wanted, past, active, load, elsewhere)
        return Dealer(active, load, room, _harmful_rooms(wanted, past, active, open_asks, elsewhere), wanted.seed)

    def who(self, language: str | None, harmful: bool = False) -> int:
        """How many there are who may be asked about a sample in it, and have room."""
        free = (r for r, who in self.raters.items() if self.room[r] >= 1 and who.speaks(language))
        return sum(not harmful or self.harmful[rater] >= 1 for rater in free)

    def deal(self, language: str | None, count: int, but: Collection[str], harmful: bool, least: int = 1) -> list[str]:
        """At most so many raters, none of `but`; nobody where there are not at least `least`."""
        queue = self._queue(language)
        chosen: list[_Entry] = []
        aside: list[_Entry] = []
        while queue and len(chosen) < count:
            entry = heapq.heappop(queue)
            load, _, rater = entry
            if load != self.load[rater]:
                heapq.heappush(queue, self._entry(rater))
            elif self.room[rater] >= 1:
                fits = rater not in but and not (harmful and self.harmful[rater] < 1)
                (chosen if fits else aside).append(entry)
        if len(chosen) < least:
            aside, chosen = aside + chosen, []
        for _, _, rater in chosen:
            self.take(rater, harmful)
            heapq.heappush(queue, self._entry(rater))
        for entry in aside:
            heapq.heappush(queue, entry)
        return [rater for _, _, rater in chosen]

    def take(self, rater: str, harmful: bool = False) -> None:
        """Note that this person is asked one more."""
        self.load[rater] += 1
        self.room[rater] -= 1
        self.harmful[rater] -= harmful

    def _queue(self, language: str | None) -> list[_Entry]:
        if language not in self._queues:
            mine = [r for r, who in self.raters.items() if who.speaks(language) and self.room[r] >= 1]
            self._queues[language] = [self._entry(rater) for rater in mine]
            heapq.heapify(self._queues[language])
        return self._queues[language]

    def _entry(self, rater: str) -> _Entry:
        self._dealt += 1
        return self.load[rater], float(fractions(self.seed, [f"{rater}/{self._dealt}"])[0]), rater


@dataclass(frozen=True)
class _Elsewhere:
    """By rater what limits count of other sets of questions, and of decisions: asks, seconds of the last seven days,
    and what is harmful of both."""

    open: Counter[str] = field(default_factory=Counter)
    answered: Counter[str] = field(default_factory=Counter)
    seconds: Counter[str] = field(default_factory=Counter)
    harmful: Counter[str] = field(default_factory=Counter)

    @staticmethod
    def of(wanted: Wanted) -> "_Elsewhere":
        found = _Elsewhere()
        if wanted.limits == RaterLimits() and not any(rater.hours_a_week for rater in wanted.raters):
            return found
        found._note(wanted, past(wanted, aside=True))
        for asks, done in wanted.beside:
            other = replace(wanted, asks=asks, done=done)
            found.seconds.update(spent_lately(other)[0])
            for aside in (False, True):
                found._note(other, past(other, aside))
        return found

    def _note(self, wanted: Wanted, asked: Past) -> None:
        held = [ask for ask in asked.asks if ask.rater is not None]
        opened = [ask for ask in held if ask.state == "open"]
        self.open.update(str(ask.rater) for ask in opened)
        self.answered.update(str(ask.rater) for ask in held if ask.state == "answered")
        self.harmful.update(_harmful(wanted, asked, opened))


def _rooms(
    wanted: Wanted, past: Past, active: Mapping[str, Rater], load: Mapping[str, int], elsewhere: _Elsewhere
) -> dict[str, float]:
    """How many further asks each can have; infinite where nothing limits them."""
    answered = Counter(ask.rater for ask in past.asks if ask.state == "answered")
    spent, middle, usual = spent_lately(wanted)
    found = {}
    for rater, who in active.items():
        room, opened = float("inf"), load[rater] + elsewhere.open[rater]
        if wanted.limits.judgements is not None:
            room = wanted.limits.judgements - answered[rater] - elsewhere.answered[rater] - opened
        hours = [h for h in (who.hours_a_week, wanted.limits.hours_a_week) if h is not None]
        if hours:
            left = min(hours) * _HOUR - spent.get(rater, 0.0) - elsewhere.seconds[rater]
            each = middle.get(rater, usual) or USUAL_S
            room = min(room, left // each - opened)
        found[rater] = max(room, 0.0)
    return found


def _harmful_rooms(
    wanted: Wanted, past: Past, active: Mapping[str, Rater], open_asks: Collection[Ask], elsewhere: _Elsewhere
) -> dict[str, float]:
    """How many further samples of harmful content each can have: what is open, and what they had today, counts."""
    most = wanted.limits.harmful_a_day
    if most is None:
        return dict.fromkeys(active, float("inf"))
    had = _harmful(wanted, past, open_asks)
    return {rater: max(most - had[rater] - elsewhere.harmful[rater], 0.0) for rater in active}


def _harmful(wanted: Wanted, past: Past, open_asks: Collection[Ask]) -> Counter[str]:
    bad = harmful_samples(past)
    had = Counter(ask.rater or "" for ask in open_asks if ask.sample in bad)
    samples = past.sample_of()
    columns = (wanted.done.column(name).to_pylist() for name in ("task", "rater", "at"))
    for task, rater, day in zip(*columns, strict=True):
        had[rater or ""] += day == wanted.today and samples.get(task, ("", ""))[0] in bad
    return had


def harmful_samples(past: Past) -> frozenset[str]:
    """Samples that anybody called harmful."""
    samples = past.sample_of()
    return frozenset(
        samples[answer.task][0] for answer in past.answers.values() if answer.harmful and answer.task in samples
    )
