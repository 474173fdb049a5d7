"""The place a dataset is built in: ledgers that are kept, fits that stay until refitted, and what is derived."""

import hashlib
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from affectory.pipelines.store.answers import Answers, look_anew
from affectory.pipelines.store.assets import AssetStore
from affectory.pipelines.store.budget import Budget, Limits, forget_claims
from affectory.pipelines.store.commits import CommitStore
from affectory.pipelines.store.files import Files, below, files_at, is_remote, local_path, unguarded
from affectory.pipelines.store.forgotten import Forgotten
from affectory.pipelines.store.lease import Lease, guard
from affectory.pipelines.store.ledger import Ledger
from affectory.pipelines.store.usage import Meter, Reading
from affectory.schemas.ledgers import LEDGERS
from affectory.transforms.base import Whom

_OF_BUILD = "asking"
"""The folder of what a build's processes tell each other about their questions."""


@dataclass(frozen=True)
class Workspace:
    """Where everything of one dataset lies: a folder, or a prefix on object storage. Only `derived` may be deleted.

    Who holds its lease writes under the epoch of it; once a later one began, such a writer can write no more.
    """

    root: str | Path
    epoch: int | None = None

    def held(self, epoch: int) -> "Workspace":
        """The same, for the holder of a lease to write in."""
        return replace(self, epoch=epoch)

    def files(self, folder: str) -> Files:
        """The files of a folder, which only the holder of the lease may add to where one is named."""
        return files_at(below(self.root, folder), self._guard)

    @property
    def derived(self) -> str:
        return below(self.root, "derived")

    def ledger(self, name: str) -> Ledger:
        return Ledger(below(self.root, "ledgers"), LEDGERS[name], self._guard)

    def forgotten(self) -> Forgotten:
        """Who and what was asked to be forgotten."""
        return Forgotten.below(below(self.root, "ledgers"))

    def answers(self, whom: Whom, epoch: int = 0) -> Answers:
        """The replies of one model, for the build of an epoch. One that lost its lease still keeps what it paid for."""
        return Answers(files_at(below(self.root, "ledgers/answers")), whom, epoch)

    def commits(self, epoch: int | None = None) -> CommitStore:
        """The commits; a writer names the epoch of its lease."""
        return CommitStore(self.derived, self._guard if epoch is None else self.guard(epoch))

    def assets(self) -> AssetStore:
        return AssetStore(below(self.derived, "assets"))

    def hashes(self) -> Path:
        """What this machine remembers of file hashes."""
        folder = self.machine_folder if is_remote(self.root) else local_path(self.derived)
        return folder / "hashes.sqlite"

    def records(self) -> Files:
        """Small JSON records of scans, imports and builds."""
        return self.files("derived/records")

    def budget(self, limits: Limits, epoch: int) -> Budget:
        """What the build of an epoch may ask of models."""
        return Budget(self.records(), f"{_OF_BUILD}/{epoch}/claims", limits)

    def meter(self, epoch: int) -> Meter:
        """Where a process of that build tells what it asks."""
        return Meter(self.records(), f"{_OF_BUILD}/{epoch}/asked")

    def asked(self, epoch: int) -> Reading:
        """What all of them told."""
        return Reading(self.records(), f"{_OF_BUILD}/{epoch}/asked")

    def forget_asked(self) -> None:
        """Remove what builds told of their questions; called by the holder of the lease."""
        files = self.records()
        files.discard(list(files.names(_OF_BUILD)))
        forget_claims(files.location)
        look_anew()

    def exchanges(self) -> Files:
        """What steps over the whole dataset write while they are under way."""
        return self.files("derived/exchanges")

    def fits(self) -> Files:
        """Dataset-wide fits: new rows are placed by them, only a refit changes them."""
        return self.files("fits")

    def runs(self) -> Files:
        """The logs of runs."""
        return files_at(below(self.root, "runs"))

    def log(self, name: str) -> Path:
        """Where this machine writes the log of a run while it lasts."""
        folder = self.machine_folder if is_remote(self.root) else local_path(self.root)
        return folder / "runs" / name

    @property
    def machine_folder(self) -> Path:
        """What only this machine needs to remember of a workspace that lies elsewhere; it may be deleted."""
        caches = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
        return caches / "affectory" / "workspaces" / hashlib.sha256(str(self.root).encode()).hexdigest()[:16]

    def lease(self) -> Lease:
        return Lease(below(self.root, "lease"))

    def guard(self, epoch: int) -> Callable[[], None]:
        return lambda: guard(below(self.root, "lease"), epoch)

    @property
    def _guard(self) -> Callable[[], None]:
        return unguarded if self.epoch is None else self.guard(self.epoch)

    def clean(self) -> int:
        """Delete all that is derived; the bytes that this freed. Ledgers and fits are out of its reach."""
        self._guard()
        sizes = self.files("derived").sizes()
        if is_remote(self.root):
            self.hashes().unlink(missing_ok=True)
            # Manifests first, as in a sweep: a kill in between leaves none that names what is gone.
            self.files("derived").discard(sorted(sizes, key=lambda name: (not name.startswith("commits/"), name)))
        else:
            shutil.rmtree(self.derived, ignore_errors=True)
        return sum(sizes.values())
