"""The folder a dataset is built in: ledgers that are kept, fits that stay until refitted, and what is derived."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from affectory.pipelines.store.answers import Answers
from affectory.pipelines.store.assets import AssetStore
from affectory.pipelines.store.commits import CommitStore
from affectory.pipelines.store.files import LocalFiles
from affectory.pipelines.store.lease import Lease, guard
from affectory.pipelines.store.ledger import Ledger
from affectory.schemas.ledgers import LEDGERS
from affectory.transforms.base import Whom


@dataclass(frozen=True)
class Workspace:
    """Where everything of one dataset lies. Only `derived` may be deleted."""

    root: Path

    @property
    def derived(self) -> Path:
        return self.root / "derived"

    def ledger(self, name: str) -> Ledger:
        return Ledger(self.root / "ledgers", LEDGERS[name])

    def answers(self, whom: Whom, epoch: int = 0) -> Answers:
        """The replies of one model, for the build of an epoch."""
        return Answers(LocalFiles(self.root / "ledgers" / "answers"), whom, epoch)

    def commits(self, epoch: int | None = None) -> CommitStore:
        """The commits; a writer names the epoch of its lease."""
        return CommitStore(self.derived, self.guard(epoch) if epoch is not None else lambda: None)

    def assets(self) -> AssetStore:
        return AssetStore(self.derived / "assets")

    def hashes(self) -> Path:
        """What is remembered of file hashes."""
        return self.derived / "hashes.sqlite"

    def records(self) -> LocalFiles:
        """Small JSON records of scans, imports and builds."""
        return LocalFiles(self.derived / "records")

    def exchanges(self) -> LocalFiles:
        """What steps over the whole dataset write while they are under way."""
        return LocalFiles(self.derived / "exchanges")

    def fits(self) -> LocalFiles:
        """Dataset-wide fits: new rows are placed by them, only a refit changes them."""
        return LocalFiles(self.root / "fits")

    def runs(self) -> Path:
        return self.root / "runs"

    def lease(self) -> Lease:
        return Lease(self.root / "lease")

    def guard(self, epoch: int) -> Callable[[], None]:
        return lambda: guard(self.root / "lease", epoch)

    def clean(self) -> int:
        """Delete all that is derived; the bytes that this freed. Ledgers and fits are out of its reach."""
        freed = sum(p.stat().st_size for p in self.derived.rglob("*") if p.is_file())
        shutil.rmtree(self.derived, ignore_errors=True)
        return freed
