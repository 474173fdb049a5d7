"""Who is asked: the one with least to do, of those who may be and have room."""

import heapq
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from affectory.annotation.selecting.history import Ask, Past, spent_lately
from affectory.annotation.selecting.wanted import Rater, Wanted
from affectory.schemas.ids import fractions

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
        room = _rooms(wanted, past, active, load)
        return Dealer(active, load, room, _harmful_rooms(wanted, past, active, open_asks), wanted.seed)

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


def _rooms(wanted: Wanted, past: Past, active: Mapping[str, Rater], load: Mapping[str, int]) -> dict[str, float]:
    """How many further asks each can have; infinite where nothing limits them."""
    answered = Counter(ask.rater for ask in past.asks if ask.state == "answered")
    spent, middle, usual = spent_lately(wanted)
    found = {}
    for rater, who in active.items():
        room = float("inf")
        if wanted.limits.judgements is not None:
            room = wanted.limits.judgements - answered[rater] - load[rater]
        hours = [h for h in (who.hours_a_week, wanted.limits.hours_a_week) if h is not None]
        if hours:
            left = min(hours) * _HOUR - spent.get(rater, 0.0)
            each = middle.get(rater, usual) or USUAL_S
            room = min(room, left // each - load[rater])
        found[rater] = max(room, 0.0)
    return found


def _harmful_rooms(
    wanted: Wanted, past: Past, active: Mapping[str, Rater], open_asks: Collection[Ask]
) -> dict[str, float]:
    """How many further samples of harmful content each can have: what is open, and what they had today, counts."""
    most = wanted.limits.harmful_a_day
    if most is None:
        return dict.fromkeys(active, float("inf"))
    bad = harmful_samples(past)
    had = Counter(ask.rater for ask in open_asks if ask.sample in bad)
    samples = past.sample_of()
    columns = (wanted.done.column(name).to_pylist() for name in ("task", "rater", "at"))
    for task, rater, day in zip(*columns, strict=True):
        had[rater] += day == wanted.today and samples.get(task, ("", ""))[0] in bad
    return {rater: max(most - had[rater], 0.0) for rater in active}


def harmful_samples(past: Past) -> frozenset[str]:
    """Samples that anybody called harmful."""
    samples = past.sample_of()
    return frozenset(
        samples[answer.task][0] for answer in past.answers.values() if answer.harmful and answer.task in samples
    )
