"""What came back becomes judgements: the newest state of what a person said of a task is what stands in the ledger.

Nothing is overwritten. What changed is a further revision that supersedes, what is gone a revision that retracts; what
cannot be read or believed is kept as it came, with the reason, and nothing of it counts.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from affectory.annotation.answered import Answered, Read
from affectory.annotation.form import Form
from affectory.annotation.found import Annotation
from affectory.annotation.pull import state_of
from affectory.annotation.shown import Shown, shown_of
from affectory.pipelines.acts import said_of
from affectory.schemas.ids import digest, judgement_id
from affectory.schemas.ledgers import JUDGEMENTS, RETURNS
from affectory.schemas.recipe.review import Floors
from affectory.schemas.types import ANCHOR, ANSWER

Row = Mapping[str, Any]
TRACES = "trace page"
"""What `server` is of what was drawn on our own page."""
_RANK = {"deleted": 0, "skipped": 1, "stored": 2}
"""What counts of several annotations of one person: an answer before a skip."""
_NOTHING = dict.fromkeys((field.name for field in ANSWER), None)


@dataclass(frozen=True)
class Asked:
    """A task as it was planned: what was shown, and each ask of it by rater (None: whoever came)."""

    shown: Shown
    asks: Mapping[str | None, Row]
    before: Mapping[str, Shown] = field(default_factory=dict)
    """What the same task showed before, by its hash: somebody may have answered that just before it changed."""

    def at(self, content: str | None) -> "Asked":
        """The task as somebody saw it."""
        return replace(self, shown=self.before.get(content or "", self.shown))

    def of(self, rater: str) -> Row:
        """What this rater was asked; of one who was not, what the first one was."""
        found = self.asks.get(rater) or self.asks.get(None)
        return found or next(iter(self.asks.values()))


@dataclass(frozen=True)
class Returned:
    """New rows of the ledgers, and how many annotations were taken, declined, refused and retracted."""

    judgements: pa.Table
    returns: pa.Table
    counts: Mapping[str, int] = field(default_factory=dict)


def in_time(rows: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """States of annotations in the order in which they came to be; what is deleted does not come back."""
    return sorted(rows, key=lambda row: (row["state"] == "deleted", row["updated"] or ""))


def asked_by_task(asks: Iterable[Row]) -> dict[str, Asked]:
    """Tasks by their own id, from the rows of the ledger of asks."""
    newest: dict[tuple[str, str], Row] = {}
    texts: dict[str, dict[str, str]] = defaultdict(dict)
    for row in sorted(asks, key=lambda r: int(r["revision"])):
        newest[row["task"], row["ask_id"]] = row
        if row["shown"]:
            texts[row["task"]][row["content"]] = row["shown"]
    by_task: dict[str, list[Row]] = defaultdict(list)
    for row in newest.values():
        by_task[row["task"]].append(row)
    return {task: _asked(rows, texts[task]) for task, rows in by_task.items()}


def _asked(rows: Sequence[Row], texts: Mapping[str, str]) -> Asked:
    """Open asks and late ones go before others, which somebody may have answered all the same."""
    ordered = sorted(rows, key=lambda r: (r["closed"] is not None, -r["round"], r["ask_id"]))
    shown = next(row["shown"] for row in ordered if row["shown"])
    of = {row["rater"]: row for row in reversed(ordered)}
    before = {content: shown_of(json.loads(text)) for content, text in texts.items() if text != shown}
    asks = {rater: of[rater] for rater in dict.fromkeys(r["rater"] for r in ordered)}
    return Asked(shown_of(json.loads(shown)), asks, before)


@dataclass(frozen=True)
class Returning:
    """Turns annotations into rows. `forms` are by name of the question and kind of sample.

    Of raters in `gone` nothing counts. `take` may be called again: what it gave before belongs to the ledgers then.
    """

    server: str
    forms: Mapping[tuple[str, str], Form]
    asked: Mapping[str, Asked]
    judgements: pa.Table
    returns: pa.Table
    floors: Floors
    reader: Callable[[Row, Shown], Read] | None = None
    """Reads what did not come from Label Studio."""
    gone: Collection[str] = ()
    _made: list[pa.Table] = field(default_factory=list)
    _came: dict[str, list[Row]] = field(default_factory=lambda: defaultdict(list))

    def take(self, found: Sequence[tuple[Annotation, str]]) -> Returned:
        """Annotations in the states in which they were found now, each with its rater's pseudonym."""
        states = (self._state(annotation, rater) for annotation, rater in found)
        fresh = list({row["return_id"]: row for row in states if row["return_id"] not in self._known}.values())
        history = self._history(fresh)
        settled = [
            (rows, *self._settled(key[0], key[1], rows))
            for key, rows in sorted(history.items(), key=lambda item: str(item[0]))
        ]
        made = list(self._revised(history, [(rows, now) for rows, _, now in settled]))
        for rows, verdicts, _ in settled:
            for row in rows:
                row.update(verdicts[row["return_id"]])
        judgements = table_of(made)
        self._note(fresh, judgements)
        counts = Counter(row["verdict"] for row in fresh)
        return Returned(judgements, RETURNS.from_rows(fresh) if fresh else RETURNS.empty(), dict(counts))

    def _revised(
        self, history: Iterable[tuple[str, str, int]], settled: Sequence[tuple[Sequence[Row], list[dict[str, Any]]]]
    ) -> Iterator[Row]:
        """The revisions by which what stands becomes what is said now."""
        told = table_of([row for _, now in settled for row in now]).column("said").to_pylist()
        for row, said in zip((row for _, now in settled for row in now), told, strict=True):
            row["said"] = said
        tasks = {task for task, _, _ in history}
        records = {self.asked[task].shown.anchor["record"] for task in tasks if task in self.asked}
        ids = {i for rows, now in settled for row in (*rows, *now) for i in _ids(row)}
        standing = Standing.of(_about(pa.concat_tables([self.judgements, *self._made]), records, ids))
        for rows, now in settled:
            before = {act for row in rows for act in standing.acts_of(row["judgements"] or ())}
            yield from standing.revise(now)
            yield from standing.retract(sorted(before - {row["act"] for row in now}))

    def _note(self, fresh: Sequence[Row], judgements: pa.Table) -> None:
        """What was given is known from now on."""
        self._made.append(judgements)
        for row in fresh:
            self._known.add(row["return_id"])
            self._came[row["task"]].append(dict(row))
            self._before[row["annotation"]] = dict(row)

    @cached_property
    def _known(self) -> set[str]:
        return set(self.returns.column("return_id").to_pylist())

    def _state(self, found: Annotation, rater: str) -> dict[str, Any]:
        before = self._before.get(found.annotation, {})  # knows whose one was that is gone, or whose address changed
        uid = found.uid or before.get("task") or ""
        asked, mark = self.asked.get(uid), state_of(found)
        return {
            "return_id": f"n_{digest(self.server, found.annotation, mark)[:24]}",
            "server": self.server,
            "annotation": found.annotation,
            "number": found.number or before.get("number"),
            "task": uid,
            "question": next(iter(asked.asks.values()))["question"] if asked else "",
            "rater": before.get("rater") or rater,
            "state": found.state,
            "updated": found.updated,
            "mark": mark,
            "spent_s": found.spent_s,
            "content": found.shown or before.get("content"),
            "result": json.dumps(list(found.result), ensure_ascii=False, sort_keys=True),
            "judgements": None,
        }

    @cached_property
    def _before(self) -> dict[int, Row]:
        """Of this server's annotations the last state that is known."""
        mine = self.returns.filter(pc.equal(self.returns.column("server"), self.server))
        return {row["annotation"]: row for row in in_time(mine.to_pylist())}

    def _history(self, fresh: Sequence[dict[str, Any]]) -> dict[tuple[str, str, int], list[dict[str, Any]]]:
        """For each part that something is new of, the newest state of each annotation, with all judgements
        that it ever became; new rows are those of `fresh` themselves."""
        touched = {_part(row) for row in fresh}
        tasks = pa.array(sorted({task for task, _, _ in touched}), pa.string())
        earlier = self.returns.filter(pc.is_in(self.returns.column("task"), value_set=tasks)).to_pylist()
        earlier += [dict(row) for task in tasks.to_pylist() for row in self._came.get(task, ())]
        newest: dict[tuple[str, str, int, str, int], dict[str, Any]] = {}
        became: dict[tuple[str, str, int, str, int], list[str]] = defaultdict(list)
        for row in (*in_time(row for row in earlier if _part(row) in touched), *fresh):
            key = (*_part(row), row["server"], row["annotation"])
            became[key] += row["judgements"] or []
            newest[key] = row
        found: dict[tuple[str, str, int], list[dict[str, Any]]] = defaultdict(list)
        for key, row in newest.items():
            row["judgements"] = became[key] or None
            found[key[:3]].append(row)
        return found

    def _settled(
        self, task: str, rater: str, rows: Sequence[Row]
    ) -> tuple[dict[str, dict[str, Any]], list[dict[str, Any]]]:
        """The verdict on each annotation of a person's task, and the judgements that stand now."""
        order = sorted(rows, key=lambda r: (_RANK[r["state"]], r["updated"] or "", r["annotation"]))
        *earlier, last = order
        again = "the same person answered again later"
        verdicts = {r["return_id"]: _verdict("retracted", again if r["state"] == "stored" else "") for r in earlier}
        asked = self.asked.get(task)
        if last["state"] == "deleted":
            return {**verdicts, last["return_id"]: _verdict("retracted", "deleted in Label Studio")}, []
        if rater in self.gone:
            return {**verdicts, last["return_id"]: _verdict("retracted", "the rater took all back")}, []
        if asked is None or not rater:
            why = "no such task was planned" if rater else "it was answered by nobody whom the server knows"
            return {**verdicts, last["return_id"]: _verdict("refused", why)}, []
        asked = asked.at(last["content"])
        read = self._read(asked, last)
        now = list({row["act"]: row for row in self._judgements(asked, rater, last, read)}.values())
        verdict = "refused" if read.problems else "declined" if read.declined else "taken"
        why = "; ".join(read.problems) or read.declined
        return {**verdicts, last["return_id"]: _verdict(verdict, why, [row["judgement_id"] for row in now])}, now

    def _read(self, asked: Asked, row: Row) -> Read:
        if row["state"] == "skipped":
            return Read(declined="skipped")
        if self.reader is not None:
            return self.reader(row, asked.shown)
        ask = next(iter(asked.asks.values()))
        form = self.forms.get((ask["question"], asked.shown.kind))
        if form is None:
            return Read(problems=(f"the recipe asks no {ask['question']!r} about {asked.shown.kind} any more",))
        return form.read(json.loads(row["result"]), asked.shown, row["spent_s"], self.floors)

    def _judgements(self, asked: Asked, rater: str, row: Row, read: Read) -> Iterator[dict[str, Any]]:
        if read.problems:
            return
        ask = asked.of(rater)
        if read.declined:
            question = {"question": ask["question"]}
            said = Answered(ask["question"], question, {})
            yield self._judgement(asked, ask, rater, row, said, declined=read.declined)
        for answered in read.answers:
            yield self._judgement(asked, ask, rater, row, answered)

    def _judgement(
        self, asked: Asked, ask: Row, rater: str, row: Row, said: Answered, declined: str | None = None
    ) -> dict[str, Any]:
        form = self.forms.get((ask["question"], asked.shown.kind))
        perspective, whose = _side(ask, form)
        anchor = {**{f.name: asked.shown.anchor.get(f.name) for f in ANCHOR}, **said.place}
        asking = ": ".join(filter(None, (perspective, whose, said.question)))
        act = judgement_id(rater, anchor, asking, ask["occasion"], 0)
        decides = ask["purpose"] == "adjudication"
        return {
            "judgement_id": act,
            "act": act,
            "anchor": anchor,
            "occasion": ask["occasion"],
            "revision": 0,
            "supersedes": None,
            "retracted": False,
            "origin": None,
            "declined": declined,
            "rater": rater,
            "rater_kind": "adjudicator" if decides else "human",
            "perspective": perspective,
            "whose": whose,
            "modalities": modalities(asked.shown),
            "asked": said.asked,
            "shown": self._what_was_shown(asked, ask, form),
            "answer": {**_NOTHING, **said.answer},
            "confidence": said.confidence,
            "rationale": said.rationale,
            "evidence": list(said.evidence) or None,
            "spent_s": row["spent_s"],
        }

    def _what_was_shown(self, asked: Asked, ask: Row, form: Form | None) -> dict[str, Any]:
        facts = json.loads(ask["shown"]) if ask["shown"] else {}
        return {
            "context": [f"{turn.who}: {turn.text}" for turn in asked.shown.context] or None,
            "suggestions": facts.get("suggestions"),
            "instructions": ask["form"],
            "language": form.question.language if form else None,
            "position": ask["position"],
            "probability": ask["probability"],
            "content": asked.shown.content,
        }


