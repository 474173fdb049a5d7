"""All that is derived in a workspace and has rows."""

from collections.abc import Iterator

from affectory.pipelines.store.files import PartFile
from affectory.pipelines.store.workspace import Workspace


def parts(workspace: Workspace) -> Iterator[PartFile]:
    """Every table that is derived."""
    files = workspace.files("derived")
    yield from (PartFile(files.location, name) for name in files.names() if name.endswith(".parquet"))
