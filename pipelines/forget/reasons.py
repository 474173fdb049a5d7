"""Why people were taken out, as the next release at each place says it."""

import hashlib

from affectory.pipelines.store.forgotten import reasons
from affectory.pipelines.store.workspace import Workspace


def untold(workspace: Workspace, releases: object) -> tuple[str, ...]:
    """The reasons that no release at this place has said yet."""
    files = workspace.files("ledgers")
    told = set(files.names(_told(releases)))
    waiting = [reason for request, reason in reasons(files) if f"{_told(releases)}/{request}" not in told]
    return tuple(f"removed at a person's request: {reason}" for reason in dict.fromkeys(waiting))


def note_told(workspace: Workspace, releases: object) -> None:
    """Note that a release at this place said all that there was to say."""
    files = workspace.files("ledgers")
    for request, _ in reasons(files):
        files.create(f"{_told(releases)}/{request}", b"")


def _told(releases: object) -> str:
    return f"forgotten/told/{hashlib.sha256(str(releases).encode()).hexdigest()[:16]}"
