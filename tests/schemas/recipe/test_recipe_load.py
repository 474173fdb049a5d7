"""A good recipe: what is read, where its keys are written, which paths it may name, how it keeps secrets."""

import pickle
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import pytest
import yaml
from pydantic import ConfigDict, Field, TypeAdapter, ValidationError

from affectory.schemas.errors import UserError
from affectory.schemas.ids import canonical
from affectory.schemas.recipe import EntrySpec, Recipe, RecipeProblems, Secret, StepSpec, load_recipe
from affectory.schemas.recipe.explain import branches
from affectory.schemas.recipe.model import recipe_schema

FULL = """\
dataset: hello-affect
title: Hello
authors: [A. Author]
languages: [en, "no"]
taxonomy: ekman-7
workspace: .affectory
sources:
  - {kind: folder, path: media/, licence: CC-BY-4.0}
  - {kind: jsonl, name: spoken, path: utterances.jsonl, key: null}
ratings:
  - {kind: csv, path: ratings.csv}
people: {pseudonym_key: "${env:AFFECTORY_KEY}"}
ingest:
  - probe
  - scenes: {threshold: 27}
  - clips: null
assist: [lexicon]
label: {rule: vote_share, pools: [human, group, model], min_overlap: 0.5}
validate: {min_rows: 1, max_rejected: 1.0}
publish:
  to: releases
  configs: [default, opinions]
  media: [image, audio, video, frames]
  splits: {by: [speaker, source], train: 0.8, validation: 0.1, test: 0.1}
  shard_mb: 256
limits: {max_failed: 0.1, min_for_max_failed: 20, row_bytes: 1000000, file_bytes: 20000000000}
models: {writer: {backend: openai, key: "${env:SERVER_KEY}"}}
"""
SMALL = "dataset: hello\ntaxonomy: ekman-7\nsources: [{kind: folder, path: media}]\n"


def read(folder: Path, text: str, **files: str) -> Recipe:
    for name, content in {"recipe.yaml": text, **files}.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content)
    return load_recipe(folder / "recipe.yaml")


def test_steps_and_entries(tmp_path: Path) -> None:
    recipe = read(tmp_path, FULL)
    assert recipe.steps("ingest") == (
        StepSpec("probe", {}, ("ingest", 0)),
        StepSpec("scenes", {"threshold": 27}, ("ingest", 1, "scenes")),
        StepSpec("clips", {}, ("ingest", 2, "clips")),
    )
    assert recipe.steps("assist") == (StepSpec("lexicon", {}, ("assist", 0)),)
    assert recipe.source_specs() == (
        EntrySpec("folder", "folder", {"path": "media/", "licence": "CC-BY-4.0"}, ("sources", 0)),
        EntrySpec("jsonl", "spoken", {"path": "utterances.jsonl", "key": None}, ("sources", 1)),
    )
    assert recipe.rating_specs() == (EntrySpec("csv", "csv", {"path": "ratings.csv"}, ("ratings", 0)),)
    assert recipe.spec.validation.min_rows == 1
    assert recipe.file == tmp_path / "recipe.yaml"


def test_defaults_are_those_that_the_full_recipe_spells_out(tmp_path: Path) -> None:
    small, full = read(tmp_path, SMALL).spec, read(tmp_path, FULL).spec
    for part in ("label", "validation", "publish", "limits"):
        assert getattr(small, part).model_dump() == getattr(full, part).model_dump()
    assert small.publish.splits.shares == {"train": 0.8, "validation": 0.1, "test": 0.1}


def test_named_splits_replace_the_default_ones(tmp_path: Path) -> None:
    recipe = read(tmp_path, SMALL + "publish: {splits: {by: [dialogue], train: 0.3, dev: 0.3, dev_two: 0.4}}\n")
    assert recipe.spec.publish.splits.shares == {"train": 0.3, "dev": 0.3, "dev_two": 0.4}


@pytest.mark.parametrize(("share", "count"), [(0.1, 10), (0.3333333334, 3), (1, 1)])
def test_shares_need_not_add_up_to_the_last_digit(share: float, count: int, tmp_path: Path) -> None:
    shares = ", ".join(f"{letter}: {share}" for letter in "abcdefghij"[:count])
    assert len(read(tmp_path, SMALL + f"publish: {{splits: {{{shares}}}}}\n").spec.publish.splits.shares) == count


def test_pools_are_the_kinds_of_raters() -> None:
    pools = recipe_schema()["$defs"]["Label"]["properties"]["pools"]["items"]["enum"]
    assert tuple(pools) == ("human", "group", "model")


