"""`--set`: values reach the key they name, and nothing else changes."""

import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from affectory.schemas.recipe import RecipeProblems, load_recipe
from affectory.schemas.recipe.problems import format_key

RECIPE = """\
dataset: hello
taxonomy: ekman-7
sources:
  - {kind: folder, path: media}
  - {kind: jsonl, path: a.jsonl}
ingest:
  - scenes: {threshold: 27, sizes: [1, 2]}
publish: {splits: {train: 0.8, validation: 0.1, test: 0.1}}
"""


@pytest.fixture(scope="module")
def recipe() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "recipe.yaml"
        file.write_text(RECIPE)
        yield file


def at(plain: Any, path: tuple[str | int, ...]) -> Any:
    for part in path:
        plain = plain[part]
    return plain


@pytest.mark.parametrize(
    ("override", "path", "value"),
    [
        ("title=Hello there", ("title",), "Hello there"),
        ("title='a=b'", ("title",), "a=b"),
        ("title='on'", ("title",), "on"),
        ("sources[1].path=b.jsonl", ("sources", 1, "path"), "b.jsonl"),
        ("sources.1.path=b.jsonl", ("sources", 1, "path"), "b.jsonl"),
        ("sources[0].licence=CC0-1.0", ("sources", 0, "licence"), "CC0-1.0"),
        ("sources[0]={kind: csv}", ("sources", 0), {"kind": "csv"}),
        ("ingest[0].scenes.threshold=30", ("ingest", 0, "scenes", "threshold"), 30),
        ("ingest[0].scenes.sizes[1]=3", ("ingest", 0, "scenes", "sizes", 1), 3),
        ("ingest[0].scenes.new.deep=true", ("ingest", 0, "scenes", "new", "deep"), True),
        ("ingest=[probe]", ("ingest",), [{"probe": {}}]),
        ("validate.min_rows=5", ("validate", "min_rows"), 5),
        ("publish.splits={train: 1}", ("publish", "splits", "train"), 1),
        ("taxonomy={file: mine.yaml}", ("taxonomy", "file"), "mine.yaml"),
        ("people.pseudonym_key=${env:KEY}", ("people", "pseudonym_key"), "${env:KEY}"),
        (" title =x", ("title",), "x"),
    ],
)
def test_override(override: str, path: tuple[str | int, ...], value: Any, recipe: Path) -> None:
    assert at(load_recipe(recipe, [override]).canonical(), path) == value


def test_overrides_apply_in_order_and_before_checks(recipe: Path) -> None:
    overrides = ["publish.splits.train=0.7", "publish.splits.test=0.5", "publish.splits.test=0.2"]
    shares = load_recipe(recipe, overrides).spec.publish.splits.shares
    assert shares == {"train": 0.7, "validation": 0.1, "test": 0.2}


def test_overrides_can_mend_a_recipe(tmp_path: Path) -> None:
    (tmp_path / "recipe.yaml").write_text(RECIPE.replace("hello", "HELLO"))
    assert load_recipe(tmp_path / "recipe.yaml", ["dataset=mended"]).spec.dataset == "mended"


@pytest.mark.parametrize(
    ("override", "key"),
    [
        ("publish.splits.train=0.7", "publish.splits"),
        ("label.rul=x", "label.rul"),
        ("sources[2].path=x", "sources"),
        ("sources.first.path=x", "sources"),
        ("ingest[0].scenes.sizes[0].x=1", "ingest[0].scenes.sizes[0].x"),
        ("dataset=", "dataset"),
        ("sources[0].name=Bad Name", "sources[0].name"),
        ("title=${env:HOME}", "title"),
        ("title=!!binary aGk=", "title"),
        ("a..b=1", ""),
        ("[0]=1", ""),
        ("sources[x]=1", ""),
        ("sources[-1]=1", ""),
        ("sources[99999999999999999999]=1", "sources"),
    ],
)
def test_wrong_override(override: str, key: str, recipe: Path) -> None:
    with pytest.raises(RecipeProblems) as caught:
        load_recipe(recipe, [override])
    (problem,) = caught.value.problems
    assert problem.key == key
    if key != "publish.splits":  # which no single override is to blame for
        assert (problem.file, problem.line, problem.given) == ("--set", 0, override)
        assert str(problem).startswith("--set: ")


NAMES = st.from_regex(r"[a-z_][a-z0-9_-]{0,8}", fullmatch=True)
TEXT = st.text(st.characters(exclude_categories=["C"]), max_size=20).filter(lambda text: "${env:" not in text)
SCALARS = st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | TEXT
FLOATS = st.floats(allow_nan=False, allow_infinity=False).map(lambda number: float(f"{number:.6f}"))
VALUES = st.recursive(
    SCALARS | FLOATS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3), max_leaves=8
)


def spelled(value: Any) -> str:
    """JSON that is YAML too: its exponents need a point and a sign."""
    if isinstance(value, float):
        return f"{value:.6f}"
    if isinstance(value, list):
        return "[" + ", ".join(map(spelled, value)) + "]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{spelled(key)}: {spelled(item)}" for key, item in value.items()) + "}"
    return json.dumps(value, ensure_ascii=False)


@given(path=st.lists(NAMES, min_size=1, max_size=4).map(tuple), value=VALUES)
def test_whatever_is_set_is_read_back(path: tuple[str, ...], value: Any, recipe: Path) -> None:
    whole = ("ingest", 0, "scenes", *path)
    overrides = [f"{format_key(whole)}={spelled(value)}"]
    if path[0] in ("threshold", "sizes"):
        overrides.insert(0, f"ingest[0].scenes.{path[0]}=")
    plain = load_recipe(recipe, overrides).canonical()
    assert at(plain, whole) == value
    untouched = load_recipe(recipe).canonical()
    assert {key: part for key, part in plain.items() if key != "ingest"} == {
        key: part for key, part in untouched.items() if key != "ingest"
    }


@given(override=st.text(max_size=40) | st.from_regex(r"(title|sources\[0\]|ingest\.0\.scenes)=.{0,20}", fullmatch=True))
def test_any_text_as_override_is_taken_or_refused(override: str, recipe: Path) -> None:
    try:
        load_recipe(recipe, [override])
    except RecipeProblems as error:
        str(error).encode()
