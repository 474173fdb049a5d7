"""Every ledger and table: types survive empty and all-null batches, and what does not fit is refused by name."""

import io
from dataclasses import replace
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from affectory.schemas.derived import NOTES, REASONS, REJECTS, SAMPLES, TABLES
from affectory.schemas.errors import SchemaMismatch
from affectory.schemas.ledgers import LEDGERS, SOURCES
from affectory.schemas.opinion import OPINION_COLUMNS, OPINIONS
from affectory.schemas.tables import DOC_KEY, NAME_KEY, VERSION_KEY, Column, TableSpec, build_array, cast_table
from affectory.schemas.types import ANCHOR, ANSWER, MEDIA

SPECS = [*LEDGERS.values(), *TABLES.values()]
Row = dict[str, Any]
all_specs = pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.name)

SOURCE: Row = {"record_id": "r", "fingerprint": "f", "asset_id": "a", "source": "s", "uri": "u", "kind": "text"}
SAMPLE: Row = {"sample_id": "s", "kind": "text", "anchor": {"record": "r"}, "source": "s", "uri": "u"}


def least(dtype: pa.DataType) -> Any:
    """The plainest value of a type: no null but where one is allowed inside."""
    if pa.types.is_struct(dtype):
        return {f.name: None if f.nullable else least(f.type) for f in dtype}
    if pa.types.is_list(dtype) or pa.types.is_map(dtype):
        return []
    if pa.types.is_boolean(dtype):
        return False
    return "x" if pa.types.is_string(dtype) else 0


def plainest(spec: TableSpec, rows: int) -> list[Row]:
    """Rows in which every column that may be null is."""
    return [{c.name: least(c.type) for c in spec.columns if c.required} for _ in range(rows)]


def through_parquet(table: pa.Table) -> pa.Table:
    buffer = io.BytesIO()
    pq.write_table(table, buffer)
    return pq.read_table(io.BytesIO(buffer.getvalue()))


def types(table: pa.Table) -> list[tuple[str, pa.DataType, bool]]:
    return [(f.name, f.type, f.nullable) for f in table.schema]


@all_specs
@pytest.mark.parametrize("rows", [0, 1, 3])
def test_types_survive_empty_and_all_null_batches(spec: TableSpec, rows: int) -> None:
    table = spec.from_rows(plainest(spec, rows))
    assert table.num_rows == rows
    assert table.schema.equals(spec.schema, check_metadata=True)
    kept = through_parquet(table)
    assert types(kept) == types(table)
    assert kept.to_pylist() == table.to_pylist()
    assert (kept.schema.metadata[NAME_KEY], kept.schema.metadata[VERSION_KEY]) == (
        spec.name.encode(),
        str(spec.version).encode(),
    )
    assert spec.cast(kept).schema.equals(spec.schema, check_metadata=True)


@all_specs
def test_empty_and_all_null_batches_can_be_concatenated(spec: TableSpec) -> None:
    nulls = {c.name: pa.nulls(2) for c in spec.columns if not c.required}
    given = {c.name: pa.array([least(c.type)] * 2, c.type) for c in spec.columns if c.required}
    untyped = spec.cast(pa.table({**nulls, **given}))
    table = pa.concat_tables([spec.empty(), untyped, through_parquet(spec.empty()), spec.from_rows(plainest(spec, 1))])
    assert types(table) == types(spec.empty())
    assert table.num_rows == 3
    assert all(table.column(name).null_count == 3 for name in nulls)


@all_specs
def test_every_column_is_documented_and_every_key_is_required(spec: TableSpec) -> None:
    assert spec.doc.endswith(".")
    assert all(field.metadata[DOC_KEY].decode().strip() for field in spec.schema)
    assert len(set(spec.schema.names)) == len(spec.schema.names)
    assert spec.key
    assert all(not spec.schema.field(name).nullable for name in spec.key)


@all_specs
def test_name_and_version_travel_with_the_schema(spec: TableSpec) -> None:
    later = replace(spec, version=7)
    assert later.empty().schema.metadata == {NAME_KEY: spec.name.encode(), VERSION_KEY: b"7"}


def test_six_ledgers_and_five_tables() -> None:
    ledgers = {"sources", "people", "judgements", "answers", "asks", "returns"}
    assert {spec.name for spec in SPECS if spec.kind == "ledger"} == ledgers
    assert {spec.name for spec in SPECS if spec.kind == "table"} == {
        "samples",
        "notes",
        "opinions",
        "labels",
        "rejects",
    }
    assert len(REASONS) == len(set(REASONS))


