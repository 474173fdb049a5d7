"""Which test runs in which of several processes: those of one file in one, and all that start Ray in one."""

import pytest
from xdist.scheduler import LoadGroupScheduling

CLUSTERS = frozenset({"ray_session", "head", "cluster"})
"""Fixtures that start a Ray: one at a time is enough for a machine, and its tests mostly wait."""


class FilesAndGroups(LoadGroupScheduling):
    """Deals files in their order, so that fixtures of a module are made once; groups across files stay together."""

    def _split_scope(self, nodeid: str) -> str:
        scope = super()._split_scope(nodeid)
        return nodeid.partition("::")[0] if scope == nodeid else scope


def group_what_starts_ray(items: list[pytest.Item]) -> None:
    """A test that starts Ray by itself says so with the same mark."""
    for item in items:
        if CLUSTERS & set(getattr(item, "fixturenames", ())) and not item.get_closest_marker("xdist_group"):
            item.add_marker(pytest.mark.xdist_group("ray"))
