"""Ledgers: appended once, never rewritten, the first row of a key holds, whatever the order of arrival."""

import io
import os
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from affectory.pipelines.store.files import LocalFiles
from affectory.pipelines.store.ledger import Ledger
from affectory.schemas import migrate
from affectory.schemas.errors import SchemaMismatch, UserError
from affectory.schemas.migrate import migration
from affectory.schemas.tables import Column, TableSpec

NAMED = TableSpec(
    "named", "ledger", ("name",), (Column("name", pa.string(), "key", required=True), Column("said", pa.string(), "-"))
)
PAIRED = TableSpec(
    "paired",
    "ledger",
    ("name", "revision"),
    (
        Column("name", pa.string(), "key", required=True),
        Column("revision", pa.int32(), "key", required=True),
        Column("said", pa.string(), "-"),
    ),
)


def named(**said: str | None) -> pa.Table:
    return NAMED.from_rows([{"name": name, "said": what} for name, what in said.items()])


def contents(ledger: Ledger) -> dict[str, str]:
    rows = ledger.read().to_pylist()
    assert len({row["name"] for row in rows}) == len(rows)
    return {row["name"]: row["said"] for row in rows}


def on_disk(root: Path) -> dict[str, bytes]:
    return {str(p.relative_to(root)): p.read_bytes() for p in root.rglob("*") if p.is_file()}


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return Ledger(tmp_path, NAMED)


def test_an_unwritten_ledger_is_empty_and_typed(ledger: Ledger, tmp_path: Path) -> None:
    assert ledger.read().schema.equals(NAMED.schema, check_metadata=True)
    assert ledger.read().num_rows == 0
    assert on_disk(tmp_path) == {}


def test_appending_is_idempotent(ledger: Ledger, tmp_path: Path) -> None:
    assert ledger.append(named(a="1", b=None)) == 2
    before = on_disk(tmp_path)
    assert ledger.append(named(a="1", b=None)) == 0
    assert ledger.append(named(b=None)) == 0
    assert ledger.append(named()) == 0
    assert on_disk(tmp_path) == before


def test_the_first_row_of_a_key_is_kept(ledger: Ledger) -> None:
    ledger.append(named(a="first"))
    assert ledger.append(named(a="second", b="new")) == 1
    assert contents(ledger) == {"a": "first", "b": "new"}


def test_of_rows_that_come_together_the_first_is_kept(ledger: Ledger) -> None:
    assert ledger.append(pa.concat_tables([named(a="first"), named(a="second", b="x"), named(b="y")])) == 2
    assert contents(ledger) == {"a": "first", "b": "x"}


def test_nothing_that_was_written_is_touched_again(ledger: Ledger, tmp_path: Path) -> None:
    ledger.append(named(a="1"))
    before = on_disk(tmp_path)
    ledger.append(named(a="2", b="2"))
    after = on_disk(tmp_path)
    assert before.items() <= after.items()
    assert len(after) == 2


def test_a_ledger_offers_nothing_that_removes() -> None:
    public = {name for name in dir(Ledger) if not name.startswith("_")}
    assert public == {"append", "read", "segments"}


rows = st.lists(st.tuples(st.sampled_from("abcd"), st.integers(0, 2)), max_size=8)


@settings(max_examples=25)
@given(st.lists(rows, max_size=4), st.randoms(use_true_random=False))
def test_what_is_in_it_does_not_depend_on_the_order_or_size_of_appends(batches: list[Any], random: Any) -> None:
    def batch(pairs: list[tuple[str, int]]) -> pa.Table:
        return PAIRED.from_rows([{"name": n, "revision": r, "said": f"{n}{r}"} for n, r in pairs])

    pairs = [pair for pairs in batches for pair in pairs]
    shuffled = random.sample(pairs, len(pairs))
    with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as other:
        first, second = Ledger(Path(one), PAIRED), Ledger(Path(other), PAIRED)
        assert sum(first.append(batch(b)) for b in batches) == len(set(pairs))
        assert second.append(batch(shuffled)) == len(set(pairs))
        key = [("name", "ascending"), ("revision", "ascending")]
        assert first.read().sort_by(key).equals(second.read().sort_by(key))


