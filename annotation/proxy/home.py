"""The facts that the proxy works from: who people are, who is asked what, and a secret, each a file in its home."""

import json
import os
import secrets
import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Generic, Literal, TypeVar

Role = Literal["annotator", "lead"]
T = TypeVar("T")


@dataclass(frozen=True)
class Rater:
    """Somebody who may log in; `id` is the pseudonym, `hours` the most that they may work in a week."""

    id: str
    role: Role = "annotator"
    withdrawn: bool = False
    hours: float | None = None


@dataclass(frozen=True)
class Assigned:
    """Who is asked what in one project, by task number.

    A rater without a list of their own gets from `anyone` what still has fewer answers than its overlap. `media` says
    which tasks show a file; without it every logged-in rater of the project may fetch all. `suggests` lets raters see
    predictions.
    """

    title: str = ""
    tasks: Mapping[int, Mapping[str, Any]] = field(default_factory=dict)
    raters: Mapping[str, Sequence[int]] = field(default_factory=dict)
    anyone: Sequence[int] = ()
    media: Mapping[str, Sequence[int]] | None = None
    suggests: bool = False

    def listed(self, rater: str) -> Sequence[int]:
        """Task numbers that a rater may be asked, in order."""
        return self.raters.get(rater, self.anyone)

    def asks(self, rater: str, task: int) -> bool:
        """Whether a rater may be asked a task."""
        return task in (self._theirs.get(rater, frozenset()) if rater in self.raters else self._anyones)

    def overlap(self, task: int) -> int:
        """How many people are asked a task that is anyone's."""
        return int(self.tasks.get(task, {}).get("overlap", 1))

    @cached_property
    def _theirs(self) -> dict[str, frozenset[int]]:
        return {rater: frozenset(tasks) for rater, tasks in self.raters.items()}

    @cached_property
    def _anyones(self) -> frozenset[int]:
        return frozenset(self.anyone)


def write_raters(home: Path, raters: Mapping[str, Rater]) -> None:
    """Writes who is who; keys are e-mail addresses exactly as Label Studio holds them."""
    _write(home / "raters.json", {email: asdict(rater) for email, rater in sorted(raters.items())})


def read_raters(home: Path) -> dict[str, Rater]:
    """Who is who; nobody, where nothing was written yet."""
    return {email: _rater(row) for email, row in _read(home / "raters.json").items()}


def write_assigned(home: Path, project: int, assigned: Assigned) -> None:
    """Writes who is asked what in a project."""
    _write(home / "assigned" / f"{project}.json", asdict(assigned))


def read_assigned(path: Path) -> Assigned:
    """Who is asked what in a project, as written by `write_assigned`."""
    row = _read(path)
    return Assigned(
        title=str(row.get("title", "")),
        tasks={int(number): dict(task) for number, task in row.get("tasks", {}).items()},
        raters={str(rater): tuple(map(int, tasks)) for rater, tasks in row.get("raters", {}).items()},
        anyone=tuple(map(int, row.get("anyone", ()))),
        media=None if row.get("media") is None else {str(k): tuple(map(int, v)) for k, v in row["media"].items()},
        suggests=row.get("suggests") is True,
    )


def link_secret(home: Path) -> bytes:
    """The secret that links to media are signed with, made when first asked for."""
    return _secret(home / "link-secret").encode()


def hint_secret(home: Path) -> str:
    """What Label Studio says when it calls us, made when first asked for."""
    return _secret(home / "hint-secret")


def _secret(path: Path) -> str:
    if not path.exists():
        _write(path, {"secret": secrets.token_urlsafe(48)}, replace=False)
    return str(_read(path)["secret"])


class Facts:
    """What lies in the home, read again when it changed; a file that does not parse leaves what was known before."""

    def __init__(self, home: Path) -> None:
        self.home = home
        nobody: dict[str, Rater] = {}
        self._raters = _Kept(home / "raters.json", lambda path: read_raters(path.parent), nobody)
        self._projects: dict[int, _Kept[Assigned]] = {}

    def rater(self, email: str) -> Rater | None:
        """The rater with this address; letters must agree in case too, or another account could pass for theirs."""
        return self._raters.now().get(email)

    def projects(self) -> dict[int, Assigned]:
        """All projects in which somebody is asked something."""
        paths = {int(p.stem): p for p in sorted((self.home / "assigned").glob("*.json")) if p.stem.isdecimal()}
        for number, path in paths.items():
            self._projects.setdefault(number, _Kept(path, read_assigned, Assigned()))
        return {number: self._projects[number].now() for number in sorted(paths)}

    def project(self, number: int) -> Assigned | None:
        """One project, or None where it is not ours."""
        return self.projects().get(number)


class _Kept(Generic[T]):
    def __init__(self, path: Path, read: Callable[[Path], T], before: T) -> None:
        self._path, self._read, self._value = path, read, before
        self._stamp: tuple[int, int, int] | None = None

    def now(self) -> T:
        stamp = _stamp(self._path)
        if stamp != self._stamp and stamp is not None:
            with suppress(OSError, ValueError, TypeError, AttributeError, KeyError):  # half written, by hand
                self._value, self._stamp = self._read(self._path), stamp
        return self._value


def _stamp(path: Path) -> tuple[int, int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino


def _rater(row: Mapping[str, Any]) -> Rater:
    hours = row.get("hours")
    role: Role = "lead" if row.get("role") == "lead" else "annotator"
    return Rater(str(row["id"]), role, bool(row.get("withdrawn", False)), None if hours is None else float(hours))


def _read(path: Path) -> dict[str, Any]:
    if not path.exists():
        return {}
    found = json.loads(path.read_text(encoding="utf-8"))
    if not isinstance(found, dict):
        raise ValueError(f"{path.name} holds no object")
    return found


def _write(path: Path, value: Mapping[str, Any], *, replace: bool = True) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")  # made 0600
    draft = Path(name)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(value, file, ensure_ascii=False)
            file.flush()
            os.fsync(file.fileno())
        if replace:
            draft.replace(path)
        else:
            _link(draft, path)
    finally:
        draft.unlink(missing_ok=True)


def _link(draft: Path, path: Path) -> None:
    """Where two make a secret at once, the first one's stays."""
    with suppress(FileExistsError):
        path.hardlink_to(draft)
