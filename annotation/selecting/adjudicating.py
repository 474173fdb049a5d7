"""What raters disagree about goes to an expert: most disagreement first, and to somebody who did not judge it before.

A sample is decided once, when all who were asked about it have answered. What came in later does not open a decision
again; one that was declined or taken back is asked of somebody else.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import inf

import pyarrow as pa

from affectory.annotation.selecting.closing import CHANGED, closed, closings
from affectory.annotation.selecting.desk import samples_of
from affectory.annotation.selecting.drafts import Draft, Tasks, rows_of_drafts
from affectory.annotation.selecting.history import ASIDE, BACK, Ask, Past, newest, past
from affectory.annotation.selecting.standing import standings
from affectory.annotation.selecting.wanted import Planned, Rater, Summary, Wanted
from affectory.schemas.ids import fractions

AGREE, FEW, WAITING, DECIDED, ASKED = "raters agree", "fewer than two answers", "waiting", "decided", "asked now"
OPEN, NOBODY, BUDGET = "with an expert", "no expert is left for it", "beyond the budget"


@dataclass(frozen=True)
class Disputed:
    """A sample with its answers: `apart` is the share of raters who did not choose what most of them chose."""

    sample: str
    apart: float
    raters: frozenset[str]
    waiting: bool
    answers: int


def adjudicate(wanted: Wanted) -> Planned:
    """The asks for decisions to add and to close; `wanted.form` is how decisions are asked."""
    rule = wanted.question.adjudicate
    assert rule is not None
    samples = samples_of(wanted.samples)
    rows = {sample: row for row, sample in enumerate(samples.column("sample_id").to_pylist())}
    decisions = past(wanted, aside=True)
    closing = list(closings(decisions, wanted))
    shut = {ask.id for ask, reason in closing if reason != CHANGED}
    held = [ask for ask in decisions.asks if ask.state == "answered" or (ask.state == "open" and ask.id not in shut)]
    why = _standing(held)
    drafts: list[Draft] = []
    experts = _Experts.of(wanted, held, decisions)
    left = inf if rule.budget is None else rule.budget - len(held)
    for case in disputed(wanted, past(wanted)):
        if case.sample not in why and case.sample in rows:
            reason = _unfit(case, rule.least) or (BUDGET if len(drafts) >= left else "")
            who = [] if reason else experts.one(case, samples.column("language")[rows[case.sample]].as_py())
            drafts += [Draft(rows[case.sample], rater, ASIDE, None, ASIDE) for rater in who]
            why[case.sample] = reason or (ASKED if who else NOBODY)
    first = max((ask.position or 0 for ask in decisions.asks), default=-1) + 1
    places = [first + place for place in range(len(drafts))]
    tasks = Tasks.of(wanted.seed, decisions)
    made = rows_of_drafts(wanted, samples, drafts, places, tuple(newest(wanted.asks)), tasks)
    fresh = pa.concat_tables([*closed(wanted, samples, rows, closing, tasks), made])
    return Planned(fresh, _summary(drafts, closing, why, len(held), rule.budget), _values(wanted, why))


def disputed(wanted: Wanted, before: Past) -> Iterator[Disputed]:
    """All samples that somebody was asked about, those first about which raters disagree most; of equals by chance."""
    told: dict[str, list[tuple[str, ...]]] = {}
    people: dict[str, set[str]] = {}
    samples = before.sample_of()
    for answer in before.answers.values():
        sample, occasion = samples.get(answer.task, ("", "none"))
        if occasion == "" and answer.state == "taken":
            told.setdefault(sample, []).append(answer.labels)
            people.setdefault(sample, set()).add(answer.rater)
    stands = standings(before, ())
    names = sorted(stands)
    lots = dict(zip(names, fractions(f"{wanted.seed}/adjudicate", names).tolist(), strict=True))
    cases = [
        Disputed(s, apart(told.get(s, [])), frozenset(people.get(s, ())), stands[s].open > 0, len(told.get(s, [])))
        for s in names
    ]
    return iter(sorted(cases, key=lambda case: (-case.apart, -case.answers, lots[case.sample])))


def apart(answers: Sequence[Sequence[str]]) -> float:
    """The share of answers without the label that is in most of them; of nothing none."""
    if not answers:
        return 0.0
    chosen = Counter(label for labels in answers for label in set(labels) or {""})
    return 1 - max(chosen.values()) / len(answers)


@dataclass
class _Experts:
    """Who may decide: those of the right relation, else everybody; without a list of raters whoever comes."""

    raters: Sequence[Rater]
    load: Counter[str]
    met: Mapping[str, set[str]]
    listed: bool
    seed: str

    @staticmethod
    def of(wanted: Wanted, held: Sequence[Ask], decisions: Past) -> "_Experts":
        assert wanted.question.adjudicate is not None
        active = sorted((r for r in wanted.raters if not r.withdrawn), key=lambda r: r.id)
        right = [r for r in active if r.relation in wanted.question.adjudicate.by]
        met: dict[str, set[str]] = {}
        for ask in decisions.asks:
            if ask.rater and ask.state in BACK:
                met.setdefault(ask.sample, set()).add(ask.rater)
        load = Counter(ask.rater for ask in held if ask.rater and ask.state == "open")
        return _Experts(right or active, load, met, bool(wanted.raters), wanted.seed)

    def one(self, case: Disputed, language: str | None) -> list[str | None]:
        """Somebody with least to decide, of those who did not judge the sample if there are any."""
        if not self.listed:
            return [None]
        gave_up = self.met.get(case.sample, set())
        able = [r.id for r in self.raters if r.speaks(language) and r.id not in gave_up]
        fresh = [rater for rater in able if rater not in case.raters] or able
        if not fresh:
            return []
        lots = dict(zip(fresh, fractions(f"{self.seed}/{case.sample}", fresh).tolist(), strict=True))
        chosen = min(fresh, key=lambda rater: (self.load[rater], lots[rater]))
        self.load[chosen] += 1
        return [chosen]


def _unfit(case: Disputed, least: float) -> str:
    """Why there is nothing to decide, or not yet."""
    if case.waiting:
        return WAITING
    if case.answers < 2:
        return FEW
    return AGREE if case.apart < least - 1e-9 or case.apart <= 0 else ""


def _standing(held: Sequence[Ask]) -> dict[str, str]:
    """Of samples that an expert has or had, what became of it."""
    return {ask.sample: DECIDED if ask.state == "answered" else OPEN for ask in held}


def _summary(
    drafts: Sequence[Draft], closing: Sequence[tuple[Ask, str]], why: Mapping[str, str], held: int, budget: int | None
) -> Summary:
    held += len(drafts)
    return Summary(
        purposes={ASIDE: len(drafts)} if drafts else {},
        raters=dict(sorted(Counter(draft.rater or "whoever comes" for draft in drafts).items())),
        closed=dict(sorted(Counter(reason for _, reason in closing).items())),
        samples=dict(sorted(Counter(why.values()).items())),
        held=held,
        left=None if budget is None else max(budget - held, 0),
    )


def _values(wanted: Wanted, why: Mapping[str, str]) -> pa.Table:
    cases = list(disputed(wanted, past(wanted)))
    columns = {
        "sample_id": pa.array([case.sample for case in cases], pa.string()),
        "apart": pa.array([case.apart for case in cases], pa.float64()),
        "answers": pa.array([case.answers for case in cases], pa.int64()),
        "why": pa.array([why.get(case.sample, "gone") for case in cases], pa.string()),
    }
    return pa.table(columns)