def test_canonical_is_plain_data_that_reads_as_the_same_recipe(tmp_path: Path) -> None:
    recipe = read(tmp_path, FULL)
    plain = recipe.canonical()
    asked = {"assume": [], "require": [], "personal_data": None, "crisis": "hold"}
    assert plain["people"] == {"pseudonym_key": "${env:AFFECTORY_KEY}", **asked}
    assert plain["models"]["writer"]["key"] == "${env:SERVER_KEY}"
    assert plain["ingest"] == [{"probe": {}}, {"scenes": {"threshold": 27}}, {"clips": {}}]
    assert plain["sources"][1] == {"kind": "jsonl", "name": "spoken", "path": "utterances.jsonl", "key": None}
    again = read(tmp_path / "again", yaml.safe_dump(plain))
    assert canonical(again.canonical()) == canonical(plain)


def test_canonical_does_not_depend_on_how_the_recipe_is_written(tmp_path: Path) -> None:
    plain = read(tmp_path, SMALL + "ingest: [probe, {clips: {}}]\nvalidate: {max_rejected: 1}\n").canonical()
    other = "# the same\ningest:\n- probe:\n- clips\ninclude: [base.yaml]\ndataset: 'hello'\n"
    base = 'sources: [{path: "media", kind: folder}]\ntaxonomy: ekman-7\nvalidate: {max_rejected: 1.0}\n'
    assert canonical(read(tmp_path, other, **{"base.yaml": base}).canonical()) == canonical(plain)


def test_includes_merge_maps_and_replace_the_rest(tmp_path: Path) -> None:
    recipe = read(
        tmp_path,
        "include: [a.yaml, parts/b.yaml]\ndataset: top\nlabel: {min_overlap: 0.1}\n",
        **{
            "a.yaml": SMALL + "ingest: [probe, clips]\nlabel: {min_overlap: 0.2, rule: one}\nvalidate: {min_rows: 7}\n",
            "parts/b.yaml": "include: [c.yaml]\ningest: [scenes]\nlabel: {rule: two}\ntitle: B\n",
            "parts/c.yaml": "label: {rule: three, pools: [model]}\ntitle: C\n",
        },
    )
    spec = recipe.spec
    assert (spec.dataset, spec.title, spec.validation.min_rows) == ("top", "B", 7)
    assert (spec.label.rule.name, spec.label.min_overlap, spec.label.pools) == ("two", 0.1, ("model",))
    assert [step.name for step in recipe.steps("ingest")] == ["scenes"]
    places = {key: recipe.problem(("label", key), "x") for key in ("min_overlap", "rule", "pools")}
    assert {k: (Path(p.file).name, p.line) for k, p in places.items()} == {
        "min_overlap": ("recipe.yaml", 3),
        "rule": ("b.yaml", 3),
        "pools": ("c.yaml", 1),
    }


def test_one_file_may_be_included_twice(tmp_path: Path) -> None:
    files = {"a.yaml": "include: [c.yaml]\n", "b.yaml": "include: [c.yaml]\n", "c.yaml": "title: C\n"}
    assert read(tmp_path, SMALL + "include: [a.yaml, b.yaml]\n", **files).spec.title == "C"


def test_anchors_and_merge_keys(tmp_path: Path) -> None:
    text = SMALL + "ingest:\n  - a: &base {x: 1, y: 2}\n  - b: {<<: *base, y: 3}\n  - c: {<<: [{y: 4}, *base]}\n"
    params = [step.params for step in read(tmp_path, text).steps("ingest")]
    assert params == [{"x": 1, "y": 2}, {"x": 1, "y": 3}, {"x": 1, "y": 4}]


def test_keys_are_text_and_dates_and_times_stay_text(tmp_path: Path) -> None:
    text = SMALL + "ingest:\n  - a: {0: neg, on: pos, since: 2024-01-31, start: 12:30, n: 1_0, x: 1.5e+3, none: ~}\n"
    assert read(tmp_path, text).steps("ingest")[0].params == {
        "0": "neg", "on": "pos", "since": "2024-01-31", "start": "12:30", "n": 10, "x": 1500.0, "none": None,
    }  # fmt: skip


def test_a_byte_order_mark_and_other_scripts(tmp_path: Path) -> None:
    assert read(tmp_path, "\ufeff" + SMALL + "title: 感情 احساس 😀\n").spec.title == "感情 احساس 😀"


