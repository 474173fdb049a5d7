"""Forgetting a person: found, shown, kept from coming back, and then taken out of everything that can be reached.

What is to go is written down before anything goes, so that a removal which was cut short is finished by the next
command; once all is gone, that goes as well.
"""

import re
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
        person = person_of(given, self.bound.pseudonym)
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


def refuse_naming(reason: str, given: str, person: str) -> None:
    """Raise where a reason, which is published, would name who is forgotten."""
    words, name = reason.casefold(), given.strip().casefold()
    if not words.strip():
        raise UserError("no reason was given", "say why, without naming anybody: --reason 'asked by mail'")
    parts = (name, *(part for part in re.split(r"[\s@._-]+", name) if len(part) > 2))
    if person in words or any(re.search(rf"(?<!\w){re.escape(part)}(?!\w)", words) for part in parts):
        raise UserError("the reason names the person, and it is published", "say why without the name: --reason ...")
