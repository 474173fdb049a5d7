"""Grids become records of texts that are still to be written."""

import json
from collections import Counter
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError
from support.project import project

from affectory.pipelines.bind import bind
from affectory.pipelines.store.workspace import Workspace
from affectory.schemas.recipe.load import load_recipe
from affectory.transforms.sources.generate import GenerateSource

GRID = """
axes:
  emotion: [joy, anger]
  persona:
    - {id: nurse, text: A night nurse who has not slept.}
    - {id: boy, text: "A boy of six: loud."}
"""
NAMES = st.from_regex(r"[a-hj-m][a-z]{0,5}", fullmatch=True)
WORDS = st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=90).filter(lambda w: w.strip())


def source(**given: object) -> GenerateSource:
    return TypeAdapter(GenerateSource).validate_python({"path": "x", **given})


def keys(rows: list[dict[str, object]]) -> list[object]:
    return [row["key"] for row in rows]


def test_every_combination_is_a_record_that_says_its_cell(take_bytes):
    rows, refused = take_bytes(source(each=2, session="persona"), GRID.encode(), name="grid.yaml")
    assert refused == []
    assert keys(rows) == [
        f"emotion={emotion}/persona={persona}/{number}"
        for emotion in ("joy", "anger")
        for persona in ("nurse", "boy")
        for number in (1, 2)
    ]
    first = rows[0]
    assert (first["kind"], first["text"], first["session"], first["speaker"]) == ("text", None, "nurse", None)
    told = {"persona": "A night nurse who has not slept.", "persona_id": "nurse", "emotion": "joy", "number": "1"}
    assert first["extra"] == told