def where(recipe: Recipe, *path: str | int) -> tuple[str, int, int]:
    problem = recipe.problem(path, "x")
    return problem.key, problem.line, problem.column


def test_every_key_has_its_place(tmp_path: Path) -> None:
    recipe = read(tmp_path, FULL)
    assert where(recipe, "title") == ("title", 2, 8)
    assert where(recipe, "publish") == ("publish", 20, 1)
    assert where(recipe, "publish", "splits", "train") == ("publish.splits.train", 24, 42)
    assert where(recipe, "ingest", 0) == ("ingest[0]", 14, 5)
    assert where(recipe, "ingest", 1, "scenes", "threshold") == ("ingest[1].scenes.threshold", 15, 25)
    assert where(recipe, "ingest", 1, "scenes", "detector") == ("ingest[1].scenes.detector", 15, 5)
    assert where(recipe, "assist", 9, "x") == ("assist[9].x", 17, 1)
    assert where(recipe, "absent", "key")[1:] == (1, 1)


def test_an_unknown_name_gets_the_nearest_known_one(tmp_path: Path) -> None:
    recipe = read(tmp_path, SMALL + "ingest:\n  - scenez: {}\n")
    problem = recipe.unknown(recipe.steps("ingest")[0].path, "unknown step", "scenez", {"scenes", "clips"})
    assert (problem.line, problem.column, problem.key) == (5, 5, "ingest[0].scenez")
    assert (problem.given, problem.allowed, problem.hint) == ("scenez", "clips, scenes", "did you mean: scenes?")


@dataclass(frozen=True)
class Scenes:
    """As transforms are: pydantic checks the parameters of a plain dataclass."""

    model: Annotated[str, Field(description="the model\n    that finds cuts")]
    threshold: float = 27.0
    sizes: tuple[int, ...] | None = None
    detector: str | int = "adaptive"
    __pydantic_config__ = ConfigDict(extra="forbid")


def test_errors_in_the_parameters_of_a_step_are_told_alike(tmp_path: Path) -> None:
    text = "ingest:\n  - scenes: {treshold: 1, threshold: much, sizes: [1, x], detector: [1]}\n  - scenes\n"
    recipe = read(tmp_path, SMALL + text)
    adapter = TypeAdapter(Scenes)
    problems = []
    for step in recipe.steps("ingest"):
        with pytest.raises(ValidationError) as caught:
            adapter.validate_python(step.params)
        problems += recipe.explain(step.path, caught.value, adapter.json_schema())
    assert sorted((p.line, p.key, p.message, p.given, p.allowed, p.hint) for p in problems) == [
        (5, "ingest[0].scenes.detector", "wrong type", "[1]", "text, or a whole number", ""),
        (5, "ingest[0].scenes.model", "missing", "", "text", "the model that finds cuts"),
        (5, "ingest[0].scenes.sizes[1]", "wrong type", '"x"', "a whole number", ""),
        (5, "ingest[0].scenes.threshold", "wrong type", '"much"', "a number", ""),
        (5, "ingest[0].scenes.treshold", "unknown key", "treshold", "model, threshold, sizes, detector",
         "did you mean: threshold?"),
        (6, "ingest[1].model", "missing", "", "text", "the model that finds cuts"),
    ]  # fmt: skip


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A recipe's folder among others, with links inside and out of it."""
    (tmp_path / "outside" / "deep").mkdir(parents=True)
    home = tmp_path / "home"
    (home / "media").mkdir(parents=True)
    (home / "parts").mkdir()
    (home / "parts" / "near.csv").touch()
    (home / "out").symlink_to(tmp_path / "outside")
    (home / "in").symlink_to(home / "media")
    (home / "loop").symlink_to(home / "loop")
    return home


@pytest.mark.parametrize("value", ["media", "media/", "./media", "media/../media", "in", "{home}/media", "."])
def test_paths_inside(value: str, home: Path) -> None:
    recipe, value = read(home, SMALL), value.format(home=home)
    assert recipe.check_path(("sources", 0, "path"), value) is None
    assert recipe.resolve(value) == (home if value == "." else home / "media").resolve()


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("../outside", "leaves the recipe's folder"),
        ("out/deep", "leaves the recipe's folder"),
        ("in/../../outside", "leaves the recipe's folder"),
        ("{home}-not", "leaves the recipe's folder"),
        ("/etc/passwd", "leaves the recipe's folder"),
        ("/", "leaves the recipe's folder"),
        ("mdeia", "no such file or folder"),
        ("~", "no such file or folder"),
        ("loop", "no such file or folder"),
        ("a\0b", "not a usable path"),
        ("x" * 5000, "not a usable path"),
    ],
)
def test_paths_that_may_not_be_used(value: str, message: str, home: Path) -> None:
    recipe, path = read(home, SMALL), ("sources", 0, "path")
    problem = recipe.check_path(path, value.format(home=home))
    assert problem is not None
    assert message in problem.message
    assert (problem.key, problem.line) == ("sources[0].path", 3)
    with pytest.raises(RecipeProblems, match=message):
        recipe.resolve(value.format(home=home), path)