def modalities(shown: Shown) -> list[str]:
    """What could be seen and heard, in the words that opinions use for it."""
    media = {role.partition("-")[0] for side in (shown, *shown.sides) for role in side.media}
    found = {{"frame": "image"}.get(role, role) for role in media}
    if "video" in media:
        found |= {"audio"}
    return sorted(found | ({"text"} if any(side.text for side in (shown, *shown.sides)) else set()))


def _part(row: Row) -> tuple[str, str, int]:
    """What is said once: by one person of a task, and what they drew of each scale for itself."""
    return row["task"], row["rater"], row["annotation"] if row["server"] == TRACES else 0


def _verdict(verdict: str, why: str = "", judgements: Sequence[str] = ()) -> dict[str, Any]:
    return {"verdict": verdict, "why": why or None, "judgements": list(judgements) or None}


@dataclass
class Standing:
    """The newest revision of each act in the ledger, and what is added to it now; rows know what they `said`."""

    newest: dict[str, Row]
    acts: Mapping[str, str]
    said: dict[str, str]

    @classmethod
    def of(cls, ledger: pa.Table) -> "Standing":
        ledger = ledger.filter(pc.is_null(ledger.column("origin")))
        rows, said = ledger.to_pylist(), said_of(ledger).to_pylist()
        order = sorted(range(len(rows)), key=lambda i: rows[i]["revision"])
        acts = {row["judgement_id"]: row["act"] or row["judgement_id"] for row in rows}
        newest = {acts[rows[i]["judgement_id"]]: rows[i] for i in order}
        return cls(newest, acts, {acts[rows[i]["judgement_id"]]: said[i] for i in order})

    def acts_of(self, ids: Iterable[str]) -> Iterator[str]:
        yield from (self.acts.get(i, i) for i in ids)

    def revise(self, rows: Sequence[dict[str, Any]]) -> list[Row]:
        """What is said now, as far as it is not what was said last."""
        return [self._next(row) for row in rows if self._differs(row)]

    def retract(self, acts: Iterable[str]) -> list[Row]:
        """What stands and is said no more."""
        gone = [act for act in acts if act in self.newest and not self.newest[act]["retracted"]]
        return [self._next({**self.newest[act], "retracted": True}) for act in gone]

    def _differs(self, row: dict[str, Any]) -> bool:
        before = self.newest.get(row["act"])
        if before is None or before["retracted"] or before["declined"] != row["declined"]:
            return True
        return bool(self.said[row["act"]] != row["said"])

    def _next(self, row: Row) -> Row:
        before = self.newest.get(row["act"])
        if before is not None:
            number = before["revision"] + 1
            row = {**row, "revision": number, "supersedes": before["judgement_id"]}
            row = {**row, "judgement_id": f"j_{digest(row['act'], number)[:24]}"}
        self.newest[row["act"]] = row
        return row


