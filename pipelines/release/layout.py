"""Which names files of a release have."""

import re

_OURS = re.compile(
    r"data/[a-z]+/[\w.]+-\d+\.parquet|(lineage|rejects)\.parquet|taxonomy\.json|recipe\.yaml|README\.md|manifest\.json"
)


def is_ours(name: str) -> bool:
    """Whether a release may hold a file of this name."""
    return _OURS.fullmatch(name) is not None
