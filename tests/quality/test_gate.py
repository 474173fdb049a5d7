"""The gate: clean data passes, and each planted fault is found with the row that it was planted in."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from affectory.quality.findings import Finding
from affectory.quality.gate import CHECKS, check
from affectory.schemas.derived import TABLES
from affectory.schemas.ledgers import KINDS
from affectory.schemas.opinion import PERSPECTIVES, RATER_KINDS
from affectory.schemas.taxonomy import load_taxonomy, parse_taxonomy

ABC = parse_taxonomy({"name": "abc", "entries": ["a", "b", "c"]})
Row = dict[str, Any]
Tables = Mapping[str, Sequence[Row]]


def sample(name: str, **columns: Any) -> Row:
    anchor = {"record": f"r_{name}", "start_us": 0, "end_us": 5, "char_start": 0, "char_end": 3}
    return {"sample_id": name, "kind": "text", "anchor": anchor, "source": "s", "uri": "u", **columns}


def anchored(name: str, **where: Any) -> Row:
    return sample(name, anchor={"record": "r", **where})


def opinion(name: str, of: str = "s1", weights: Any = (0.5, None, 1.0), **columns: Any) -> Row:
    asked = {"question": "q", "labels": list(ABC.labels), "response": "multi-label"}
    answer = {"weights": None if weights is None else list(weights)}
    rater = {"rater": name, "rater_kind": "human", "perspective": "felt"}
    return {"opinion_id": name, "sample_id": of, **rater, "asked": asked, "answer": answer, **columns}


def label(of: str = "s1", values: Any = (0.25, 0.75, 0.0), **columns: Any) -> Row:
    key = {"sample_id": of, "taxonomy": "abc", "perspective": "felt", "whose": "", "modalities": "", "pool": "human"}
    return {**key, "rule": "vote_share", "space": "simplex", "values": list(values), "count": 1, **columns}


def note(of: str = "s1", **columns: Any) -> Row:
    return {"sample_id": of, "name": "length", "number": 1.0, "stage": "measure", **columns}


CLEAN: Tables = {
    "samples": [sample("s1"), sample("s2", kind="video"), anchored("s3"), sample("s4")],
    "notes": [note(), note("s2")],
    "opinions": [opinion("o1"), opinion("o2", "s2", None), opinion("o3", "s3", (0, 0, 0))],
    "labels": [
        label(),
        label("s2", (None, 0.5, 0.5)),
        label("s3", (1.0, 1.0, 0.0), space="multi-label"),
        label("s4", (-0.5, 0.1), taxonomy="vad-like", space="continuous"),
    ],
}


def stored(folder: Path, tables: Tables) -> dict[str, list[Path]]:
    """Two parts a table, for the gate must not stop at the edge of a file."""
    paths: dict[str, list[Path]] = {}
    for name, rows in tables.items():
        half = len(rows) // 2
        for number, part in enumerate((rows[:half], rows[half:])):
            path = folder / f"{name}-{number}.parquet"
            pq.write_table(TABLES[name].from_rows(list(part)), path)
            paths.setdefault(name, []).append(path)
    return paths


def findings(folder: Path, min_rows: int = 1, **tables: Sequence[Row]) -> list[Finding]:
    return check(stored(folder, {**CLEAN, **tables}), ABC, min_rows)


def test_clean_data_passes(tmp_path: Path) -> None:
    assert findings(tmp_path, min_rows=4) == []


def test_tables_without_rows_or_files_pass(tmp_path: Path) -> None:
    assert check({}, ABC, 0) == []
    assert check(stored(tmp_path, {name: [] for name in CLEAN}), ABC, 0) == []
    assert check({"samples": stored(tmp_path, CLEAN)["samples"]}, ABC, 1) == []


def plus(table: str, *rows: Row) -> dict[str, Sequence[Row]]:
    """The clean tables with more rows in one of them."""
    return {table: [*CLEAN[table], *rows]}


FAULTS = {
    "sample twice": (plus("samples", sample("s1")), "samples", "sample_id is not unique", "s1"),
    "kind": (plus("samples", sample("s9", kind="smell")), "samples", "kind is not one of", "s9"),
    "time backwards": (plus("samples", anchored("s9", start_us=5, end_us=4)), "samples", "start_us does not lie", "s9"),
    "time empty": (plus("samples", anchored("s9", start_us=5, end_us=5)), "samples", "start_us does not lie", "s9"),
    "characters": (plus("samples", anchored("s9", char_start=5, char_end=5)), "samples", "char_start does not", "s9"),
    "note of nothing": (plus("notes", note("s9")), "notes", "sample_id names no sample", "s9"),
    "opinion of nothing": (plus("opinions", opinion("o9", "s9")), "opinions", "sample_id names no sample", "s9"),
    "label of nothing": (plus("labels", label("s9")), "labels", "sample_id names no sample", "s9"),
    "perspective": (plus("opinions", opinion("o9", perspective="thought")), "opinions", "perspective is not", "o9"),
    "rater kind": (plus("opinions", opinion("o9", rater_kind="cat")), "opinions", "rater_kind is not one of", "o9"),
    "too few weights": (plus("opinions", opinion("o9", weights=[1])), "opinions", "weights do not match", "o9"),
    "too many weights": (plus("opinions", opinion("o9", weights=[1] * 4)), "opinions", "weights do not match", "o9"),
    "no weights": (plus("opinions", opinion("o9", weights=[])), "opinions", "weights do not match", "o9"),
    "weight below 0": (plus("opinions", opinion("o9", weights=[1, -1, 0])), "opinions", "a weight is negative", "o9"),
    "weight NaN": (plus("opinions", opinion("o9", weights=[math.nan, 1, 0])), "opinions", "a weight is negative", "o9"),
    "weight infinite": (plus("opinions", opinion("o9", weights=[math.inf] * 3)), "opinions", "a weight is neg", "o9"),
    "too few values": (plus("labels", label("s4", [1.0])), "labels", "values are not 3 numbers", "s4"),
    "too many values": (plus("labels", label("s4", [1.0, 0, 0, 0])), "labels", "values are not 3 numbers", "s4"),
    "no values": (plus("labels", label("s4", [])), "labels", "values are not 3 numbers", "s4"),
    "value infinite": (plus("labels", label("s4", [math.inf, 0, 0])), "labels", "a value is not finite", "s4"),
    "value NaN": (plus("labels", label("s4", [math.nan, 1, 0])), "labels", "a value is not finite", "s4"),
    "sum over 1": (plus("labels", label("s4", [0.6, 0.6, 0])), "labels", "a simplex does not sum to 1", "s4"),
    "sum under 1": (plus("labels", label("s4", [0.6, 0.3, 0])), "labels", "a simplex does not sum to 1", "s4"),
    "all unasked": (plus("labels", label("s4", [None] * 3)), "labels", "a simplex does not sum to 1", "s4"),
    "share below 0": (plus("labels", label("s4", [1.5, -0.5, 0])), "labels", "a share is negative", "s4"),
    "no opinions": (plus("labels", label("s4", count=0)), "labels", "a label without opinions", "s4"),
}


@pytest.mark.parametrize(("tables", "table", "rule", "row"), FAULTS.values(), ids=FAULTS)
def test_a_planted_fault_is_found_with_its_row(tables: Tables, table: str, rule: str, row: str, tmp_path: Path) -> None:
    found = findings(tmp_path, **tables)
    assert [(f.table, f.count, f.rows, f.severity) for f in found if f.rule.startswith(rule)] == [
        (table, 1, (row,), "blocks")
    ]


@pytest.mark.parametrize(
    ("table", "column", "row"),
    [("samples", "kind", "s1"), ("samples", "sample_id", "?"), ("samples", "anchor", "s1"), ("opinions", "asked", "o1"),
     ("opinions", "opinion_id", "?"), ("labels", "values", "s1"), ("labels", "sample_id", "?")],
)  # fmt: skip
def test_what_must_be_there_and_is_not_is_found(tmp_path: Path, table: str, column: str, row: str) -> None:
    """As no table of a build has it: those are cast to their schema when they are written."""
    parts = stored(tmp_path, CLEAN)
    first = pq.read_table(parts[table][0])
    place, values = first.column_names.index(column), first.column(column).to_pylist()
    gone = pa.array([None, *values[1:]], first.schema.field(column).type)
    pq.write_table(first.set_column(place, first.schema.field(column).with_nullable(True), gone), parts[table][0])
    missing = [f for f in check(parts, ABC, 0) if f.check == f"{table}.{column}_there"]
    assert [(f.table, f.rule, f.rows, f.severity) for f in missing] == [
        (table, f"{column} is missing", (row,), "blocks")
    ]
    assert missing[0].check in CHECKS


@pytest.mark.parametrize(("tables", "table", "rule", "row"), FAULTS.values(), ids=FAULTS)
def test_every_rule_has_a_name_by_which_it_is_adjusted(
    tables: Tables, table: str, rule: str, row: str, tmp_path: Path
) -> None:
    [found] = [f for f in findings(tmp_path, **tables) if f.rule.startswith(rule)]
    assert found.check in CHECKS
    assert found.check.startswith(f"{table}.")


@pytest.mark.parametrize("name", [n for n in FAULTS if n not in ("value infinite", "value NaN", "weight infinite")])
def test_a_planted_fault_sets_off_no_other_rule(name: str, tmp_path: Path) -> None:
    tables, _, rule, _ = FAULTS[name]
    other = {f.rule for f in findings(tmp_path, **tables) if not f.rule.startswith(rule)}
    expected = {"a simplex does not sum to 1"} if name in ("no values",) else set()
    assert other == expected


def test_too_few_rows_close_the_gate(tmp_path: Path) -> None:
    [finding] = findings(tmp_path, min_rows=5)
    assert finding.check == "samples.min_rows"
    assert (finding.table, finding.rule) == ("samples", "4 rows, validate.min_rows asks for 5")


def test_every_fault_of_a_kind_is_counted(tmp_path: Path) -> None:
    bad = [opinion(f"o{i:03}", weights=[-1, 0, 0]) for i in range(30)]
    [finding] = findings(tmp_path, **plus("opinions", *bad))
    assert finding.count == 30
    assert finding.rows == tuple(f"o{i:03}" for i in range(20))


def test_all_that_the_schemas_allow_passes(tmp_path: Path) -> None:
    samples = [sample(f"k{i}", kind=kind) for i, kind in enumerate(KINDS)]
    opinions = [opinion(f"p{p}{k}", "k0", rater_kind=k, perspective=p) for k in RATER_KINDS for p in PERSPECTIVES]
    assert findings(tmp_path, samples=[*CLEAN["samples"], *samples], opinions=opinions) == []


def test_rounding_is_no_fault(tmp_path: Path) -> None:
    many = load_taxonomy("emonet-40")
    values = [1 / len(many.labels)] * len(many.labels)
    tables = {**CLEAN, "labels": [label("s1", values, taxonomy=many.name)]}
    assert check(stored(tmp_path, tables), many, 1) == []


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    weights=st.lists(st.sampled_from([[1, 0, 0], [-1, 0, 0], [None, 1, 1], [math.nan, 0, 0], None, [1]]), max_size=12)
)
def test_exactly_the_faulty_rows_are_named_wherever_they_stand(tmp_path: Path, weights: list[Any]) -> None:
    """Lists of different lengths and nulls among them must not shift the rows that are named."""
    opinions = [opinion(f"o{i:02}", weights=w) for i, w in enumerate(weights)]
    found = {f.rule: f.rows for f in findings(tmp_path, opinions=opinions)}
    wrong = [i for i, w in enumerate(weights) if w and any(v is not None and not v >= 0 for v in w)]
    short = [i for i, w in enumerate(weights) if w is not None and len(w) != 3]
    assert found.get("a weight is negative or not a number", ()) == tuple(f"o{i:02}" for i in wrong)
    assert found.get("weights do not match the labels asked", ()) == tuple(f"o{i:02}" for i in short)


def test_files_that_are_published_as_they_came_are_told_without_closing_the_gate(tmp_path: Path) -> None:
    came, made = {"asset": "a" * 64, "format": "jpeg"}, {"asset": "b" * 64, "format": "png"}
    pictures = [
        sample("came", kind="image", original=came, image=came),
        sample("made", kind="image", original=came, image=made),
        sample("heard", kind="audio", original=came, audio=came),
        sample("unseen", kind="video", original=came),
    ]
    tables = stored(tmp_path, plus("samples", *pictures))
    found = check(tables, ABC, 1, ("image", "video"))
    assert [(f.rule.partition(" ")[0], f.rows, f.severity) for f in found] == [("`image`", ("came",), "warns")]
    assert "load_image" in found[0].rule
    assert [f.rows for f in check(tables, ABC, 1, ("audio",))] == [("heard",)]