def _side(ask: Row, form: Form | None) -> tuple[str, str | None]:
    """Whose side was asked about, as it was planned; the recipe may say another since."""
    facts = json.loads(ask["shown"]) if ask["shown"] else {}
    if "perspective" in facts:
        return facts["perspective"], facts["whose"]
    return (form.question.perspective, form.question.whose) if form else ("perceived", None)


def _ids(row: Row) -> Iterator[str]:
    """The judgements that a row of either ledger names."""
    yield from row.get("judgements") or ()
    if "act" in row:
        yield row["act"]


def _about(judgements: pa.Table, records: Iterable[str], ids: Iterable[str]) -> pa.Table:
    """Those of some records, and some by their ids or acts."""
    record = pc.struct_field(judgements.column("anchor"), "record")
    wanted = pa.array(sorted(ids), pa.string())
    masks = [pc.is_in(judgements.column(name), value_set=wanted) for name in ("act", "judgement_id")]
    here = pc.is_in(record, value_set=pa.array(sorted(records), pa.string()))
    return judgements.filter(pc.or_(here, pc.or_(*masks)))


def table_of(rows: Sequence[Row]) -> pa.Table:
    """Rows of the ledger of judgements, each with the hash of what it says."""
    if not rows:
        return JUDGEMENTS.empty()
    table = JUDGEMENTS.from_rows([dict(row) for row in rows])
    place = table.column_names.index("said")
    return table.set_column(place, JUDGEMENTS.schema.field("said"), said_of(table))
