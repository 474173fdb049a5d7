"""What raters' browsers fetch: the media that are pushed, and for the proxy who is asked which task."""

import hashlib
import os
import shutil
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from time import time
from typing import Any

from affectory.annotation.proxy.home import Assigned, Rater, link_secret, read_assigned, read_raters, write_assigned
from affectory.annotation.proxy.home import write_raters as write_people
from affectory.annotation.proxy.links import PATH, signed_link
from affectory.annotation.server.home import Home
from affectory.annotation.shown import Media, Shown
from affectory.pipelines.review.raters import Person
from affectory.pipelines.store.assets import AssetStore, Place
from affectory.pipelines.store.originals import locate
from affectory.schemas.errors import UserError

DAY_S = 86_400
Row = Mapping[str, Any]


def all_media(shown: Shown) -> Iterable[Media]:
    """Every file of a sample, and of those that it is made of."""
    for part in (shown, *shown.sides):
        yield from part.media.values()


@dataclass(frozen=True)
class Shelf:
    """The folder of media that may be fetched: exactly those of tasks that are pushed."""

    home: Home
    store: AssetStore
    roots: Mapping[str, str]

    def put(self, media: Media, place: Place) -> None:
        """Have a file there; one of the user's own is copied, once its bytes are seen to be what was built from."""
        target = self.home.media / media.name
        if target.exists():
            return
        source = locate(self.store, self.roots, media.asset, place)
        half = target.with_name(f".{media.name}.{os.getpid()}")
        half.unlink(missing_ok=True)
        if self.store.path(media.asset) == source:
            _link(source, half)
        elif _copied(source, half) != media.asset:
            half.unlink()
            raise UserError(f"{source} changed since it was built from", "build again: the new content is read as new")
        half.replace(target)

    def sweep(self) -> int:
        """Remove files that no task shows any more; how many those were."""
        folder = self.home.folder / "assigned"
        wanted = {name for path in folder.glob("*.json") for name in read_assigned(path).media or ()}
        gone = [path for path in self.home.media.iterdir() if not path.name.startswith(".") and path.name not in wanted]
        for path in gone:
            path.unlink(missing_ok=True)
        return len(gone)


def _link(source: Path, target: Path) -> None:
    """The store never changes a file, so that it can be the same one."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)


def _copied(source: Path, target: Path) -> str:
    """The sha256 of what was copied."""
    shutil.copyfile(source, target)
    with target.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def link_of(home: Home, owns_server: bool, public: str, days: int) -> Callable[[Media], str]:
    """Where a file is served: behind the login, or of a server that we do not stand before by a link that expires.

    Such a link is good for `days` at least, and the same all that time, so that tasks do not change every night.
    """
    if owns_server:
        return lambda media: f"{PATH}{media.name}"
    secret, span = link_secret(home.folder), days * DAY_S
    until = (int(time()) // span + 2) * span
    return lambda media: signed_link(secret, public, media.name, until)


@dataclass(frozen=True)
class Pushed:
    """Tasks that lie in a project now: the number and the files of each."""

    project: int
    title: str
    numbers: Mapping[str, int]
    media: Mapping[str, set[str]]
    suggests: bool


def assign(home: Home, pushed: Pushed, asks: Sequence[Row], ids: Mapping[str, str]) -> None:
    """Tell the proxy who is asked which task of a project, in which order; `ids` are those of `tell_raters`."""
    numbers = pushed.numbers
    here = [ask for ask in asks if ask["task"] in numbers]
    mine: dict[str, list[Row]] = defaultdict(list)
    shared: dict[str, list[Row]] = defaultdict(list)
    for ask in here:
        (mine[ask["rater"]] if ask["rater"] else shared[ask["task"]]).append(ask)
    files: dict[str, list[int]] = defaultdict(list)
    for task, number in numbers.items():
        for name in pushed.media.get(task, ()):
            files[name].append(number)
    assigned = Assigned(
        pushed.title,
        {numbers[t]: {"uid": t, "overlap": len(shared.get(t, ())) or 1} for t in sorted(numbers)},
        {ids.get(rater, rater): _in_order(rows, numbers) for rater, rows in sorted(mine.items())},
        _in_order([rows[0] for rows in shared.values()], numbers),
        {name: sorted(tasks) for name, tasks in sorted(files.items())},
        pushed.suggests,
    )
    write_assigned(home.folder, pushed.project, assigned)


def unassign(home: Home, project: int) -> str:
    """Nobody is asked anything of a project any more; its title, if somebody was."""
    there = read_assigned(home.folder / "assigned" / f"{project}.json")
    if not there.tasks:
        return ""
    write_assigned(home.folder, project, Assigned(there.title, media={}))
    return there.title


def _in_order(asks: Sequence[Row], numbers: Mapping[str, int]) -> list[int]:
    ordered = sorted(asks, key=lambda ask: (ask["position"] is None, ask["position"] or 0, ask["ask_id"]))
    return list(dict.fromkeys(numbers[ask["task"]] for ask in ordered))


def tell_raters(
    home: Home, people: Sequence[Person], left: Callable[[str], bool] = lambda email: False
) -> Mapping[str, str]:
    """Tell the proxy who is who; those of other reviews stay. Returns by pseudonym under which id it knows each.

    Who led and `left` the list leads no more. The proxy has one id for a person: another review on the same server may
    know them under another key, and its raters must find their tasks all the same.
    """
    known = read_raters(home.folder)
    now = {p.email: replace(_rater(p), id=known[p.email].id if p.email in known else p.id) for p in people}
    gone = {e: replace(r, role="annotator") for e, r in known.items() if r.role == "lead" and e not in now and left(e)}
    if any(known.get(email) != rater for email, rater in {**now, **gone}.items()):
        write_people(home.folder, {**known, **now, **gone})
    return {p.id: now[p.email].id for p in people}


def _rater(person: Person) -> Rater:
    return Rater(person.id, "lead" if person.role == "lead" else "annotator", person.withdrawn, person.hours_a_week)
