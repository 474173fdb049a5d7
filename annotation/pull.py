"""What raters said since we last looked: new, edited, skipped, taken up again, and deleted annotations.

What changed is found by the times at which tasks were changed, and by counting: where Label Studio counts other
annotations than we know of, all are read, so that nothing is missed that left no time behind. Community keeps no
history: of several states between two pulls the last is found.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from affectory.annotation.client.errors import Refused
from affectory.annotation.client.listing import AT_ONCE, changed_since, changed_since_count, counts, emails, exported
from affectory.annotation.client.server import Server, silence
from affectory.annotation.found import Annotation, ProjectSpec
from affectory.annotation.push_project import known
from affectory.schemas.errors import UserError
from affectory.schemas.ids import digest

FEW = 1000
"""Annotations that are read all together, faster than it is found out which of them changed."""
CHEAPER = 0.5
"""Changed tasks for each annotation, up to which they are looked for."""
GONE = "deleted"
"""The state of what is deleted, as `seen` may say it."""
BEHIND = timedelta(minutes=2)
"""How long before `since` is looked at too: a change has the time at which it began, and is seen when it has ended."""


def state_of(annotation: Annotation) -> str:
    """A hash of the state in which an annotation was found; every time it is saved is a state of its own.

    Whose it is is no part of it: an address could be guessed from a hash, and ledgers keep this one.
    """
    if annotation.state == "deleted":
        return GONE
    a = annotation
    return digest("annotation", a.uid, a.number, a.state, a.updated, [dict(region) for region in a.result])


def pull(
    server: Server,
    project: ProjectSpec | int,
    seen: Mapping[int, str],
    *,
    since: str = "",
    tell: Callable[[str], None] = silence,
) -> Iterator[Annotation]:
    """Every annotation whose state is not the one in `seen`, as it is now; one that is gone comes as `deleted`.

    `seen` is the last known state of each annotation by its number, from `state_of`. `since` is the greatest `updated`
    that was ever pulled from this project; without it all that was ever said is read. A deleted one has no `uid` and
    no `email`: whoever holds `seen` knows whose it was.
    """
    number = _number(server, project)
    alive = {annotation for annotation, state in seen.items() if state != GONE}
    look = _Look(server, number, seen, emails(server))
    if since and _worth_it(server, number, _earlier(since)):
        yield from look.changed(_earlier(since))
        if counts(server, number).annotations != len(alive | look.found):
            yield from look.everything()
    else:
        yield from look.everything()
    if look.whole:
        yield from _deleted(server, sorted(alive - look.found))


@dataclass
class _Look:
    """One pull: which annotations were found, and in which state they were given."""

    server: Server
    project: int
    seen: Mapping[int, str]
    emails: Mapping[int, str]
    found: set[int] = field(default_factory=set)
    whole: bool = False
    """Whether all that there is was read."""
    _given: dict[int, str] = field(default_factory=dict)

    def everything(self) -> Iterator[Annotation]:
        """Of all tasks that somebody answered."""
        self.found.clear()
        yield from self._read()
        self.whole = True

    def changed(self, since: str) -> Iterator[Annotation]:
        """Of tasks that were changed since."""
        tasks = list(changed_since(self.server, self.project, since))
        for start in range(0, len(tasks), AT_ONCE):
            yield from self._read(tasks[start : start + AT_ONCE])

    def _read(self, tasks: Sequence[int] = ()) -> Iterator[Annotation]:
        for task in exported(self.server, self.project, tasks):
            for one in annotations_of(task, self.emails):
                self.found.add(one.annotation)
                if self._new(one):
                    yield one

    def _new(self, one: Annotation) -> bool:
        state = state_of(one)
        if self._given.get(one.annotation, self.seen.get(one.annotation)) == state:
            return False
        self._given[one.annotation] = state
        return True


def annotations_of(task: Mapping[str, Any], emails: Mapping[int, str]) -> Iterator[Annotation]:
    """The annotations of a task as Label Studio exports it; drafts are no answers."""
    data = task.get("data")
    data = data if isinstance(data, dict) else {}
    uid, shown = data.get("uid"), data.get("shown")
    for one in task.get("annotations") or ():
        regions = one.get("result")
        yield Annotation(
            annotation=int(one["id"]),
            number=int(task["id"]),
            uid=uid if isinstance(uid, str) else "",
            email=emails.get(who, "") if isinstance(who := one.get("completed_by"), int) else "",
            state="skipped" if one.get("was_cancelled") else "stored",
            updated=str(one.get("updated_at") or ""),
            spent_s=_seconds(one.get("lead_time")),
            result=tuple(region for region in regions if isinstance(region, dict)) if isinstance(regions, list) else (),
            shown=shown if isinstance(shown, str) else "",
        )


def _worth_it(server: Server, project: int, since: str) -> bool:
    """Whether to read what changed is less work than to read all. Tasks that were only just pushed have changed too."""
    answers = counts(server, project).annotations
    return answers > FEW and changed_since_count(server, project, since) < CHEAPER * answers


def _number(server: Server, project: ProjectSpec | int) -> int:
    """A project that is gone is no reason to take back all that was said in it."""
    number = project if isinstance(project, int) else known(server, project)
    if number is None:
        title = project.title if isinstance(project, ProjectSpec) else str(project)
        raise UserError(f"Label Studio at {server.url} has no project {title!r} of ours.", "Push first.")
    counts(server, number)  # or it is gone
    return number


def _deleted(server: Server, missing: Sequence[int]) -> Iterator[Annotation]:
    """Each is asked for by its number before it is believed to be gone."""
    for annotation in missing:
        try:
            server.get(f"/api/annotations/{annotation}/")
        except Refused as refused:
            if refused.status != 404:
                raise
            yield Annotation(annotation, 0, "", "", "deleted")


def _earlier(since: str) -> str:
    """As Label Studio reads times: in UTC, and with a fraction of the second, which it cannot do without."""
    try:
        return (datetime.fromisoformat(since).astimezone(UTC) - BEHIND).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    except ValueError:
        raise ValueError(f"no time: {since!r}") from None


def _seconds(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) and 0 <= value < 1e7 else None
