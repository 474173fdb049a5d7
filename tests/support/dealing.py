"""Which test runs in which of several processes: those of a file in one, all that start Ray, all of Label Studio."""

import os
import pickle
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from xdist.scheduler import LoadGroupScheduling

from affectory.pipelines.store.files import LocalFiles

CLUSTERS = frozenset({"ray_session", "head", "cluster"})
"""Fixtures that start a Ray: one at a time is enough for a machine, and its tests mostly wait."""
REVIEWS = frozenset({"label_studio"})
"""Fixtures that lead to the Label Studio of a session, which takes longest to start."""
AMONG_SEVERAL = "PYTEST_XDIST_WORKER" in os.environ


class FilesAndGroups(LoadGroupScheduling):
    """Deals files in their order, so that fixtures of a module are made once; groups across files stay together."""

    def _split_scope(self, nodeid: str) -> str:
        scope = super()._split_scope(nodeid)
        return nodeid.partition("::")[0] if scope == nodeid else scope


def group_what_takes_long(items: list[pytest.Item]) -> None:
    """A test that starts one by itself says so with the same mark. They take longest together, so they begin."""
    for item in items:
        group = group_of(item)
        if group and not _grouped(item):
            item.add_marker(pytest.mark.xdist_group(group))
    if AMONG_SEVERAL:
        items.sort(key=lambda item: not _grouped(item))
        for item in filter(_grouped, items):
            _tell_group(item)


def group_of(item: pytest.Item) -> str:
    """What a test must share with others; empty for most."""
    fixtures = set(getattr(item, "fixturenames", ()))
    if fixtures & REVIEWS:
        return "label-studio"
    return "ray" if fixtures & CLUSTERS or runs_on_ray(item) else ""


def runs_on_ray(item: pytest.Item) -> bool:
    """Whether a parameter of a test of engines is Ray, or a case that names it."""
    given = item.callspec.params.values() if hasattr(item, "callspec") else ()
    return "engines" in item.path.parts and any("ray" in (value, getattr(value, "engine", None)) for value in given)


def _grouped(item: pytest.Item) -> bool:
    return item.get_closest_marker("xdist_group") is not None


def _tell_group(item: pytest.Item) -> None:
    """In its name, where the scheduler looks. xdist 3.8 writes it where pytest 9.2 does not read it any more."""
    mark = item.get_closest_marker("xdist_group")
    assert mark
    name = f"{item.nodeid}@{mark.args[0]}"
    item._id = type(item.id).parse(name)
    assert item.nodeid == name, "groups are lost: pytest keeps names of tests elsewhere"


@dataclass(frozen=True)
class First:
    """What came out first, in whichever process of a run, for all others to be compared with."""

    folder: Path

    def of(self, name: str, value: Any) -> Any:
        files = LocalFiles(self.folder)
        files.create(name, pickle.dumps(value))
        return pickle.loads(files.read(name))


def first_of_all(factory: pytest.TempPathFactory, name: str) -> First:
    """Kept where all processes of this run look, and no other run does."""
    base = factory.getbasetemp()
    return First((base.parent if AMONG_SEVERAL else base) / "first" / name)
