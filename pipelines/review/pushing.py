"""What is planned goes to Label Studio: a task for each sample and occasion, its media, and who is asked it."""

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from affectory.annotation.client.server import Server
from affectory.annotation.fields.categories import Categories
from affectory.annotation.found import Task
from affectory.annotation.push import Pushed as Done
from affectory.annotation.push import push
from affectory.annotation.push_steps import Progress
from affectory.annotation.shown import Shown, Suggestion, shown_of
from affectory.annotation.status.earlier import earlier
from affectory.pipelines.forget.pending import delete_waiting
from affectory.pipelines.review.binding import BoundQuestion
from affectory.pipelines.review.desk import Desk, Project, Tell
from affectory.pipelines.review.doing import newest_returns
from affectory.pipelines.review.linking import refresh_links
from affectory.pipelines.review.raters import Person, raters_ever
from affectory.pipelines.review.serving import Pushed, Shelf, all_media, assign, link_of, tell_raters, unassign
from affectory.pipelines.review.tracing import ask_for_traces, ask_no_more
from affectory.pipelines.store.assets import Place
from affectory.schemas.errors import UserError
from affectory.schemas.ids import digest

Row = Mapping[str, Any]
DECIDES = "adjudication"


@dataclass(frozen=True)
class ProjectPushed:
    """What became of one project."""

    title: str
    address: str
    done: Done
    asks: int

    def facts(self) -> dict[str, Any]:
        """All of it as plain data."""
        plain = {name: value for name, value in asdict(self.done).items() if name != "numbers"}
        return {"project": self.title, "address": self.address, "asks": self.asks, **plain}

    def __str__(self) -> str:
        done = self.done
        counts = {"new": done.made, "changed": done.updated, "closed": done.closed, "as they were": done.kept}
        said = ", ".join(f"{n} {what}" for what, n in counts.items() if n) or "no tasks"
        more = [f"{done.repaired} repaired"] if done.repaired else []
        more += [f"{len(done.stale)} changed since somebody answered, and stay"] if done.stale else []
        return "; ".join([f"{self.title}: {said}", *more])


