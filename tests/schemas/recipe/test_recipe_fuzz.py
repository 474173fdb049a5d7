"""Whatever stands in a file, loading it gives a recipe or `RecipeProblems`."""

import json
import pickle
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from affectory.schemas.ids import canonical
from affectory.schemas.recipe import RecipeProblems, load_recipe, yaml_positions

SECTIONS = ("title", "include", "people", "ingest", "label", "validate", "publish", "limits")
KEYS = st.sampled_from(
    [*SECTIONS, "dataset", "taxonomy", "workspace", "sources", "kind", "name", "pseudonym_key", "pools", "splits", "by"]
)
SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.dates(), st.binary(max_size=4), st.text(max_size=12),
    st.sampled_from(["hello", "ekman-7", "${env:X}", "..", "recipe.yaml", "/", "train", "human", "\0", "on"]),
)  # fmt: skip
DOCUMENTS = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS | st.text(max_size=5), inner, max_size=4),
    max_leaves=20,
)
NEARLY = st.fixed_dictionaries(
    {"dataset": st.just("hello"), "taxonomy": st.just("x"), "sources": st.just([{"kind": "folder"}])},
    optional=dict.fromkeys(SECTIONS, DOCUMENTS),
)
YAML_ISH = st.text(st.sampled_from("ab01:-[]{}'\"&*!|>#%@`, \n\t?~<$.\\\ud7ff\u0085\ufeff😀"), max_size=60)


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as made:
        yield Path(made)


@pytest.fixture(params=["CSafeLoader", "SafeLoader"])
def loader(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """With and without the C library, which not every platform has."""
    monkeypatch.setattr(yaml_positions, "_Loader", getattr(yaml, request.param))


def load(folder: Path, content: bytes) -> Any:
    """The recipe as plain data, or None where it is refused in the proper way."""
    (folder / "recipe.yaml").write_bytes(content)
    try:
        recipe = load_recipe(folder / "recipe.yaml")
    except RecipeProblems as error:
        assert error.problems
        assert list(error.problems) == sorted(error.problems, key=lambda p: (p.file, p.line, p.column))
        assert all(problem.line > 0 and problem.column > 0 for problem in error.problems)
        str(error).encode()
        json.dumps(error.facts())
        assert pickle.loads(pickle.dumps(error)).problems == error.problems
        return None
    return recipe.canonical()


@pytest.mark.usefixtures("loader")
class TestAnything:
    @given(content=st.binary(max_size=200))
    def test_bytes(self, content: bytes, folder: Path) -> None:
        load(folder, content)

    @given(text=st.text(max_size=200) | YAML_ISH)
    @example(text="? [a]\n: b\n")
    @example(text="a: !!int x\nb: !!bool maybe\nc: !!float ''\nd: !!null x\n")
    @example(text="<<: 3\n")
    @example(text="<<: [*a]\n")
    @example(text="a: \"\\ud800\"\nb: '\\0'\n")
    @example(text=f"a: {'9' * 5000}\nb: 0x{'f' * 50000}\n")
    @example(text="include: [recipe.yaml, '', '.', '/', \"\\0\", 3, null, [x]]\n")
    @example(text="%YAML 3.0\n---\na: b\n")
    @example(text="*a : 1\n")
    @example(text="a: =\n=: b\n")
    def test_text(self, text: str, folder: Path) -> None:
        load(folder, text.encode("utf-8", "surrogatepass"))

    @given(document=DOCUMENTS | NEARLY)
    def test_documents(self, document: Any, folder: Path) -> None:
        load(folder, yaml.safe_dump(document, allow_unicode=True).encode())


@pytest.mark.usefixtures("loader")
def test_text_that_cannot_be_written_again_is_refused(folder: Path) -> None:
    good = b"dataset: x\ntaxonomy: x\nsources: [{kind: folder}]\n"
    assert load(folder, good + b'title: "\\u00e9"\n') is not None
    assert load(folder, good + b'title: "\\ud800"\n') is None


@given(document=NEARLY)
def test_a_recipe_that_loads_is_json_and_loads_again(document: Any, folder: Path) -> None:
    plain = load(folder, yaml.safe_dump(document).encode())
    if plain is not None:
        again = load(folder, yaml.safe_dump(plain, allow_unicode=True).encode())
        assert canonical(again) == canonical(plain)
