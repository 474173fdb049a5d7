"""The folder of a review server: data, secrets, media, logs and what runs. Only its owner can look into it."""

import fcntl
import json
import os
import shlex
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from affectory.annotation.server.private import write_private
from affectory.schemas.errors import UserError


def data_home() -> Path:
    """Where programs of this user keep what they need, by the rules of XDG."""
    return Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share") / "affectory"


@dataclass(frozen=True)
class Home:
    """Where each thing of a review server lies."""

    folder: Path

    @classmethod
    def at(cls, given: Path | None = None) -> "Home":
        """As given, or this user's own."""
        return cls((given or data_home() / "review").absolute())

    @property
    def secrets(self) -> Path:
        return self.folder / "secrets.json"

    @property
    def media(self) -> Path:
        return self.folder / "media"

    @property
    def data(self) -> Path:
        return self.folder / "label-studio"

    @property
    def passwords(self) -> Path:
        return self.folder / "raters.csv"

    def log(self, name: str) -> Path:
        return self.folder / "logs" / f"{name}.log"

    def command(self, name: str) -> str:
        """A command of `affectory review` about this home, to be copied."""
        return f"affectory review {name}" + ("" if self == Home.at() else f" --home {shlex.quote(str(self.folder))}")

    def prepare(self) -> None:
        """All folders exist, and nobody else can look into them."""
        for folder in (self.folder, self.media, self.data, self.folder / "logs"):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if self.folder.stat().st_mode & 0o077:
            self.folder.chmod(0o700)

    def state(self) -> dict[str, Any]:
        """What was started here; empty where nothing was, or where the file broke off."""
        try:
            found = json.loads((self.folder / "state.json").read_text(encoding="utf-8"))
        except (FileNotFoundError, ValueError):
            return {}
        return found if isinstance(found, dict) else {}

    def remember(self, **parts: Any) -> None:
        """Change what is known to run; None forgets."""
        kept = {name: part for name, part in {**self.state(), **parts}.items() if part is not None}
        write_private(self.folder / "state.json", json.dumps(kept, indent=1))

    @contextmanager
    def alone(self) -> Iterator[None]:
        """One `up` or `down` at a time; the lock goes with the process that holds it."""
        self.prepare()
        with (self.folder / "lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise UserError(
                    f"another `affectory review` starts or stops the server of {self.folder}", "wait until it is done"
                ) from None
            yield

    @contextmanager
    def turn(self, tell: Callable[[str], None]) -> Iterator[None]:
        """One push at a time, of whichever review: each clears the media away that no task shows."""
        with (self.folder / "push.lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                tell(f"another review is pushed from {self.folder}; waiting until it is done")
                fcntl.flock(lock, fcntl.LOCK_EX)
            yield
