"""Forgetting a person: found, shown, kept from coming back, and then taken out of everything that can be reached.

What is to go is written down before anything goes, so that a removal which was cut short is finished by the next
command; once all is gone, that goes as well.
"""

import re
import unicodedata
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from affectory.pipelines.bind import Bound
from affectory.pipelines.forget import ledgers, pending
from affectory.pipelines.forget.finishing import finish_forgetting
from affectory.pipelines.forget.gather import gather
from affectory.pipelines.forget.held import held_by
from affectory.pipelines.forget.plan import Done, Plan
from affectory.pipelines.forget.requested import FOLDER, INTENT
from affectory.pipelines.forget.traces import Tell, Traces
from affectory.pipelines.people import hold_to_key
from affectory.pipelines.store.files import below
from affectory.pipelines.store.lease import Lease
from affectory.pipelines.store.workspace import Workspace
from affectory.schemas.errors import AffectoryError, UserError
from affectory.schemas.reasons import MOST_CHARACTERS, one_line
from affectory.schemas.urls import Location

_PSEUDONYM = re.compile(r"p_[0-9a-f]{20}")


@dataclass(frozen=True)
class Forgetting:
    """A recipe's workspace, its releases, and who hears what is done."""

    bound: Bound
    workspace: Workspace
    releases: Location
    tell: Tell = lambda _: None
    home: Path | None = None
    """Of the review, where it is not this user's own."""

    @contextmanager
    def alone(self) -> Iterator["Forgetting"]:
        """While no build and no review command is at work; what was cut short is finished first."""
        with ExitStack() as held:
            lease = held.enter_context(self.workspace.lease())
            held.enter_context(Lease(below(self.workspace.root, "review-lease")))
            found = replace(self, workspace=self.workspace.held(lease.epoch))
            hold_to_key(found.workspace, self.bound.pseudonym)
            if finish_forgetting(found.workspace, self.tell):
                self.tell("a removal that had been cut short is finished now")
            yield found

    def plan(self, given: str, reason: str) -> Plan:
        """What there is of a person; nothing is changed."""
        person, reason = person_of(given, self.bound.pseudonym), told_plainly(reason)
        refuse_naming(reason, given, person)
        traces = gather(self.workspace, person, reason, uuid.uuid4().hex[:12])
        return Plan(traces, ledgers.count(self.workspace, traces), self._held_by(traces))

    def _held_by(self, traces: Traces) -> Mapping[str, int]:
        """Whoever asks to be forgotten does not wait until a bucket can be reached."""
        try:
            return held_by(self.releases, traces)
        except (AffectoryError, OSError) as error:
            self.tell(f"the releases at {self.releases} could not be looked at: {str(error).splitlines()[0]}")
            return {}

    def forget(self, plan: Plan) -> Done:
        """Take all of it out."""
        if plan.rows.get("asks") or plan.rows.get("returns"):
            pending.note(self.workspace)
        self.workspace.files(FOLDER).create(INTENT, plan.traces.to_json())
        finish_forgetting(self.workspace, self.tell)
        return Done(plan, pending.clear(self.bound, self.workspace, self.tell, self.home))


def person_of(given: str, pseudonym: Callable[[str], str]) -> str:
    """The pseudonym of a person, given as that, by name, or by address as raters are."""
    given = given.strip()
    if not given:
        raise UserError("nobody was named", "--person p_..., or the name as it stands in the data")
    if _PSEUDONYM.fullmatch(given):
        return given
    return pseudonym(given.lower() if "@" in given else given)


def told_plainly(reason: str) -> str:
    """The reason as it is published; raises where it is none that could be."""
    if said := one_line(reason):
        return said
    hint = f"one line of at most {MOST_CHARACTERS} characters, without naming anybody: --reason 'asked by mail'"
    raise UserError("no reason was given that could be published", hint)


def refuse_naming(reason: str, given: str, person: str) -> None:
    """Raise where a reason, which is published, would name who is forgotten."""
    words, name = _folded(reason), _folded(given.strip())
    parts = (name, *(part for part in re.split(r"[\s@._-]+", name) if len(part) > 2))
    if person in words or any(re.search(rf"(?<![^\W_]){re.escape(part)}(?![^\W_])", words) for part in parts):
        raise UserError("the reason names the person, and it is published", "say why without the name: --reason ...")


def _folded(text: str) -> str:
    """Without case and accents, however these are encoded."""
    apart = unicodedata.normalize("NFKD", text).casefold()
    return "".join(c for c in apart if not unicodedata.combining(c))
