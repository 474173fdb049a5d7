"""What people answered comes back: each state of each annotation once, checked, as judgements in the ledger."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from affectory.annotation.client.server import Server
from affectory.annotation.found import Annotation
from affectory.annotation.pull import pull
from affectory.annotation.push_project import known
from affectory.pipelines.review.desk import Desk, Project, Tell
from affectory.pipelines.review.raters import took_back
from affectory.pipelines.review.returning import (
    TRACES,
    Asked,
    Returned,
    Returning,
    Standing,
    asked_by_task,
    in_time,
    table_of,
)
from affectory.pipelines.review.tracing import drawn, read_drawn, scales_of, traces_by_key
from affectory.schemas.ids import digest

AT_ONCE = 1000
"""Annotations between two writes to the ledgers: so much is looked at again after a kill."""


@dataclass
class PulledSummary:
    """What came back, over all projects."""

    counts: Counter[str] = field(default_factory=Counter)
    judgements: int = 0
    projects: list[str] = field(default_factory=list)

    def add(self, returned: Returned) -> None:
        self.counts.update(returned.counts)
        self.judgements += returned.judgements.num_rows

    def facts(self) -> dict[str, Any]:
        """All of it as plain data."""
        return {"judgements": self.judgements, "annotations": dict(self.counts), "projects": self.projects}

    def __str__(self) -> str:
        if not self.projects:
            return "nothing was pushed yet: affectory review push"
        counts = ", ".join(f"{n} {what}" for what, n in sorted(self.counts.items())) or "nothing new"
        text = f"annotations: {counts}; {self.judgements} new rows of judgements"
        refused = "\n  put aside with a reason: affectory review status" if self.counts["refused"] else ""
        return text + refused + ("\n  next: affectory build" if self.judgements else "")


@dataclass(frozen=True)
class Pulling:
    """One pull of all projects of a review."""

    desk: Desk
    tell: Tell
    progress: Any

    def run(self) -> PulledSummary:
        """Take in all that is new; what was taken in is in the ledgers, whatever happens next."""
        found = PulledSummary()
        with self.desk.server(self.tell) as server:
            for project in self.desk.projects():
                number = known(server, project.spec)
                if number is not None:
                    found.projects.append(project.spec.title)
                    self._project(server, project, number, found)
        if any(scales_of(project) for project in self.desk.projects()):
            self._take(TRACES, drawn(self.desk.home, self._asked, self.desk.pseudonym), found)
        self._forgotten()
        return found

    def _project(self, server: Server, project: Project, number: int, found: PulledSummary) -> None:
        name = server_name(server, project.spec.key, number)
        seen, since = _known(self._returns, name)
        came = pull(server, number, seen, since=since, tell=self.tell)
        mine = ((one, self.desk.pseudonym(one.email)) for one in came)
        self._take(name, mine, found, project.spec.title)

    def _take(
        self, name: str, came: Iterator[tuple[Annotation, str]], found: PulledSummary, title: str = "traces"
    ) -> None:
        taken = 0
        returning: Returning | None = None
        # Oldest first: after a kill all that changed before the newest known state is known too.
        ordered = iter(sorted(came, key=lambda one: one[0].updated))
        while batch := list(islice(ordered, AT_ONCE)):
            returning = returning or self._returning(name)
            returned = returning.take(batch)
            # What a judgement came from is noted last: after a kill in between it is found again, and is the same.
            self.desk.workspace.ledger("judgements").append(returned.judgements)
            self.desk.workspace.ledger("returns").append(returned.returns)
            found.add(returned)
            taken += len(batch)
            self.progress(f"pull {title}", taken, taken, "annotations")

    def _forgotten(self) -> None:
        """Take back what a killed pull wrote of a state that was changed or deleted before it could be found again."""
        judgements, returns = self.desk.judgements(), self.desk.workspace.ledger("returns").read(["judgements"])
        noted = pc.list_flatten(returns.column("judgements"))
        acts = judgements.column("act").drop_null()
        lost = acts.filter(pc.invert(pc.is_in(acts, value_set=noted)))
        if len(lost):
            back = Standing.of(judgements).retract(sorted(set(lost.to_pylist())))
            self.desk.workspace.ledger("judgements").append(table_of(back))

    def _returning(self, name: str) -> Returning:
        desk = self.desk
        traces = traces_by_key(desk.home, desk.pseudonym) if name == TRACES else {}
        floors, forms = desk.review.review.floors, desk.review.forms()
        return Returning(
            name,
            forms,
            self._asked,
            self._judgements,
            self._returns,
            floors,
            (lambda row, shown: read_drawn(desk.home, traces, row, shown)) if name == TRACES else None,
            took_back(desk.workspace),
        )

    # Of a project nothing is in them that another one brings, so that they are read once for all.
    @cached_property
    def _judgements(self) -> pa.Table:
        return self.desk.judgements()

    @cached_property
    def _returns(self) -> pa.Table:
        return self.desk.returns()

    @cached_property
    def _asked(self) -> Mapping[str, Asked]:
        return asked_by_task(self.desk.asks().to_pylist())


def server_name(server: Server, key: str, project: int) -> str:
    """What tells a project of ours from others, under whatever address its server is found today.

    One that was made anew, in a database that was lost, is another one: nothing in it is missing.
    """
    made = server.get(f"/api/projects/{project}/")["created_at"]
    return digest("server", key, project, made)[:20]


def _known(returns: pa.Table, name: str) -> tuple[Mapping[int, str], str]:
    """The last known state of each annotation, and the time of the latest."""
    mine = returns.filter(pc.equal(returns.column("server"), name)).select(["annotation", "mark", "state", "updated"])
    rows: Sequence[dict[str, Any]] = in_time(mine.to_pylist())
    return {row["annotation"]: row["mark"] for row in rows}, max((row["updated"] or "" for row in rows), default="")
