"""Whether a node sees what the driver sees: one that does not would find nothing, or write where none looks."""

import socket
from collections.abc import Sequence
from pathlib import Path

from affectory.pipelines.runner.partition import Partition
from affectory.schemas.errors import UserError


def check_shared(partition: Partition, marker: str) -> None:
    """Raise unless this node sees the workspace, by a file that the driver wrote into it, and the sources."""
    _check([(marker, f"the workspace {partition.workspace}"), *_sources(partition)])


def check_sources(partition: Partition) -> None:
    """Raise unless this node sees the folders that a partition's media come from."""
    _check(_sources(partition))


def _sources(partition: Partition) -> list[tuple[str, str]]:
    """Texts travelled with their rows."""
    roots = partition.roots.items() if partition.kinds != {"text"} else ()
    return [(root, f"the source {name} ({root})") for name, root in roots]


def _check(wanted: Sequence[tuple[str, str]]) -> None:
    missing = next((what for path, what in wanted if "://" not in path and not Path(path).exists()), "")
    if missing:
        raise not_seen(missing)


def not_seen(what: str) -> UserError:
    """What to tell of a node without `what`."""
    hint = "mount a disk that all nodes share under the same path, or keep workspace and sources in s3://"
    return UserError(f"node {socket.gethostname()} of the cluster does not see {what}", hint)
