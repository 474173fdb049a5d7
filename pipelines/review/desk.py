"""What all commands of a review work on: the recipe, what was built, who is asked, and where Label Studio is."""

import json
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from affectory.annotation.found import ProjectSpec
from affectory.annotation.server.home import Home
from affectory.pipelines.bind import Bound
from affectory.pipelines.forget.requested import refuse_half_forgotten
from affectory.pipelines.history import last_build
from affectory.pipelines.people import hold_to_key
from affectory.pipelines.purposes.licences import Licences
from affectory.pipelines.purposes.withholding import unlicensed
from affectory.pipelines.purposes.words import Rules
from affectory.pipelines.review.binding import BoundQuestion, BoundReview
from affectory.pipelines.review.gold import read_gold
from affectory.pipelines.review.material import Material
from affectory.pipelines.review.raters import Person, note_raters, read_raters
from affectory.pipelines.review.withheld import Withheld, withheld
from affectory.pipelines.store.files import below
from affectory.pipelines.store.lease import Lease, LeaseHeld
from affectory.pipelines.store.workspace import Workspace
from affectory.schemas.errors import AffectoryError, Exit, UserError
from affectory.schemas.ids import digest

if TYPE_CHECKING:
    from affectory.annotation.client.server import Server

Tell = Callable[[str], None]


@dataclass(eq=False)
class ReviewHeld(AffectoryError):
    """Another review command is at work in this workspace."""

    exit_code = Exit.LEASE
    holder: str
    since: str

    def __str__(self) -> str:
        return f"another review command is at work here: {self.holder}, since {self.since}\n  wait for it to end"


@dataclass(frozen=True)
class Project:
    """One interface as a project of Label Studio: what is asked about one kind of sample, or decided about it."""

    question: BoundQuestion
    kind: str
    decides: bool
    spec: ProjectSpec


@dataclass(frozen=True)
class Desk:
    """A review at work."""

    bound: Bound
    review: BoundReview
    workspace: Workspace
    home: Home
    today: date
    dry: bool = False
    """Whether nothing is written down."""

    @classmethod
    def of(cls, bound: Bound, workspace: Workspace, home: Home) -> "Desk":
        if bound.review is None:
            hint = "say there what people are asked: review: {ask: [categories], raters: 3, budget: 500}"
            raise UserError(f"{bound.recipe.file} has no `review`", hint)
        return cls(bound, bound.review, workspace, home, datetime.now(UTC).date())

    @property
    def withheld(self) -> Withheld:
        """What nobody is shown today."""
        spec, build = self.bound.recipe.spec, last_build(self.workspace)
        barred = unlicensed(self.workspace, build, Licences.of(spec.publish)) if build else {}
        return withheld(self.workspace, self.today, Rules.of(spec.people), barred)

    @property
    def dataset(self) -> str:
        return self.bound.recipe.spec.dataset

    @cached_property
    def material(self) -> Material:
        """The samples and opinions of the last build."""
        record = last_build(self.workspace)
        if record is None:
            raise UserError(f"nothing was built in {self.workspace.root} yet", "build first: affectory build")
        return Material.of(self.workspace, record)

    @cached_property
    def people(self) -> list[Person]:
        """The raters of the recipe's list; none where it names no list."""
        path = self.review.raters_file
        listed, forgotten = read_raters(path, self.pseudonym) if path else [], self.workspace.forgotten()
        listed = [person for person in listed if not forgotten.knows(person.id)]
        return note_raters(self.workspace, listed, write=not self.dry)

    def pseudonym(self, email: str) -> str:
        """A rater's id: one for an address however it is written."""
        return self.bound.pseudonym(email.strip().lower()) if email else ""

    def asks(self) -> pa.Table:
        return self.workspace.ledger("asks").read()

    def returns(self) -> pa.Table:
        return self.workspace.ledger("returns").read()

    def judgements(self) -> pa.Table:
        """Those that people gave in reviews."""
        ledger = self.workspace.ledger("judgements").read()
        return ledger.filter(pc.is_null(ledger.column("origin")))

    def gold(self, question: BoundQuestion) -> Mapping[str, tuple[str, ...]]:
        """Samples whose answer is known."""
        if question.gold is None:
            return {}
        return read_gold(question.gold, self.material.samples, self.bound.taxonomy)

    def projects(self) -> Iterator[Project]:
        """All projects that the recipe may need, those for adjudication last."""
        for decides in (False, True):
            for question in self.review.questions:
                if not decides or question.question.adjudicate:
                    yield from (self._project(question, kind, decides) for kind in question.forms)

    def _project(self, question: BoundQuestion, kind: str, decides: bool) -> Project:
        form = question.deciding[kind] if decides else question.forms[kind]
        named = "" if question.name == "main" else f"{question.name}, "
        what = f"{named}{kind}{' (decisions)' if decides else ''}"
        key = digest(self.mark, question.name, kind, decides)
        title = f"{self.dataset}: {what}"
        suggests = question.question.suggest is not None
        spec = ProjectSpec(key[:20], title, form.config(), form.instructions(), question.question.raters, suggests)
        return Project(question, kind, decides, spec)

    @cached_property
    def mark(self) -> str:
        """What tells this review from all others on the same server, wherever its workspace is moved to."""
        files = self.workspace.files("ledgers")
        if not files.exists("review.mark"):
            files.create("review.mark", uuid.uuid4().hex.encode())
        return files.read("review.mark").decode()

    @property
    def owns_server(self) -> bool:
        """Whether Label Studio is that of `affectory review up`."""
        return self.review.review.url is None

    def server(self, tell: Tell) -> "Server":
        """Label Studio, once it let us in."""
        from affectory.annotation.client.server import Server
        from affectory.annotation.server.up import require_running

        review = self.review.review
        if review.url is None:
            running = require_running(self.home)
            return Server.at(running.url, running.token, tell=tell)
        if review.token is None:
            hint = 'review: {url: ..., token: "${env:LABEL_STUDIO_TOKEN}"}'
            raise UserError(f"Label Studio at {review.url} lets nobody in without a token", hint)
        return Server.at(review.url, review.token.reveal(), tell=tell)

    def remember(self, addresses: Mapping[tuple[str, str, bool], str]) -> None:
        """Keep where each project is: the name of its questions, the kind of sample, whether it is for decisions."""
        from affectory.annotation.server.private import write_private

        rows = [[*key, address] for key, address in sorted({**self.addresses(), **addresses}.items())]
        self._places.parent.mkdir(exist_ok=True)
        write_private(self._places, json.dumps(rows))

    def addresses(self) -> dict[tuple[str, str, bool], str]:
        """Where each project is that was pushed from this machine."""
        if not self._places.exists():
            return {}
        return {(name, kind, decides): address for name, kind, decides, address in json.loads(self._places.read_text())}

    @property
    def _places(self) -> Path:
        return self.home.folder / "projects" / f"{self.mark}.json"

    @contextmanager
    def alone(self) -> Iterator[None]:
        """One review command at a time in a workspace; builds go on meanwhile."""
        try:
            with Lease(below(self.workspace.root, "review-lease")):
                hold_to_key(self.workspace, self.bound.pseudonym)
                refuse_half_forgotten(self.workspace)
                yield
        except LeaseHeld as held:
            raise ReviewHeld(held.holder, held.since) from held