def test_keys_of_several_columns_are_not_run_together(tmp_path: Path) -> None:
    spec = replace(PAIRED, columns=(PAIRED.columns[0], Column("revision", pa.string(), "key", required=True)))
    ledger = Ledger(tmp_path, spec)
    pairs = [("a", "1b"), ("a1", "b"), ("", "a1b"), ("a1b", "")]
    given_rows = spec.from_rows([{"name": n, "revision": r} for n, r in pairs])
    assert ledger.append(given_rows) == len(pairs)


def test_two_writers_that_did_not_see_each_other_lose_nothing(ledger: Ledger, tmp_path: Path) -> None:
    """Each wrote its own segment; where both wrote a key, one of the two holds, the same for every reader."""
    for number, table in enumerate([named(a="one", b="one"), named(b="other", c="other")]):
        buffer = io.BytesIO()
        pq.write_table(table, buffer)
        LocalFiles(tmp_path / "named").create(f"{number}.parquet", buffer.getvalue())
    assert contents(ledger) == {"a": "one", "b": "one", "c": "other"}
    assert contents(Ledger(tmp_path, NAMED)) == contents(ledger)


WRITER = """
import sys
from pathlib import Path
from affectory.pipelines.store.ledger import Ledger
from affectory.schemas.ledgers import PEOPLE
sys.stdin.readline()
ledger = Ledger(Path(sys.argv[1]), PEOPLE)
for i in range(10):
    ledger.append(PEOPLE.from_rows([{"person_id": f"p{i}", "revision": 0, "roles": [sys.argv[2]]}]))
"""


def test_two_processes_may_append_at_once(tmp_path: Path) -> None:
    from affectory.schemas.ledgers import PEOPLE

    command = [sys.executable, "-c", WRITER, str(tmp_path)]
    writers = [
        subprocess.Popen([*command, role], stdin=subprocess.PIPE, env=os.environ) for role in ("rater", "subject")
    ]
    for writer in writers:
        assert writer.stdin is not None
        writer.stdin.write(b"\n")
        writer.stdin.flush()
    for writer in writers:
        writer.communicate(timeout=60)
        assert writer.returncode == 0
    assert sorted(Ledger(tmp_path, PEOPLE).read().column("person_id").to_pylist()) == [f"p{i}" for i in range(10)]


def test_rows_that_do_not_fit_are_refused_whole(ledger: Ledger, tmp_path: Path) -> None:
    with pytest.raises(SchemaMismatch):
        ledger.append(pa.table({"name": ["a", None]}))
    assert on_disk(tmp_path) == {}


def test_segments_of_older_versions_are_upgraded_on_reading(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(migrate, "MIGRATIONS", {})
    later = replace(NAMED, version=2, columns=(NAMED.columns[0], Column("told", pa.string(), "renamed")))
    Ledger(tmp_path, NAMED).append(named(a="old"))
    before = on_disk(tmp_path)
    with pytest.raises(UserError, match="no migration of named from version 1"):
        Ledger(tmp_path, later).read()

    @migration("named", 1)
    def _renamed(table: pa.Table) -> pa.Table:
        return table.rename_columns({"said": "told"})

    ledger = Ledger(tmp_path, later)
    assert ledger.append(later.from_rows([{"name": "a", "told": "new"}, {"name": "b", "told": "new"}])) == 1
    assert sorted(ledger.read().to_pylist(), key=str) == [{"name": "a", "told": "old"}, {"name": "b", "told": "new"}]
    assert before.items() <= on_disk(tmp_path).items(), "what is old is upgraded by reading, not rewritten"
    with pytest.raises(UserError, match="knows up to 1"):
        Ledger(tmp_path, NAMED).read()
