"""What lies on the desk while a plan is made: samples, what was asked, what there is to spend, what is drafted."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from math import ceil, floor, inf

import pyarrow as pa

from affectory.annotation.selecting.closing import CHANGED, closings
from affectory.annotation.selecting.dealing import Dealer, harmful_samples
from affectory.annotation.selecting.drafts import Draft
from affectory.annotation.selecting.history import BACK, Ask, Past, past
from affectory.annotation.selecting.mixing import Shares, Table
from affectory.annotation.selecting.standing import CORE, Standing, standings
from affectory.annotation.selecting.values import Values, values
from affectory.annotation.selecting.wanted import SAMPLES, Wanted
from affectory.schemas.errors import UserError

ASKED, OPEN, ANSWERED = "asked now", "waiting for answers", "answered"
NO_ROOM, NO_BUDGET = "no rater has room", "beyond the budget"
PAIR = "pair"
_KIND, _GOLD, _LANGUAGE, _DECLINED = "kind is not asked", "gold", "nobody speaks its language", "declined"


@dataclass
class Desk:
    """`left` is what the budget has for anything, `core` what it has for samples asked about the first time.

    `why` says of each sample what became of it so far.
    """

    wanted: Wanted
    samples: pa.Table
    past: Past
    closing: list[tuple[Ask, str]]
    dealer: Dealer | None
    gold: list[int]
    held: int
    left: float
    core: float
    drafts: list[Draft] = field(default_factory=list)
    full: dict[str, float] = field(default_factory=dict)

    @staticmethod
    def of(wanted: Wanted) -> "Desk":
        samples = samples_of(wanted.samples)
        before = past(wanted)
        closing = list(closings(before, wanted))
        shut = {ask.id for ask, reason in closing if reason != CHANGED}
        live = [ask for ask in before.asks if ask.state == "answered" or (ask.state == "open" and ask.id not in shut)]
        ids = samples.column("sample_id").to_pylist()
        gold = [row for row, sample in enumerate(ids) if sample in wanted.gold and wanted.question.gold is not None]
        dealer = Dealer.of(wanted, before, [ask for ask in live if ask.state == "open"]) if wanted.raters else None
        desk = Desk(wanted, samples, before, closing, dealer, gold, len(live), inf, inf)
        desk._spend_so_far(live)
        return desk

    @cached_property
    def ids(self) -> list[str]:
        return list(self.samples.column("sample_id").to_pylist())

    @cached_property
    def languages(self) -> list[str | None]:
        return list(self.samples.column("language").to_pylist())

    @cached_property
    def kinds(self) -> list[str]:
        return list(self.samples.column("kind").to_pylist())

    @cached_property
    def rows(self) -> dict[str, int]:
        return {sample: row for row, sample in enumerate(self.ids)}

    @cached_property
    def shut(self) -> frozenset[str]:
        return frozenset(ask.id for ask, reason in self.closing if reason != CHANGED)

    @cached_property
    def standings(self) -> dict[str, Standing]:
        return standings(self.past, self.shut)

    @cached_property
    def met(self) -> dict[str, set[str]]:
        """Of each sample who was asked about it, for whatever purpose, and is not asked a first time again."""
        found: dict[str, set[str]] = {}
        for ask in self.past.asks:
            if ask.rater and ask.occasion == "" and (ask.live or ask.state in BACK):
                found.setdefault(ask.sample, set()).add(ask.rater)
        return found

    @cached_property
    def harmful(self) -> frozenset[str]:
        return harmful_samples(self.past)

    @cached_property
    def values(self) -> Values:
        names = self.wanted.when.names() if self.wanted.when is not None else ()
        return values(self.wanted, self.samples, names)

    @cached_property
    def shares(self) -> Shares:
        return Shares.of(self.wanted, self.gold)

    @cached_property
    def table(self) -> Table:
        return Table(self.wanted, self.ids, self.languages, self.rows, self.past, self.shut, self.shares, self.met)

    @cached_property
    def why(self) -> list[str]:
        """Of each sample what is known of it before any is chosen; empty where it may be."""
        gold, speakers = set(self.gold), self._speakers()
        return [
            _GOLD if row in gold
            else self._standing(sample) if sample in self.standings
            else _KIND if kind not in (*self.wanted.question.kinds, PAIR) or kind not in self.wanted.form
            else "" if speakers[language] else _LANGUAGE
            for row, (sample, kind, language) in enumerate(zip(self.ids, self.kinds, self.languages, strict=True))
        ]  # fmt: skip

    def told(self) -> pa.Table:
        """What is known of each sample, and what became of it."""
        return self.values.table.append_column("why", pa.array(self.why, pa.string()))

    def draft(self, made: Iterable[Draft]) -> None:
        for draft in made:
            self.drafts.append(draft)
            self.left -= 1
            self.core -= draft.purpose in CORE

    def deal(self, row: int, many: int, but: Iterable[str] = (), least: int = 1) -> list[str | None]:
        """Whom to ask about a sample: somebody, or whoever comes; nobody where not at least `least` can be."""
        if self.dealer is None:
            return [None] * many
        sample = self.ids[row]
        return [*self.dealer.deal(self.languages[row], many, frozenset(but), sample in self.harmful, least)]

    def open_rooms(self) -> None:
        """Let raters have what was kept back for gold and repeats."""
        assert self.dealer is not None
        given = Counter(draft.rater for draft in self.drafts)
        self.dealer.room = {rater: max(room - given[rater], 0.0) for rater, room in self.full.items()}

    def _speakers(self) -> dict[str | None, bool]:
        active = [rater for rater in self.wanted.raters if not rater.withdrawn]
        return {
            language: not self.wanted.raters or any(rater.speaks(language) for rater in active)
            for language in set(self.languages)
        }

    def _standing(self, sample: str) -> str:
        stands = self.standings[sample]
        if stands.open:
            return OPEN
        return ANSWERED if stands.answers or stands.uninvited else _DECLINED if stands.declined else NO_ROOM

    def _spend_so_far(self, live: list[Ask]) -> None:
        """What is left of the budget and of raters' time, and which part of it is for what."""
        core = [ask for ask in live if ask.purpose in CORE]
        budget, shares, active = self.wanted.question.budget, self.shares, len(self.dealer.raters) if self.dealer else 1
        if budget is not None:
            each = active if self.dealer else self.wanted.question.raters
            kept = min(floor(shares.gold * budget), len(self.gold) * each) + floor(shares.again * budget)
            self.left = max(budget - len(live), 0)
            self.core = max(min(budget - kept - len(core), self.left), 0)
        if self.dealer is not None:
            self.full = dict(self.dealer.room)
            mine = Counter(ask.rater for ask in core if ask.state == "open")
            for rater, room in self.full.items():
                if room < inf:
                    most = ceil(shares.core * (room + self.dealer.load[rater])) - mine[rater]
                    self.dealer.room[rater] = float(max(min(most, room), 0))


def samples_of(given: pa.Table) -> pa.Table:
    """The columns that are of use, in the order of ids, each sample once."""
    columns = {
        field.name: given.column(field.name).cast(field.type)
        if field.name in given.column_names
        else pa.nulls(given.num_rows, field.type)
        for field in SAMPLES
    }
    table = pa.table(columns, SAMPLES).sort_by("sample_id").combine_chunks()
    ids = table.column("sample_id").to_pylist()
    if len(set(ids)) != len(ids):
        raise UserError("a sample comes twice in what is to be planned", "each sample_id has one row")
    return table
