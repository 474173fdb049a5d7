"""Commits: nothing is committed until everything is, and only by who holds the lease."""

import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from affectory.pipelines.store.commits import Commit, CommitStore, Counts

KEY = "ab" * 20
ROWS = {"rows": pa.table({"x": [1, 2, 3], "y": ["a", None, "c"]})}
COUNTS = Counts(3, 2, 3, 1, 0)


@pytest.fixture
def store(tmp_path: Path) -> CommitStore:
    return CommitStore(tmp_path)


def test_a_commit_is_found_again_with_all_that_it_says(store: CommitStore, tmp_path: Path) -> None:
    made = store.commit(KEY, "cut", COUNTS, ROWS, {"attached": 2})
    again = CommitStore(tmp_path)
    assert again.has(KEY)
    assert again.keys() == {KEY}
    found = again.get(KEY)
    assert found == made
    assert (found.stage, found.counts, found.facts) == ("cut", COUNTS, {"attached": 2})
    table = again.read(found, "rows")
    assert table is not None
    assert table.equals(ROWS["rows"])


def test_what_is_not_committed_is_not_there(store: CommitStore) -> None:
    assert not store.has(KEY)
    assert store.keys() == set()
    with pytest.raises(FileNotFoundError):
        store.get(KEY)


def test_chosen_columns_and_tables_without_rows(store: CommitStore) -> None:
    commit = store.commit(KEY, "cut", COUNTS, {**ROWS, "rejects": ROWS["rows"].slice(0, 0)}, {})
    assert store.read(commit, "rejects") is None
    assert store.read(commit, "never written") is None
    chosen = store.read(commit, "rows", ["y"])
    assert chosen is not None
    assert chosen.column_names == ["y"]


def test_of_two_writers_of_a_key_the_first_wins(store: CommitStore) -> None:
    first = store.commit(KEY, "cut", COUNTS, ROWS, {})
    store.commit(KEY, "cut", Counts(1, 1, 1), {"rows": pa.table({"x": [9]})}, {})
    found = store.get(KEY)
    assert found == first
    table = store.read(found, "rows")
    assert table is not None
    assert table.num_rows == 3


def test_parts_are_written_before_the_manifest_and_under_names_of_their_own(store: CommitStore) -> None:
    parts = {store.commit(KEY, "cut", COUNTS, ROWS, {}).parts["rows"] for _ in range(2)}
    assert len(parts) == 2, "a second attempt never writes over the first"
    assert all(store.files.exists(part) for part in parts)


def test_who_lost_the_lease_cannot_commit(tmp_path: Path) -> None:
    def lost() -> None:
        raise PermissionError("lost")

    store = CommitStore(tmp_path, lost)
    with pytest.raises(PermissionError):
        store.commit(KEY, "cut", COUNTS, ROWS, {})
    assert not store.has(KEY)


def test_a_guard_is_asked_last(tmp_path: Path) -> None:
    """A lease that is lost while the parts are written must be noticed."""
    store = CommitStore(tmp_path, lambda: seen.append(sorted(p.name for p in tmp_path.glob("parts/*/*"))))
    seen: list[list[str]] = []
    store.commit(KEY, "cut", COUNTS, ROWS, {})
    assert len(seen) == 1
    assert len(seen[0]) == 1


KILLED = """
import os, signal, sys
from pathlib import Path
import pyarrow as pa
from affectory.pipelines.store.commits import CommitStore, Counts

def die():
    os.kill(os.getpid(), signal.SIGKILL)

CommitStore(Path(sys.argv[1]), die).commit(sys.argv[2], "cut", Counts(1, 1, 1), {"rows": pa.table({"x": [1]})}, {})
"""


def test_a_kill_between_part_and_manifest_leaves_no_commit(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path), KEY], check=False)
    assert done.returncode == -9
    assert list(tmp_path.glob("parts/*/*.parquet")), "the part was written"
    store = CommitStore(tmp_path)
    assert not store.has(KEY)
    assert store.keys() == set()
    store.commit(KEY, "cut", COUNTS, ROWS, {})
    table = store.read(store.get(KEY), "rows")
    assert table is not None
    assert table.num_rows == 3


counts = st.builds(Counts, *[st.integers(0, 99)] * 5)


@given(counts, counts)
def test_counts_add_up_field_by_field(a: Counts, b: Counts) -> None:
    both = a + b
    assert both == b + a
    assert (both.rows_in, both.kept, both.out) == (a.rows_in + b.rows_in, a.kept + b.kept, a.out + b.out)
    assert (both.rejected, both.failed) == (a.rejected + b.rejected, a.failed + b.failed)
    assert a + Counts() == a


@given(st.text(), counts, st.dictionaries(st.text(), st.text()), st.dictionaries(st.text(), st.integers()))
def test_a_manifest_survives_json(stage: str, counts: Counts, parts: dict[str, str], facts: dict[str, int]) -> None:
    commit = Commit(KEY, stage, counts, parts, facts)
    assert Commit.from_json(commit.to_json()) == commit