@given(
    axes=st.dictionaries(NAMES, st.lists(WORDS, min_size=1, max_size=4, unique_by=str.strip), min_size=1, max_size=3)
)
def test_a_grid_is_complete_and_balanced(take, axes, tmp_path_factory):
    path = tmp_path_factory.mktemp("grid") / "g.jsonl"
    path.write_text("{}\n")
    rows, refused = take(source(axes=axes, each=2), path)
    combined = 1
    for values in axes.values():
        combined *= len(values)
    assert (refused, len(rows), len(set(keys(rows)))) == ([], 2 * combined, 2 * combined)
    for name, values in axes.items():
        assert Counter(row["extra"][name] for row in rows) == {v.strip(): 2 * combined // len(values) for v in values}


def test_keys_stay_when_an_axis_gets_further_values_and_a_text_is_worded_anew(take_bytes):
    before, _ = take_bytes(source(), GRID.encode(), name="g.yaml")
    wider = GRID.replace("[joy, anger]", "[fear, anger, joy]").replace("not slept", "hardly slept")
    after, _ = take_bytes(source(each=3), wider.encode(), name="g.yaml")
    assert set(keys(before)) < set(keys(after))
    assert {row["content"] for row in before}.isdisjoint({r["content"] for r in after if "nurse" in str(r["key"])})


def test_listed_cells_are_crossed_with_the_axes_of_the_recipe(take_bytes):
    lines = [{"id": "n1", "event": "The bus left.\nIt rained.", "note": None}, {"id": "n2", "event": "x" * 100}]
    data = "\n".join(map(json.dumps, lines)).encode()
    rows, _ = take_bytes(source(axes={"valence": [-1, 1]}, key=["id"]), data, name="cells.jsonl")
    assert keys(rows) == [f"id={n}/valence={v}/1" for n in ("n1", "n2") for v in (-1, 1)]
    assert [row["row"] for row in rows] == [1, 1, 2, 2]
    assert rows[0]["extra"] == {"id": "n1", "event": "The bus left.\nIt rained.", "valence": "-1", "number": "1"}
    (whole,), _ = take_bytes(source(), data.splitlines()[0], name="cells.jsonl")
    assert whole["key"].startswith("event=~") and whole["key"].endswith("/id=n1/1")


@pytest.mark.parametrize(
    ("name", "data", "given", "reason", "says"),
    [
        ("g.yaml", "", {}, "bad_row", "a grid has `axes`"),
        ("g.yaml", "axes: {a: [1]}\nrows: []", {}, "bad_row", "a grid has `axes`"),
        ("g.yaml", "axes: [a]", {}, "bad_row", "axes are a mapping"),
        ("g.yaml", "axes: {a: []}", {}, "bad_row", "axis a has no list of values"),
        ("g.yaml", "axes: {a: [x, x]}", {}, "bad_row", "axis a has 'x' twice"),
        ("g.yaml", "axes: {a: [[x]]}", {}, "bad_row", "no value of an axis"),
        ("g.yaml", "axes: {a: [{id: x}]}", {}, "bad_row", "{id: ..., text: ...}"),
        ("g.yaml", "axes: {number: [x]}", {}, "bad_row", "which text about a cell"),
        ("g.yaml", "axes: {a b: [x]}", {}, "bad_row", "letters, digits and _"),
        ("g.yaml", "axes: {a: [x], a: [y]}", {}, "bad_row", "line 1: duplicate key"),
        ("g.yaml", "cells: [{a: x}, 3]", {}, "bad_row", "`cells` is a list of mappings"),
        ("g.yaml", "axes: {a: [x], a_id: [y]}", {}, "bad_row", "call that axis otherwise"),
        ("g.yaml", b"axes: {a: [\xff]}", {}, "bad_encoding", "a grid is UTF-8"),
        ("g.yaml", b"\x1f\x8bxx", {}, "unreadable", ""),
        ("g.yaml", " " * 1_000_001, {}, "too_large", "list cells as JSON lines"),
        ("g.yaml", yaml.safe_dump({"axes": {a: list(range(101)) for a in "bcd"}}), {}, "bad_row", "cross to 1,030,301"),
        ("c.jsonl", "{}", {}, "bad_row", "the cell says nothing"),
        ("c.jsonl", '{"a": "x"}', {"axes": {"a": ["y"]}}, "bad_row", "an axis and in the cell as well"),
        ("c.jsonl", '{"a": "x"}', {"session": "b"}, "bad_row", "has no b, which is to be its session"),
        ("c.jsonl", '{"a": "x"}', {"key": ["b"]}, "bad_row", "has no b, which its key is made of"),
        ("c.jsonl", "[1]", {}, "bad_row", "not a JSON object"),
        ("c.jsonl", "", {}, "empty", "no rows"),
    ],
)
def test_what_is_no_cell_is_refused_with_the_reason(take_bytes, name, data, given, reason, says):
    raw = data if isinstance(data, bytes) else data.encode()
    rows, (refused,) = take_bytes(source(**given), raw, name=name)
    assert (rows, refused.reason) == ([], reason)
    assert says in refused.detail


def test_axes_that_are_wrong_are_told_before_anything_is_read():
    with pytest.raises(ValidationError, match="cross to 1,100,000 texts"):
        source(axes={"a": list(range(1100))}, each=1000)
    with pytest.raises(ValidationError, match="axis a has '1' twice"):
        source(axes={"a": [1, "1"]})


def test_a_grid_is_a_source_whose_records_the_ledger_calls_generated(tmp_path: Path):
    recipe = {"dataset": "g", "taxonomy": "ekman-7", "sources": [{"kind": "generate", "path": "grid.yaml"}]}
    made = project(tmp_path / "p", recipe)
    (made.folder / "grid.yaml").write_text(GRID)
    summary = made.build()
    assert (summary.records, summary.kept) == (4, 4)
    assert {row["kind"] for row in made.rows(summary.version).to_pylist()} == {"text"}
    ledger = Workspace(made.workspace).ledger("sources").read()
    assert ledger.column("kind").to_pylist() == ["generated"] * 4
    assert bind(load_recipe(made.recipe)).sources[0].source.name == "generate"