def test_an_opinion_has_the_same_columns_in_ledger_table_and_stage() -> None:
    fields = {f.name: f.type for f in OPINIONS.value_type}
    assert fields == {c.name: c.type for c in OPINION_COLUMNS}
    for spec in (LEDGERS["judgements"], TABLES["opinions"]):
        assert {name: spec.schema.field(name).type for name in fields} == fields


def mismatch(spec: TableSpec, table: pa.Table) -> SchemaMismatch:
    with pytest.raises(SchemaMismatch) as raised:
        spec.cast(table)
    return raised.value


def sources(**columns: Any) -> pa.Table:
    """Three good rows, with other columns put in."""
    return pa.table({**{name: [value] * 3 for name, value in SOURCE.items()}, **columns})


def test_a_lossy_number_is_refused_with_its_row() -> None:
    error = mismatch(SOURCES, sources(size=[1.0, 2.0, 2.5]))
    assert (error.table, error.column, error.row, error.expected) == ("sources", "size", 2, "int64")
    assert "2.5" in str(error)


def test_a_lossless_number_is_taken() -> None:
    assert SOURCES.cast(sources(size=[1.0, 2.0, None])).column("size").to_pylist() == [1, 2, None]


def test_a_number_out_of_range_is_refused_with_its_row() -> None:
    notes = TableSpec("t", "table", ("a",), (Column("a", pa.int32(), "a"),))
    error = mismatch(notes, pa.table({"a": pa.chunked_array([[1, 2], [2**40]])}))
    assert (error.column, error.row) == ("a", 2)


@pytest.mark.parametrize("huge", [1e300, -1e300])
def test_a_number_too_large_for_a_small_float_is_refused(huge: float) -> None:
    """Cast on, it would turn into infinity without a word."""
    spec = TableSpec("t", "table", ("a",), (Column("a", pa.float32(), "a"),))
    assert mismatch(spec, pa.table({"a": [0.5, huge]})).row == 1
    with pytest.raises(SchemaMismatch, match=r"table t, column a, row 1"):
        spec.from_rows([{"a": 0.5}, {"a": huge}])


def test_rounding_and_infinities_are_no_loss() -> None:
    spec = TableSpec("t", "table", ("a",), (Column("a", pa.float32(), "a"),))
    given = [0.1, float("inf"), float("-inf"), None]
    assert spec.from_rows([{"a": a} for a in given]).column("a").to_pylist()[1:] == given[1:]


def test_a_null_in_a_required_column_is_refused_with_its_row() -> None:
    error = mismatch(SOURCES, sources(uri=["u", None, None]))
    assert (error.table, error.column, error.row, error.given) == ("sources", "uri", 1, "null")
    assert "sources, column uri, row 1" in str(error)


def test_a_missing_required_column_is_refused() -> None:
    error = mismatch(SOURCES, sources().drop_columns("kind"))
    assert (error.column, error.given) == ("kind", "no such column")


def test_an_unknown_column_is_refused() -> None:
    error = mismatch(SOURCES, sources(colour=["x"] * 3))
    assert error.column == "colour"
    assert "record_id" in error.expected


def test_a_column_given_twice_is_refused() -> None:
    table = sources()
    error = mismatch(SOURCES, table.append_column("uri", table.column("uri")))
    assert error.column == "uri"


@pytest.mark.parametrize(
    "anchor",
    [
        pa.array([{"record": "r", "start": 1}]),
        pa.array([{"record": "r", "start_us": 0.5}]),
        pa.array([{"start_us": 1}]),
        pa.array([{"record": None}], pa.struct([("record", pa.string())])),
        pa.array([{"record": None}], ANCHOR),
        pa.array(["r"]),
        pa.array([["r"]]),
    ],
    ids=["field unknown", "field lossy", "field missing", "field null", "field null in the right type", "text", "list"],
)
def test_a_wrong_struct_is_refused(anchor: pa.Array) -> None:
    table = pa.table({**{name: [value] for name, value in SAMPLE.items()}, "anchor": anchor})
    error = mismatch(SAMPLES, table)
    assert (error.table, error.column) == ("samples", "anchor")


def test_a_struct_inside_a_list_is_refused_too() -> None:
    table = SAMPLES.from_rows([SAMPLE, SAMPLE])
    members = pa.array([None, [{"sample_id": "s", "role": "r", "offset": 1}]])
    error = mismatch(SAMPLES, table.set_column(table.schema.names.index("members"), "members", members))
    assert error.column == "members"


def test_a_null_struct_may_hide_nulls() -> None:
    """Of an absent judgement nothing inside is missing."""
    spec = TableSpec("t", "table", ("a",), (Column("a", ANCHOR, "a"), Column("b", pa.list_(ANCHOR), "b")))
    table = spec.from_rows([{"a": None, "b": None}, {"a": {"record": "r"}, "b": [None, {"record": "r"}]}])
    assert table.column("a").null_count == 1


