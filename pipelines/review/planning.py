"""The plan of a review: who will be asked what, written into the ledger before anything is pushed."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import asdict, dataclass, replace
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from affectory.annotation.selecting.adjudicating import adjudicate
from affectory.annotation.selecting.plan import plan
from affectory.annotation.selecting.wanted import Planned, Rater, Summary, Wanted
from affectory.annotation.shown import Suggestion
from affectory.pipelines.review.binding import BoundQuestion
from affectory.pipelines.review.desk import Desk
from affectory.pipelines.review.doing import done
from affectory.pipelines.review.material import Showable, as_samples
from affectory.pipelines.review.suggesting import nothing_suggested, suggestions
from affectory.schemas.errors import UserError
from affectory.schemas.ledgers import ASKS
from affectory.schemas.recipe.review import Question


@dataclass(frozen=True)
class PlannedQuestion:
    """What was planned for one set of questions, and of how many samples nothing can be shown."""

    name: str
    planned: Planned
    left_out: Mapping[str, int]

    def facts(self) -> dict[str, Any]:
        """The plan in numbers."""
        return {"question": self.name, "asked": self.fresh, **asdict(self.planned.summary), "not shown": self.left_out}

    @property
    def fresh(self) -> int:
        """How many new asks there are."""
        rows = self.planned.fresh
        new = pc.and_(pc.equal(rows.column("revision"), 0), pc.is_null(rows.column("closed")))
        return int(pc.sum(new).as_py() or 0)


def make_plan(desk: Desk, *, write: bool = True) -> list[PlannedQuestion]:
    """Plan all sets of questions, one after the other; what is planned is in the ledger before this returns."""
    desk, found = desk if write else replace(desk, dry=True), []
    hidden = desk.withheld
    for question in desk.review.questions:
        shown = desk.material.showable(question.question, hidden, question.compared)
        planned = _planned(desk, question, shown)
        if write and planned.fresh.num_rows:
            desk.workspace.ledger("asks").append(planned.fresh)
        found.append(PlannedQuestion(question.name, planned, shown.left_out))
    return found


def _planned(desk: Desk, question: BoundQuestion, shown: Showable) -> Planned:
    wanted = _wanted(desk, question, shown)
    made = plan(wanted)
    rows, summary = [ASKS.cast(made.fresh)], made.summary
    if question.question.adjudicate is not None:
        forms = {kind: form.identity for kind, form in question.deciding.items()}
        known = replace(wanted, asks=pa.concat_tables([wanted.asks, *rows]), form=forms)
        decisions = adjudicate(known)
        rows.append(ASKS.cast(decisions.fresh))
        summary = _joined(summary, decisions.summary)
    said = suggestions(desk.material.opinions, question.question.suggest, desk.bound.recipe.spec.models)
    if question.question.suggest and not said:
        summary = replace(summary, notes=(*summary.notes, nothing_suggested(desk.material.opinions, question.question)))
    return replace(made, fresh=_with_shown(question, pa.concat_tables(rows), shown, said), summary=summary)


def _joined(summary: Summary, decisions: Summary) -> Summary:
    """Decisions have a budget of their own; all else is counted together."""
    return replace(
        summary,
        purposes=_sum(summary.purposes, decisions.purposes),
        raters=_sum(summary.raters, decisions.raters),
        closed=_sum(summary.closed, decisions.closed),
    )


def _sum(a: Mapping[str, int], b: Mapping[str, int]) -> Mapping[str, int]:
    return dict(sorted((Counter(a) + Counter(b)).items()))


def _raters(desk: Desk) -> list[Rater]:
    """Those of the list who may be asked: leads see what everybody answered."""
    found = [Rater(p.id, p.relation, p.languages, p.hours_a_week, p.withdrawn) for p in desk.people if p.role != "lead"]
    if desk.people and not found:
        hint = "leads are not asked, since they see all answers: list somebody without a role"
        raise UserError(f"nobody in {desk.review.raters_file} may be asked", hint)
    return found


def _wanted(desk: Desk, question: BoundQuestion, shown: Showable) -> Wanted:
    asks, returns, judgements = desk.asks(), desk.returns(), desk.judgements()
    known = {name: _of(asks, name) for name in desk.review.review.questions()}
    answers = {name: done(returns, judgements, name) for name in known}
    raters = _raters(desk)
    return Wanted(
        name=question.name,
        question=question.question,
        form={kind: form.identity for kind, form in question.forms.items()},
        samples=as_samples(shown.shown, desk.material),
        opinions=desk.material.opinions,
        taxonomy=desk.bound.taxonomy,
        asks=known[question.name],
        done=answers[question.name],
        seed=f"{desk.mark}/{question.name}",
        round=int(pc.max(asks.column("round")).as_py() or 0) + 1,
        today=desk.today,
        raters=raters,
        gold=desk.gold(question),
        limits=desk.review.review.limits,
        when=question.when,
        beside=[(known[name], answers[name]) for name in known if name != question.name],
    )


def _of(asks: pa.Table, question: str) -> pa.Table:
    return asks.filter(pc.equal(asks.column("question"), question))


def _with_shown(question: BoundQuestion, rows: pa.Table, shown: Showable, said: Mapping[str, Suggestion]) -> pa.Table:
    """The rows with what exactly is shown; those that close an ask keep what it showed."""
    now = dict(_texts(shown, question.question, said, set(rows.column("sample_id").to_pylist())))
    texts = [
        before if closed else now.get(sample, before)
        for sample, closed, before in zip(
            *(rows.column(n).to_pylist() for n in ("sample_id", "closed", "shown")), strict=True
        )
    ]
    return rows.set_column(rows.column_names.index("shown"), ASKS.schema.field("shown"), pa.array(texts, pa.string()))


def _texts(shown: Showable, question: Question, said: Mapping[str, Any], wanted: Set[str]) -> Iterator[tuple[str, str]]:
    """What is shown, what was suggested, and whose side is asked about: the recipe may say another before it is
    answered."""
    side = {"perspective": question.perspective, "whose": question.whose}
    for sample in sorted(wanted & shown.shown.keys()):
        facts, suggestion = {**shown.shown[sample].facts(), **side}, said.get(sample)
        if suggestion is not None:
            facts["suggestions"] = [label for label, weight in suggestion.weights.items() if weight > 0]
            facts["suggestion"] = asdict(suggestion)
        yield sample, json.dumps(facts, ensure_ascii=False, sort_keys=True)


def plan_text(found: Sequence[PlannedQuestion], written: bool) -> str:
    """The plan for people."""
    return "\n".join(line for question in found for line in _lines(question, written))


def _lines(one: PlannedQuestion, written: bool) -> Iterator[str]:
    summary = one.planned.summary
    verb = "planned" if written else "would be planned"
    yield f"{one.name}: {one.fresh} asks {verb}{_budget(summary.held, summary.left)}"
    for title, counts in (
        ("for", summary.purposes),
        ("raters", summary.raters),
        ("closed", summary.closed),
        ("samples", summary.samples),
        ("not shown", one.left_out),
    ):
        if counts:
            yield f"  {title:10} {', '.join(f'{n} {name}' for name, n in counts.items())}"
    for note in summary.notes:
        yield f"  {'mind':10} {note}"


def _budget(held: int, left: int | None) -> str:
    return f"; {held} in all" if left is None else f"; {held} in all, {left} left of the budget"
