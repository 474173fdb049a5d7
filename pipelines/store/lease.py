"""Who may build in a workspace: create-only epochs, so that a holder that lost the lease can write no more."""

import contextlib
import re
import threading
import time
import uuid
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from affectory.pipelines.store.files import Files, files_at
from affectory.pipelines.store.holder import Holder
from affectory.schemas.errors import AffectoryError, Exit, UserError


@dataclass(frozen=True)
class Times:
    """How often a holder shows that it lives, and how long it may not before it counts as dead."""

    beat_s: float = 15.0
    stale_s: float = 120.0


TIMES = Times()
_EPOCH = re.compile(r"\d{8}\.")
_PROBE = "probe-"


@dataclass(eq=False)
class LeaseHeld(AffectoryError):
    """Another build is at work in this workspace."""

    exit_code = Exit.LEASE
    holder: str
    since: str
    where: str = ""
    silent_s: float | None = None
    stale_s: float = TIMES.stale_s

    def __str__(self) -> str:
        where = f" {self.where}" if self.where else ""
        told = f"another build holds the lease of this workspace{where}: {self.holder}, since {self.since}"
        todo = "wait for it to end, or stop it; then build again"
        if self.silent_s is None:
            return f"{told}\n  {todo}"
        silent = f"its last sign of life is {max(0.0, self.silent_s):.0f} s old"
        return f"{told}; {silent}\n  {todo}: after {self.stale_s:g} s of silence the next build takes over"


@dataclass(eq=False)
class LeaseLost(AffectoryError):
    """A later build took this one for dead; what it has committed stays."""

    exit_code = Exit.LEASE
    epoch: int

    def __str__(self) -> str:
        return f"this build lost its lease (epoch {self.epoch}) to a later one; build again"


def guard(root: str | Path, epoch: int) -> None:
    """Raise `LeaseLost` once a later epoch exists."""
    if any(int(name[:8]) > epoch for name in _epochs(files_at(root))):
        raise LeaseLost(epoch)


class Lease:
    """Held from `with` to its end; a heartbeat tells other machines that the holder lives.

    Whether it beats is judged by the clock of the storage alone: those of two machines may differ by hours.
    """

    def __init__(self, root: str | Path, times: Times = TIMES) -> None:
        self.files = files_at(root)
        self.times = times
        self.epoch = 0
        self._where = self.files.location.removesuffix("/lease")
        self._stop = threading.Event()

    def __enter__(self) -> "Lease":
        current = self._newest()
        now = self._storage_clock()
        if current and not self._over(current, now):
            raise self._held(current, now)
        self.epoch = current + 1
        if not self.files.create(f"{self.epoch:08d}.json", Holder.me().to_json()):
            raise self._held(self.epoch, now)  # by a build that started at the same moment
        threading.Thread(target=self._beat, daemon=True).start()
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, tb: TracebackType | None) -> None:
        self._stop.set()
        # A lease that could not be given back is taken over in time: no reason to lose what the build has to say.
        with contextlib.suppress(AffectoryError, OSError):
            self.files.create(f"{self.epoch:08d}.done", b"")
            self._sweep()

    def _sweep(self) -> None:
        for name in _epochs(self.files):
            if int(name[:8]) < self.epoch:
                with contextlib.suppress(FileNotFoundError):
                    self.files.remove(name)

    def state(self) -> str:
        """Who holds the lease, in words; writes nothing, so it has only this machine's clock to judge a silence by."""
        current = self._newest()
        if not current or self._over(current, time.time()):
            return "free"
        holder = self._holder(current)
        return f"held by {holder} since {holder.since}" if holder else "free"

    def _newest(self) -> int:
        return max((int(n[:8]) for n in _epochs(self.files) if n.endswith(".json")), default=0)

    def _holder(self, epoch: int) -> Holder | None:
        """Who holds an epoch; None where a later holder swept it since it was listed."""
        try:
            return Holder.from_json(self.files.read(f"{epoch:08d}.json"))
        except FileNotFoundError:
            return None

    def _held(self, epoch: int, now: float) -> LeaseHeld:
        holder, silent = self._holder(epoch), now - self._last_beat(epoch)
        if holder is None or holder.is_near:
            return LeaseHeld(str(holder or "another build"), holder.since if holder else "now", self._where)
        return LeaseHeld(str(holder), holder.since, self._where, silent, self.times.stale_s)

    def _over(self, epoch: int, now: float) -> bool:
        if self.files.exists(f"{epoch:08d}.done"):
            return True
        holder = self._holder(epoch)
        if holder is None or holder.is_near:
            return holder is None or not holder.lives
        return now - self._last_beat(epoch) > self.times.stale_s

    def _last_beat(self, epoch: int) -> float:
        for name in (f"{epoch:08d}.beat", f"{epoch:08d}.json"):
            with contextlib.suppress(FileNotFoundError):
                return self.files.modified(name)
        return 0.0

    def _storage_clock(self) -> float:
        """What time it is for the storage, which must keep its word not to write over what exists."""
        nonce = uuid.uuid4().hex
        name = f"{_PROBE}{nonce}"
        created = self.files.create(name, f"one {nonce}".encode())
        again = self.files.create(name, f"two {nonce}".encode())
        now = self.files.modified(name)
        self.files.remove(name)
        if again or not created:
            hint = "use a storage that honours If-None-Match (Amazon S3, MinIO, Ceph, Cloudflare R2 in new versions)"
            raise UserError(f"{self._where}: the storage writes over objects that it is asked to keep", hint)
        return now

    def _beat(self) -> None:
        beats = 0
        while not self._stop.wait(self.times.beat_s):
            beats += 1
            # A storage that stumbles for once is asked again at the next beat.
            with contextlib.suppress(Exception):
                self.files.put(f"{self.epoch:08d}.beat", str(beats).encode())


def _epochs(files: Files) -> list[str]:
    """The files of the lease; what else a file system leaves in the folder does not matter."""
    return [name for name in files.names() if _EPOCH.match(name)]


def forget_probes(files: Files) -> None:
    """Remove the probes of builds that were killed while they asked for the time; called by the holder."""
    for name in files.names():
        if name.startswith(_PROBE):
            with contextlib.suppress(FileNotFoundError):
                files.remove(name)
