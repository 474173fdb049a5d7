"""The exported JSON Schema: valid, documented, and of one mind with the loader."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import pytest
import yaml
from jsonschema import Draft202012Validator
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from affectory.schemas.recipe import RecipeProblems, json_schema, load_recipe
from affectory.schemas.recipe.explain import branches

FULL = """\
dataset: hello-affect
taxonomy: ekman-7
workspace: .affectory
sources: [{kind: folder, path: media/, name: clips}, {kind: jsonl, path: a.jsonl, columns: {text: body}}]
ratings: [{kind: csv, path: ratings.csv}]
people: {pseudonym_key: "${env:AFFECTORY_KEY}"}
ingest: [probe, {scenes: {threshold: 27}}, {probe: null}, {tree: {value: 1, below: [{value: 2}]}}]
assist: [{opine: {model: {title: ear}}}]
label: {rule: vote_share, pools: [human, group, model], min_overlap: 0.5}
validate: {min_rows: 1, max_rejected: 1.0}
publish: {to: releases, configs: [default, opinions], media: [image, audio, video, frames],
  splits: {by: [speaker, source], train: 0.8, validation: 0.1, test: 0.1}, shard_mb: 256}
limits: {max_failed: 0.1, min_for_max_failed: 20, row_bytes: 1000000, file_bytes: 20000000000}
deploy: {image: "affectory-cpu:0.1.0", schedule: 0 2 * * *, time_zone: Europe/Berlin, namespace: affectory,
  workers: {min: 0, max: 8, node_selector: {pool: cpu}}, gpu_workers: {max: 2, tolerations: [{key: nvidia.com/gpu}]},
  secrets: [AFFECTORY_KEY], env: {AWS_REGION: eu-central-1}, storage: {claim: data, path: /data}}
