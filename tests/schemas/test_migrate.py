"""Reading what older versions wrote, on a table that went through three of them."""

import io
from collections.abc import Iterator
from dataclasses import replace

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from affectory.schemas import migrate
from affectory.schemas.errors import SchemaMismatch, UserError
from affectory.schemas.migrate import migration, upgrade, written_version
from affectory.schemas.tables import NAME_KEY, VERSION_KEY, Column, TableSpec

NUMBER, NAME = Column("number", pa.int32(), "a number", required=True), Column("name", pa.string(), "a name")
FIRST = TableSpec("toy", "ledger", ("number",), (NUMBER, NAME))
SECOND = replace(FIRST, version=2, columns=(NUMBER, NAME, Column("count", pa.int32(), "how many", required=True)))
THIRD = TableSpec(
    "toy",
    "ledger",
    ("number",),
    (
        Column("number", pa.int64(), "widened", required=True),
        Column("title", pa.string(), "renamed"),
        SECOND.columns[2],
    ),
    version=3,
)


@pytest.fixture(autouse=True)
def migrations(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(migrate, "MIGRATIONS", {})

    @migration("toy", 1)
    def _count_added(table: pa.Table) -> pa.Table:
        return table.append_column("count", pa.array([1] * table.num_rows, pa.int32()))

    @migration("toy", 2)
    def _name_renamed(table: pa.Table) -> pa.Table:
        return table.rename_columns({"name": "title"})


def old(numbers: list[int]) -> pa.Table:
    return FIRST.from_rows([{"number": n, "name": f"n{n}"} for n in numbers])


def stored(table: pa.Table) -> pa.Table:
    buffer = io.BytesIO()
    pq.write_table(table, buffer)
    return pq.read_table(io.BytesIO(buffer.getvalue()))


@pytest.mark.parametrize("numbers", [[], [1], [1, 2, 2**31 - 1]])
def test_a_table_goes_through_every_migration_between(numbers: list[int]) -> None:
    table = upgrade(stored(old(numbers)), THIRD)
    assert table.schema.equals(THIRD.schema, check_metadata=True)
    assert table.to_pylist() == [{"number": n, "title": f"n{n}", "count": 1} for n in numbers]


def test_a_table_starts_at_the_version_it_was_written_as() -> None:
    table = SECOND.from_rows([{"number": 1, "name": "a", "count": 5}])
    assert upgrade(stored(table), THIRD).to_pylist() == [{"number": 1, "title": "a", "count": 5}]


@pytest.mark.parametrize("spec", [FIRST, SECOND, THIRD])
def test_the_newest_version_is_left_as_it_is(spec: TableSpec) -> None:
    table = spec.empty()
    assert upgrade(stored(table), spec).schema.equals(spec.schema, check_metadata=True)
    assert written_version(stored(table), spec) == spec.version


def test_a_missing_migration_is_told() -> None:
    del migrate.MIGRATIONS["toy", 2]
    with pytest.raises(UserError, match="no migration of toy from version 2"):
        upgrade(old([1]), THIRD)


def test_a_table_from_the_future_is_refused() -> None:
    with pytest.raises(UserError, match=r"toy was written as version 3; this affectory knows up to 2") as raised:
        upgrade(THIRD.empty(), SECOND)
    assert "newer" in raised.value.hint


@pytest.mark.parametrize(
    ("metadata", "found"),
    [
        (None, "a file that affectory did not write"),
        ({}, "a file that affectory did not write"),
        ({NAME_KEY: b"other", VERSION_KEY: b"1"}, "found other"),
    ],
)
def test_a_table_of_another_name_is_refused(metadata: dict[bytes, bytes] | None, found: str) -> None:
    with pytest.raises(UserError, match=found):
        upgrade(old([1]).replace_schema_metadata(metadata), FIRST)


def test_a_migration_that_loses_what_it_must_not_is_loud() -> None:
    @migration("toy", 2)
    def _forgets(table: pa.Table) -> pa.Table:
        return table

    with pytest.raises(SchemaMismatch, match="column name: given a column that is not declared"):
        upgrade(old([1]), THIRD)


def test_a_migration_that_makes_a_required_value_null_is_loud() -> None:
    @migration("toy", 1)
    def _empty(table: pa.Table) -> pa.Table:
        return table.append_column("count", pc.if_else(pc.equal(table["number"], 2), None, pa.scalar(1, pa.int32())))

    with pytest.raises(SchemaMismatch, match="toy, column count, row 1"):
        upgrade(old([1, 2, 3]), SECOND)


def test_each_table_has_migrations_of_its_own() -> None:
    other = replace(SECOND, name="other")
    with pytest.raises(UserError, match="no migration of other from version 1"):
        upgrade(replace(FIRST, name="other").empty(), other)


def versions(spec: TableSpec) -> Iterator[int]:
    yield from range(1, spec.version)


def test_every_real_ledger_can_be_read_from_its_first_version_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tables may be thrown away at a change of version; ledgers may not."""
    monkeypatch.undo()
    from affectory.schemas.ledgers import LEDGERS

    missing = [(s.name, v) for s in LEDGERS.values() for v in versions(s) if (s.name, v) not in migrate.MIGRATIONS]
    assert missing == []
