"""Which test runs in which of several processes: those of one file in one, and all that start Ray in one."""

import re
from functools import cache
from pathlib import Path

import pytest
from xdist.scheduler import LoadScopeScheduling

CLUSTERS = frozenset({"ray_session", "head", "cluster"})
"""Fixtures that start a Ray: one at a time is enough for a machine, and its tests mostly wait."""
_GROUP = re.compile(r'mark\.xdist_group\("(\w+)"\)')


class FilesAndGroups(LoadScopeScheduling):
    """Deals files in their order, so that fixtures of a module are made once; groups across files stay together."""

    def _split_scope(self, nodeid: str) -> str:
        return group_of(str(self.config.rootpath), nodeid.partition("::")[0])


@cache
def group_of(root: str, file: str) -> str:
    """The group that a file's `pytestmark` names, else the file.

    It is read in the text: the process that deals collects nothing, and xdist 3.8 hands it no groups with pytest 9.2.
    """
    found = _GROUP.search((Path(root) / file).read_text(encoding="utf-8"))
    return found.group(1) if found else file


def check_groups(items: list[pytest.Item]) -> None:
    """A file that starts Ray says so."""
    for item in items:
        if CLUSTERS & set(getattr(item, "fixturenames", ())) and not item.get_closest_marker("xdist_group"):
            raise pytest.UsageError(f'{item.path} starts Ray: give it pytestmark = pytest.mark.xdist_group("ray")')