"""


@dataclass(frozen=True)
class Scenes:
    """Cuts a video where the scene changes."""

    threshold: float = 27.0
    __pydantic_config__ = ConfigDict(extra="forbid")


@dataclass(frozen=True)
class Probe:
    """Looks at media."""

    __pydantic_config__ = ConfigDict(extra="forbid")


class Model(BaseModel):
    title: str


@dataclass(frozen=True)
class Opine:
    model: Model
    __pydantic_config__ = ConfigDict(extra="forbid")


class Tree(BaseModel):
    """Refers to itself."""

    model_config = ConfigDict(extra="forbid")
    value: int
    below: "list[Tree]" = []


@dataclass(frozen=True)
class Folder:
    name: str
    path: Annotated[str, Field(description="where it lies")]
    __pydantic_config__ = ConfigDict(extra="forbid")


@dataclass(frozen=True)
class Jsonl:
    path: str
    columns: dict[str, str]
    __pydantic_config__ = ConfigDict(extra="forbid")


def schemas(**types: type) -> dict[str, dict[str, Any]]:
    return {name: TypeAdapter(kind).json_schema() for name, kind in types.items()}


SCHEMA = json_schema(
    schemas(scenes=Scenes, probe=Probe, opine=Opine, tree=Tree),
    schemas(folder=Folder, jsonl=Jsonl),
    schemas(csv=Folder),
)


def accepts(schema: dict[str, Any], text: str) -> bool:
    return bool(Draft202012Validator(schema).is_valid(yaml.safe_load(text)))


@pytest.mark.parametrize("schema", [SCHEMA, json_schema({}, {}, {})], ids=["installed", "nothing-installed"])
def test_it_is_valid_and_takes_the_full_recipe(schema: dict[str, Any]) -> None:
    Draft202012Validator.check_schema(schema)
    assert [error.message for error in Draft202012Validator(schema).iter_errors(yaml.safe_load(FULL))] == []


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("dataset: hello-affect", "dataset: Hello Affect"),
        ("dataset: hello-affect", "data: hello"),
        ("kind: folder", "kind: floder"),
        ("kind: folder, path: media/", "kind: folder"),
        ("kind: folder, path: media/", "kind: folder, path: media/, pat: x"),
        ("columns: {text: body}", "columns: text"),
        ("kind: csv", "kind: jsonl"),
        ("[probe,", "[prob,"),
        ("[probe,", "[opine,"),
        ("{probe: null}", "{opine: null}"),
        ("{probe: null}", "{probe: null, scenes: null}"),
        ("{probe: null}", "{}"),
        ("threshold: 27", "treshold: 27"),
        ("threshold: 27", "threshold: high"),
        ("below: [{value: 2}]", "below: [{valu: 2}]"),
        ("{title: ear}", "{titel: ear}"),
        ('"${env:AFFECTORY_KEY}"', "hunter2"),
        ("pools: [human", "pools: [people"),
        ("train: 0.8", "Train: 0.8"),
        ("train: 0.8", "train: 8"),
        ("by: [speaker", "by: [author"),
        ("shard_mb: 256", "shard_gb: 1"),
        ("max_failed: 0.1", "max_failed: 10"),
        ("configs: [default", "configs: [samples"),
        ("configs: [default", "configs: [default, lables"),
        ("taxonomy: ekman-7", "taxonomy: {name: mood}"),
        ("taxonomy: ekman-7", "taxonomy: {name: mood, lables: [a]}"),
        ("taxonomy: ekman-7", "taxonomy: {name: mood, labels: [{nmae: a}]}"),
        ("taxonomy: ekman-7", "taxonomy: {file: mood.yaml, name: mood}"),
    ],
)
def test_it_refuses(old: str, new: str) -> None:
    assert old in FULL
    assert not accepts(SCHEMA, FULL.replace(old, new, 1))


@pytest.mark.parametrize(
    "own",
    [
        "{file: mood.yaml}",
        "{name: mood, labels: [calm, tense, elated]}",
        "{name: mood, entries: [{name: calm, children: [still, {name: cool, vad: null}]}]}",
        "{name: mood, extends: ekman-7}",
    ],
)
def test_it_takes_taxonomies_of_users(own: str) -> None:
    assert accepts(SCHEMA, FULL.replace("taxonomy: ekman-7", f"taxonomy: {own}"))


def test_a_recipe_that_includes_another_may_leave_out_what_that_one_has() -> None:
    assert accepts(SCHEMA, "include: [base.yaml]\ndataset: x\n")
    assert not accepts(SCHEMA, "dataset: x\n")


def test_every_key_of_a_recipe_is_described() -> None:
    own = {name: part for name, part in SCHEMA["$defs"].items() if "." not in name}
    fields = [field for part in (SCHEMA, *own.values()) for field in part.get("properties", {}).values()]
    assert len(fields) > 30
    assert all(any(b.get("description") for b in (field, *branches(field, SCHEMA))) for field in fields)
    assert SCHEMA["$defs"]["Step"]["anyOf"][1]["properties"]["scenes"]["description"] == Scenes.__doc__
    assert SCHEMA["$defs"]["source.folder"]["properties"]["path"]["description"] == "where it lies"


def test_a_parameter_called_title_is_kept() -> None:
    assert SCHEMA["$defs"]["step.opine"]["$defs"]["Model"]["properties"]["title"] == {"type": "string"}


def test_names_with_slashes_are_found() -> None:
    schema = json_schema(schemas(**{"text/clean": Scenes}), {}, {})
    Draft202012Validator.check_schema(schema)
    start = "dataset: x\ntaxonomy: x\nsources: [{kind: a}]\n"
    assert accepts(schema, start + "ingest: [{text/clean: {threshold: 1}}]\n")
    assert not accepts(schema, start + "ingest: [{text/clean: {threshold: x}}]\n")


@pytest.mark.parametrize("text", [
    FULL,
    "dataset: x\ntaxonomy: {file: t.yaml}\nsources: [{kind: a}]\n",
    "dataset: x\ntaxonomy: x\nsources: []\n",
    "dataset: x\ntaxonomy: ''\nsources: [{kind: a}]\n",
    "dataset: x\ntaxonomy: 3\nsources: [{kind: a}]\n",
    "dataset: x\ntaxonomy: x\nsources: [{kind: ''}]\n",
    "dataset: x\ntaxonomy: x\nsources: [{name: b}]\n",
    "dataset: x\ntaxonomy: x\nsources: [{kind: a}]\ntitle: null\npeople: {pseudonym_key: null}\n",
    "dataset: x\ntaxonomy: x\nsources: [{kind: a}]\nlabel: null\n",
    "dataset: x\ntaxonomy: x\nsources: [{kind: a}]\nlabel: {pools: []}\n",
    "dataset: x\ntaxonomy: x\nsources: [{kind: a}]\nlimits: {row_bytes: 0}\n",
    "dataset: x\ntaxonomy: x\nsources: [{kind: a}]\nassist: [a, {b: }, {c: {}}]\n",
    "dataset: x\ntaxonomy: x\nsources: [{kind: a}]\nassist: [{b: 1}]\n",
    "dataset: x\ntaxonomy: x\nsources: [{kind: a}]\nassist: [{}]\n",
    "dataset: x\ntaxonomy: x\nsources: [{kind: a}]\npublish: {splits: {all_of_it: 1}}\n",
])  # fmt: skip
def test_editor_and_loader_agree(text: str, tmp_path: Path) -> None:
    (tmp_path / "recipe.yaml").write_text(text)
    try:
        load_recipe(tmp_path / "recipe.yaml")
        loads = True
    except RecipeProblems:
        loads = False
    assert accepts(json_schema({}, {}, {}), text) == loads