@pytest.mark.parametrize(
    ("row", "column"),
    [
        ({**SAMPLE, "txet": "a"}, "txet"),
        ({**SAMPLE, "text": 5}, "text"),
        ({**SAMPLE, "text": "\ud800"}, "text"),
        ({**SAMPLE, "position": 1.5}, "position"),
        ({**SAMPLE, "position": 2**31}, "position"),
        ({**SAMPLE, "position": True}, "position"),
        ({**SAMPLE, "anchor": "r"}, "anchor"),
        ({**SAMPLE, "anchor": None}, "anchor"),
        ({**SAMPLE, "anchor": {}}, "anchor"),
        ({**SAMPLE, "anchor": {"record": None}}, "anchor"),
        ({**SAMPLE, "anchor": {"record": "r", "strat_us": 1}}, "anchor"),
        ({**SAMPLE, "frames": [{"at_us": 1, "asset": "a", "colour": 1}]}, "frames"),
        ({**SAMPLE, "extra": {"a": 1}}, "extra"),
        ({k: v for k, v in SAMPLE.items() if k != "uri"}, "uri"),
    ],
)
def test_python_rows_are_refused_by_column_and_row(row: Row, column: str) -> None:
    with pytest.raises(SchemaMismatch) as raised:
        SAMPLES.from_rows([SAMPLE, row])
    assert (raised.value.table, raised.value.column) == ("samples", column)
    assert raised.value.row == (None if column == "txet" else 1)


def test_python_rows_may_leave_columns_and_fields_out() -> None:
    [row] = SAMPLES.from_rows([{**SAMPLE, "anchor": {"record": "r", "end_us": 5}}]).to_pylist()
    assert row["anchor"] == {
        "record": "r",
        "start_us": None,
        "end_us": 5,
        "char_start": None,
        "char_end": None,
        "box": None,
    }
    assert row["text"] is None


def test_casting_keeps_the_order_of_the_schema_and_leaves_values_alone() -> None:
    table = SAMPLES.from_rows([SAMPLE, {**SAMPLE, "extra": {"a": "b"}, "position": 3}])
    turned = table.select(list(reversed(table.column_names)))
    assert SAMPLES.cast(turned).equals(table)


def test_a_cast_is_idempotent_and_a_foreign_name_is_told() -> None:
    table = SAMPLES.from_rows([SAMPLE])
    assert SAMPLES.cast(SAMPLES.cast(table)).equals(table)
    with pytest.raises(SchemaMismatch, match="output of a stage"):
        cast_table(pa.table({"x": [1]}), pa.schema([]), "output of a stage")


@given(st.lists(st.one_of(st.none(), st.integers(-(2**70), 2**70), st.floats(), st.text(max_size=2)), max_size=6))
def test_a_built_column_holds_what_was_given_or_is_refused(values: list[Any]) -> None:
    for dtype in (pa.int32(), pa.int64(), pa.string()):
        try:
            array = build_array(values, Column("c", dtype, ""), "t")
        except SchemaMismatch as error:
            assert (error.table, error.column) == ("t", "c")
        else:
            assert array.type == dtype
            assert array.to_pylist() == values


@given(
    st.lists(st.dictionaries(st.sampled_from(["asset", "format", "path", "colour"]), st.text(max_size=2)), max_size=4)
)
def test_a_struct_takes_its_own_fields_only(values: list[Any]) -> None:
    strange = [i for i, v in enumerate(values) if "colour" in v]
    if strange:
        with pytest.raises(SchemaMismatch, match="colour") as raised:
            build_array(values, Column("c", MEDIA, ""), "t")
        assert raised.value.row == strange[0]
    else:
        built = build_array(values, Column("c", MEDIA, ""), "t").to_pylist()
        assert [{k: v for k, v in b.items() if k in g} for b, g in zip(built, values, strict=True)] == values


def test_answers_aligned_with_labels_may_hold_nulls_but_no_words() -> None:
    column = Column("answer", ANSWER, "")
    assert build_array([{"weights": [1, None]}], column, "t").to_pylist()[0]["weights"] == [1.0, None]
    with pytest.raises(SchemaMismatch, match="table t, column answer, row 1"):
        build_array([{"weights": [1]}, {"weights": ["joy"]}], column, "t")


def test_notes_and_rejects_are_keyed_by_what_they_say_they_are() -> None:
    assert NOTES.key == ("sample_id", "name")
    assert REJECTS.key == ("reject_id",)
