"""Addresses in a recipe: only below what the user allowed, only of the kinds that a key takes, never with a secret."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from affectory.schemas.errors import UserError
from affectory.schemas.recipe import RecipeProblems, load_recipe
from affectory.schemas.urls import masked

GOOD: dict[str, Any] = {
    "dataset": "hello",
    "taxonomy": "ekman-7",
    "sources": [{"kind": "folder", "path": "s3://bucket/media"}],
    "ratings": [{"kind": "csv", "path": "hf://datasets/org/name/ratings", "of": "folder"}],
    "workspace": "s3://bucket/ws",
    "publish": {"to": "s3://out/releases"},
}
ROOTS = ("s3://bucket", "s3://out/releases", "hf://datasets/org/name")
PATHS = {
    "workspace": ("workspace",),
    "publish": ("publish", "to"),
    "sources": ("sources", 0, "path"),
    "ratings": ("ratings", 0, "path"),
}


def written(folder: Path, **changes: Any) -> Path:
    (folder / "recipe.yaml").write_text(yaml.safe_dump({**GOOD, **changes}))
    return folder / "recipe.yaml"


def problems(path: Path, roots: tuple[str, ...] = ROOTS) -> list[tuple[str, str, str, str]]:
    """What is wrong with the four places, the sources and ratings looked at as binding them does."""
    found = []
    try:
        recipe = load_recipe(path, allowed_roots=roots)
    except RecipeProblems as error:
        found += error.problems
    else:
        entries = [*recipe.source_specs(), *recipe.rating_specs()]
        given = (recipe.check_path((*e.path, "path"), str(e.params["path"])) for e in entries)
        found += [problem for problem in given if problem]
    return [(p.key, p.message, p.given, p.hint) for p in found]


def test_addresses_below_the_roots_are_taken(tmp_path: Path) -> None:
    assert problems(written(tmp_path)) == []
    recipe = load_recipe(written(tmp_path), allowed_roots=ROOTS)
    assert recipe.resolve("s3://bucket/media/", PATHS["sources"]) == "s3://bucket/media"


def test_without_a_root_each_is_refused_with_the_flag_that_allows_it(tmp_path: Path) -> None:
    message = "leaves the recipe's folder for a place that was not allowed"
    path = written(tmp_path)
    assert problems(path, ()) == [
        ("publish.to", message, '"s3://out/releases"', "allow it with --root s3://out/releases"),
        ("workspace", message, '"s3://bucket/ws"', "allow it with --root s3://bucket/ws"),
    ]
    local = written(tmp_path, workspace="ws", publish={"to": "releases"})
    assert [(key, hint) for key, _, _, hint in problems(local, ("s3://bucket/other",))] == [
        ("sources[0].path", "allow it with --root s3://bucket/media"),
        ("ratings[0].path", "allow it with --root hf://datasets/org/name/ratings"),
    ]


READ_ONLY = ("http://host/x", "https://host:8080/x", "gs://bucket/x", "az://container/x", "memory://x")


@pytest.mark.parametrize("url", READ_ONLY)
@pytest.mark.parametrize("key", ["sources", "ratings"])
def test_inputs_lie_wherever_fsspec_reads_from_once_that_is_allowed(tmp_path: Path, key: str, url: str) -> None:
    kind: dict[str, Any] = {"sources": {"kind": "folder"}, "ratings": {"kind": "csv", "of": "folder"}}[key]
    path = written(tmp_path, **{key: [{**kind, "path": url}]})
    assert problems(path, (*ROOTS, url)) == []
    [(_, message, _, hint)] = problems(path)
    assert (message, hint) == (
        "leaves the recipe's folder for a place that was not allowed",
        f"allow it with --root {url}",
    )


@pytest.mark.parametrize(
    ("key", "url"),
    [(key, url) for key in ("workspace", "publish") for url in READ_ONLY]
    + [(key, url) for key in PATHS for url in ("file:///etc", "ftp://host/x")],
)
def test_other_kinds_of_address_are_refused(tmp_path: Path, key: str, url: str) -> None:
    changes: dict[str, Any] = {
        "workspace": url,
        "publish": {"to": url},
        "sources": [{"kind": "folder", "path": url}],
        "ratings": [{"kind": "csv", "path": url, "of": "folder"}],
    }
    [(_, message, given, _)] = problems(written(tmp_path, **{key: changes[key]}))
    assert message == "an address of this kind cannot be used here"
    assert given == f'"{masked(url)}"'


def test_the_hub_holds_no_workspace(tmp_path: Path) -> None:
    found = problems(written(tmp_path, workspace="hf://datasets/org/name"))
    assert [(key, message) for key, message, _, _ in found] == [
        ("workspace", "an address of this kind cannot be used here")
    ]


@pytest.mark.parametrize("key", ["include", "taxonomy"])
def test_what_is_read_while_checking_lies_on_this_machine(tmp_path: Path, key: str) -> None:
    changes: dict[str, Any] = {"include": ["s3://bucket/r.yaml"], "taxonomy": {"file": "s3://bucket/t.yaml"}}
    path = written(tmp_path, **{key: changes[key]})
    if key == "include":
        assert problems(path)[0][:2] == ("include[0]", "an address of this kind cannot be used here")
    else:
        recipe = load_recipe(path, allowed_roots=ROOTS)
        problem = recipe.check_path(("taxonomy", "file"), "s3://bucket/t.yaml")
        assert problem and problem.allowed == "a path"


def test_a_secret_in_an_address_is_refused_and_not_shown(tmp_path: Path) -> None:
    [(key, message, given, _)] = problems(written(tmp_path, workspace="s3://AKIA:hunter2@bucket/ws"))
    assert (key, given) == ("workspace", '"s3://***"')
    assert "never holds credentials" in message


def test_a_root_is_checked_too(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="--root s3://\\*\\*\\*: an address never holds credentials"):
        load_recipe(written(tmp_path), allowed_roots=["s3://a:b@bucket"])


def test_an_override_is_bound_as_the_recipe_is(tmp_path: Path) -> None:
    with pytest.raises(RecipeProblems) as caught:
        load_recipe(written(tmp_path), ["publish.to=s3://elsewhere/x"], ROOTS)
    assert [(p.file, p.key, p.hint) for p in caught.value.problems] == [
        ("--set", "publish.to", "allow it with --root s3://elsewhere/x")
    ]