def test_roots_widen_the_bounds(home: Path) -> None:
    (home / "recipe.yaml").write_text(SMALL + "workspace: ../outside/ws\n")
    recipe = load_recipe(home / "recipe.yaml", allowed_roots=[home.parent / "outside"])
    assert recipe.resolve("out/deep") == (home.parent / "outside" / "deep").resolve()
    assert recipe.check_path((), "../home-not") is not None


def test_paths_are_relative_to_the_file_they_are_written_in(home: Path) -> None:
    text = "dataset: x\ntaxonomy: x\ninclude: [parts/base.yaml]\nratings: [{kind: csv, path: media}]\n"
    recipe = read(home, text, **{"parts/base.yaml": "sources: [{kind: csv, path: near.csv}]\n"})
    assert recipe.resolve("near.csv", ("sources", 0, "path")) == (home / "parts" / "near.csv").resolve()
    assert recipe.resolve("media", ("ratings", 0, "path")) == (home / "media").resolve()
    assert recipe.check_path(("ratings", 0, "path"), "near.csv") is not None


def test_paths_of_overrides_are_relative_to_the_recipe(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(home / "parts")
    (home / "recipe.yaml").write_text(SMALL)
    recipe = load_recipe(Path("../recipe.yaml"), ["sources[0].path=parts/near.csv"])
    assert recipe.resolve("parts/near.csv", ("sources", 0, "path")) == (home / "parts" / "near.csv").resolve()


def test_a_path_that_need_not_exist(home: Path) -> None:
    recipe = read(home, SMALL)
    assert recipe.resolve("later/on", must_exist=False) == home.resolve() / "later" / "on"


def test_secrets_hold_no_value(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AFFECTORY_KEY", "hunter2")
    recipe = read(tmp_path, FULL)
    secret = recipe.spec.people.pseudonym_key
    assert secret == Secret("AFFECTORY_KEY")
    assert secret is not None and secret.reveal() == "hunter2"
    seen = (repr(secret), str(secret), recipe.spec.model_dump_json(), repr(recipe), str(pickle.dumps(recipe)))
    assert not any("hunter2" in text for text in seen)


@pytest.mark.parametrize(("value", "state"), [(None, "is not set"), ("", "is empty")])
def test_a_secret_without_value_names_its_variable(
    value: str | None, state: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ABSENT_KEY", raising=False)
    if value is not None:
        monkeypatch.setenv("ABSENT_KEY", value)
    with pytest.raises(UserError, match=f"environment variable ABSENT_KEY {state}"):
        Secret("ABSENT_KEY").reveal()


def test_recipes_survive_pickling(tmp_path: Path) -> None:
    recipe = read(tmp_path, FULL)
    copy = pickle.loads(pickle.dumps(recipe))
    assert copy.canonical() == recipe.canonical()
    assert where(copy, "title") == where(recipe, "title")


def test_the_model_is_frozen(tmp_path: Path) -> None:
    with pytest.raises(ValidationError, match="frozen"):
        read(tmp_path, SMALL).spec.dataset = "other"  # type: ignore[misc]


def test_loading_takes_less_than_a_tenth_of_a_second(tmp_path: Path) -> None:
    read(tmp_path, FULL)
    spent = []
    for _ in range(5):
        start = time.perf_counter()
        load_recipe(tmp_path / "recipe.yaml")
        spent.append(time.perf_counter() - start)
    assert min(spent) < 0.1


def test_recipes_need_no_arrow() -> None:
    code = "import sys, affectory.schemas.recipe; sys.exit('pyarrow' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_every_field_is_documented() -> None:
    schema = recipe_schema()
    parts = [schema, *schema["$defs"].values()]
    fields = {name: field for part in parts for name, field in part.get("properties", {}).items()}
    assert len(fields) > 30
    described = {name: any(b.get("description") for b in (f, *branches(f, schema))) for name, f in fields.items()}
    assert [name for name, has in described.items() if not has] == []