@dataclass(frozen=True)
class Pushing:
    """One push of all projects of a review."""

    desk: Desk
    tell: Tell
    progress: Any

    def run(self) -> list[ProjectPushed]:
        """Push what is planned; projects of which nothing ever was are not made."""
        desk, found = self.desk, []
        desk.home.prepare()
        with desk.home.turn(self.tell), desk.server(self.tell) as server, desk.workspace.assets() as store:
            delete_waiting(desk, server)
            ids = self._raters(server)
            shelf = Shelf(desk.home, store, desk.bound.roots)
            for project in desk.projects():
                asks = self._asks_of(project)
                if asks or self._was_pushed(server, project):
                    found.append(self._push(server, shelf, project, asks, ids))
            self._ask_no_more()
            shelf.sweep()
        return found

    def _ask_no_more(self) -> None:
        """Nothing is asked any more that is in the recipe no more, and no clip is traced that nobody is asked about."""
        asked = {ask["task"] for asks in self.open_asks.values() for ask in asks}
        ask_no_more(self.desk.home, {ask["task"] for ask in self.asks}, asked)
        left = {(project.question.name, project.kind, project.decides) for project in self.desk.projects()}
        for key, address in self.desk.addresses().items():
            if key not in left and (title := unassign(self.desk.home, int(address.rpartition("/")[2]))):
                self.tell(f"{title} is asked no more: it is not in the recipe, and answers to it are not pulled")

    def _hints(self, server: Server, number: int) -> None:
        """Our own server says when somebody answered, so that a pull which watches looks sooner."""
        from affectory.annotation.hint import ask_for_hints
        from affectory.annotation.proxy.home import hint_secret
        from affectory.annotation.proxy.mounted import HINT

        port = (self.desk.home.state().get("proxy") or {}).get("port")
        if self.desk.owns_server and port:
            ask_for_hints(server, number, f"http://127.0.0.1:{port}{HINT}", hint_secret(self.desk.home.folder))

    def _address(self, server: Server, number: int) -> str:
        """Where people find a project: of our own server through the proxy."""
        from affectory.annotation.server.up import running

        own = running(self.desk.home) if self.desk.owns_server else None
        return f"{own.public if own else server.url}/projects/{number}"

    @cached_property
    def asks(self) -> list[Row]:
        """The newest revision of every ask."""
        found: dict[str, Row] = {}
        for row in sorted(self.desk.asks().to_pylist(), key=lambda r: int(r["revision"])):
            shown = row["shown"] or (found[row["ask_id"]]["shown"] if row["ask_id"] in found else None)
            found[row["ask_id"]] = {**row, "shown": shown}
        return sorted(found.values(), key=lambda r: str(r["ask_id"]))

    def _asks_of(self, project: Project) -> list[Row]:
        return self.open_asks.get((project.question.name, project.kind, project.decides), [])

    @cached_property
    def open_asks(self) -> Mapping[tuple[str, str, bool], list[Row]]:
        """The open asks about what may be shown today: of whoever withdrew nothing is, answered or not."""
        may = {question.name: self._showable(question) for question in self.desk.review.questions}
        found: dict[tuple[str, str, bool], list[Row]] = defaultdict(list)
        for ask in self.asks:
            if ask["closed"] is None and ask["sample_id"] in may.get(ask["question"], ()):
                key = ask["question"], json.loads(ask["shown"])["kind"], ask["purpose"] == DECIDES
                found[key].append(ask)
        return found

    def _showable(self, question: BoundQuestion) -> Set[str]:
        hidden = self.desk.withheld
        return self.desk.material.showable(question.question, hidden, question.compared).shown.keys()

    def _was_pushed(self, server: Server, project: Project) -> bool:
        from affectory.annotation.push_project import known

        return known(server, project.spec) is not None

    def _raters(self, server: Server) -> Mapping[str, str]:
        """Those of the list can log in, and the proxy knows them."""
        people = self.desk.people
        if self.desk.owns_server and people:
            from affectory.annotation.server.accounts import invite

            wanted = [person.email for person in people if not person.withdrawn]
            made = invite(server, wanted, self.desk.home.passwords)
            if made:
                self.tell(f"{made} raters can log in now; their first passwords are in {self.desk.home.passwords}")
        listed_once = raters_ever(self.desk.workspace) if people else frozenset()
        who = [*self._admin(), *people]
        return tell_raters(self.desk.home, who, lambda email: self.desk.pseudonym(email) in listed_once)

    def _admin(self) -> Iterator[Person]:
        """Who runs the server reaches all of it."""
        from affectory.annotation.server.up import running

        found = running(self.desk.home) if self.desk.owns_server else None
        if found is not None:
            yield Person(found.email, self.desk.pseudonym(found.email), role="lead")

    def _push(
        self, server: Server, shelf: Shelf, project: Project, asks: Sequence[Row], ids: Mapping[str, str]
    ) -> ProjectPushed:
        by_task: dict[str, list[Row]] = defaultdict(list)
        for ask in asks:
            by_task[ask["task"]].append(ask)
        media: dict[str, set[str]] = {}
        tasks = []
        for task, rows in by_task.items():
            shown = shown_of(json.loads(rows[0]["shown"]))
            media[task] = set(self._shelved(shelf, shown))
            tasks.append(self._task(project, task, rows, shown))
        done = push(server, project.spec, tasks, tell=self.tell, progress=self._at(project))
        if not self.desk.owns_server:
            refresh_links(server, done, {task.uid: task for task in tasks})
        ask_for_traces(self.desk.home, project, by_task, ids)
        pushed = Pushed(done.project_id, project.spec.title, done.numbers, media, project.spec.suggests)
        assign(self.desk.home, pushed, asks, ids)
        self._hints(server, done.project_id)
        address = self._address(server, done.project_id)
        self.desk.remember({(project.question.name, project.kind, project.decides): address})
        return ProjectPushed(project.spec.title, address, done, len(asks))

    def _at(self, project: Project) -> Any:
        def at(progress: Progress) -> None:
            self.progress(f"push {project.question.name} ({project.kind})", progress.done, progress.of, "tasks")

        return at

    def _shelved(self, shelf: Shelf, shown: Shown) -> Iterator[str]:
        for part in (shown, *shown.sides):
            row = self.desk.material.rows.get(part.sample_id)
            for media in all_media(part):
                if not (shelf.home.media / media.name).exists():
                    if row is None:
                        raise UserError(
                            f"{part.sample_id} is in no build any more", "plan again: affectory review plan"
                        )
                    original = (row["original"] or {}).get("asset")
                    shelf.put(media, Place(row["source"], row["uri"], original))
                yield media.name

    def _task(self, project: Project, task: str, asks: Sequence[Row], shown: Shown) -> Task:
        form = project.question.deciding[project.kind] if project.decides else project.question.forms[project.kind]
        facts = json.loads(asks[0]["shown"])
        said = self._said(project, task, shown) if project.decides else ()
        data = form.data(shown, self._link, earlier=said, trace=f"{self._origin}/trace/?task={task}")
        data = {**data, "shown": shown.content}
        suggestion = facts.get("suggestion")
        prediction = form.prediction(Suggestion(**suggestion)) if suggestion and not project.decides else None
        return Task(task, digest(data, prediction)[:24], data, prediction, len(asks))

    @property
    def _origin(self) -> str:
        """What stands before addresses of our proxy: nothing where it stands before Label Studio too."""
        return "" if self.desk.owns_server else (self.desk.review.review.public or "").rstrip("/")

    @cached_property
    def _link(self) -> Any:
        review = self.desk.review.review
        if not self.desk.owns_server and not review.public:
            hint = "say under which address our proxy serves media: review: {public: https://...}"
            raise UserError("an existing server has to be told where media lie", hint)
        return link_of(self.desk.home, self.desk.owns_server, review.public or "", review.links_days)

    def _said(self, project: Project, task: str, shown: Shown) -> Sequence[str]:
        """What was said before of the sample, by nobody's name."""
        steps = next(
            (f.intensity for f in project.question.forms[project.kind].fields if isinstance(f, Categories)), None
        )
        acts = pa.array(sorted(self._acts.get(shown.sample_id, ())), pa.string())
        rows = self._judgements.filter(pc.is_in(self._judgements.column("act"), value_set=acts))
        return earlier(rows, task, steps=steps, start_us=shown.anchor.get("start_us") or 0)

    @cached_property
    def _judgements(self) -> pa.Table:
        return self.desk.judgements()

    @cached_property
    def _acts(self) -> Mapping[str, set[str]]:
        """The judgements that were given about each sample."""
        sample_of = {ask["task"]: ask["sample_id"] for ask in self.asks}
        found: dict[str, set[str]] = defaultdict(set)
        for row in newest_returns(self.desk.returns()):
            if row["task"] in sample_of:
                found[sample_of[row["task"]]].update(row["judgements"] or ())
        return found
