"""The commits that a partition ends in: one, or two where a rule has to know the whole dataset first."""

from collections.abc import Callable
from functools import partial

import pyarrow as pa

from affectory.pipelines.runner.finish import Finish, attached, finish, labelled
from affectory.pipelines.store.commits import Commit, CommitStore, Counts
from affectory.pipelines.store.workspace import Workspace

RULE = "rule"
"""The stage that labels a partition by rules which had to know the whole dataset first."""

Ending = tuple[str, Callable[[], Commit]]


def ending(key: str, how: Finish, rows: Callable[[], pa.Table], workspace: Workspace, commits: CommitStore) -> Ending:
    """The stage of a commit, and what makes it; `rows` gives those that went through all stages before."""
    if key == how.attached:
        return "label", partial(_attach, how, rows, workspace, commits)
    if how.attached:
        return RULE, partial(_rule, how, workspace, commits)
    return "label", partial(_finish, how, rows, workspace, commits)


def _finish(how: Finish, rows: Callable[[], pa.Table], workspace: Workspace, commits: CommitStore) -> Commit:
    table = rows()
    tables, facts = finish(how, table, workspace)
    return commits.commit(how.key, "label", _all(table.num_rows), tables, facts)


def _attach(how: Finish, rows: Callable[[], pa.Table], workspace: Workspace, commits: CommitStore) -> Commit:
    table = rows()
    tables, facts = attached(how, table, workspace)
    return commits.commit(how.attached, "label", _all(table.num_rows), tables, facts)


def _rule(how: Finish, workspace: Workspace, commits: CommitStore) -> Commit:
    """Labels beside the tables that were attached before, which stay where they are."""
    before = commits.get(how.attached)
    labels = labelled(how, commits.read(before, "opinions"), workspace)
    kept = {name: part for name, part in before.parts.items() if name != "rejects"}
    return commits.commit(how.key, RULE, _all(before.counts.out), {"labels": labels}, {}, kept)


def _all(rows: int) -> Counts:
    """None is lost at the end."""
    return Counts(rows, rows, rows)
