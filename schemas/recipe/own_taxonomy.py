"""Taxonomies that a user writes, in a recipe or in a file of its own: what they may say, and where they are wrong."""

import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from affectory.schemas.errors import UserError
from affectory.schemas.recipe.explain import explain_details, locate
from affectory.schemas.recipe.problems import KeyPath, Problem, describe, did_you_mean
from affectory.schemas.recipe.yaml_positions import Item
from affectory.schemas.taxonomy_load import checked_name, load_taxonomy, prepare, taxonomy_names
from affectory.schemas.taxonomy_model import Taxonomy
from affectory.schemas.taxonomy_parts import word_key

_ABOUT = re.compile(r"(entry|link) ('(?:[^'\\]|\\.)*'|\"[^\"]*\")( of [^:]*)?: ")
_KEYS = {"tier": "tier", "dimensions": "kind"}
"""With which word an error about the whole taxonomy begins, and the key that it is about."""


def own_taxonomy(tree: Item, at: KeyPath = ()) -> Taxonomy | list[Problem]:
    """The taxonomy written at `at`, or everything wrong with it."""
    given = tree.nearest(at)[0].plain()
    if problem := _misused(given, tree, at):
        return [problem]
    try:
        taxonomy = Taxonomy.model_validate(prepare(given))
    except ValidationError as error:
        placed = [_placed(detail, given) for detail in error.errors(include_url=False)]
        return list(explain_details(placed, taxonomy_schema(), tree, at).values())
    try:
        return checked_name(taxonomy)
    except UserError as error:
        message = "a built-in taxonomy with other labels is called so"
        return [locate(tree, (*at, "name"), message, describe(taxonomy.name), "a name of its own", error.hint)]


def _misused(given: Any, tree: Item, at: KeyPath) -> Problem | None:
    """What has to be right before a taxonomy can be put together."""
    if not isinstance(given, Mapping):
        return locate(tree, at, "wrong type", describe(given), "a mapping with name and labels")
    if {"entries", "labels"} <= set(given):
        hint = "keep one of them: both say the same"
        return locate(tree, (*at, "labels"), "given beside entries", "labels", "labels or entries", hint, at_key=True)
    base = given.get("extends")
    if "extends" in given and (not isinstance(base, str) or not _is_known(base)):
        names = ", ".join(taxonomy_names())
        near = did_you_mean(base, taxonomy_names()) if isinstance(base, str) else ""
        return locate(tree, (*at, "extends"), "unknown taxonomy", describe(base), names, near)
    return None


def _is_known(name: str) -> bool:
    try:
        return bool(load_taxonomy(name))
    except UserError:
        return False


def _placed(detail: ErrorDetails, given: Mapping[str, Any]) -> ErrorDetails:
    """An error at the place where the user wrote what it is about: entries are checked flat and by one name."""
    loc, text = detail["loc"], str(detail["msg"]).removeprefix("Value error, ")
    rows = [row for row in _rows(given) if loc[:1] == ("entries",) and len(loc) > 1]
    inherited = len(load_taxonomy(given["extends"]).entries) if "extends" in given else 0
    if rows and isinstance(loc[1], int) and 0 <= loc[1] - inherited < len(rows):
        loc = (*rows[loc[1] - inherited][0], *loc[2:])
    elif loc == ("entries",):
        loc = (_called(given),)
    if detail["type"] != "value_error":
        return {**detail, "loc": loc}
    if len(loc) < 2:
        loc = _subject(text, given) or loc
    message, near, hint = text.partition(", did you mean ")
    facts = {**detail.get("ctx", {}), "hint": f"did you mean: {hint}" if near else ""}
    return {**detail, "loc": loc, "msg": message, "ctx": facts}


def _subject(text: str, given: Mapping[str, Any]) -> KeyPath:
    """What an error about the whole taxonomy is about: the last entry or link of that name, or a key."""
    about = _ABOUT.match(text)
    if about is None:
        key = _KEYS.get(text.split(" ")[0], "")
        return (key,) if key in given else ()
    rows = _rows(given) if about[1] == "entry" else _links(given)
    return next((path for path, name in reversed(list(rows)) if word_key(repr(name)) == word_key(about[2])), ())


def _called(given: Mapping[str, Any]) -> str:
    return "labels" if "labels" in given else "entries"


def _rows(given: Mapping[str, Any]) -> Iterator[tuple[KeyPath, Any]]:
    """The entries in the order in which they are flattened, children after their parent, with their names."""
    yield from _nested(given.get(_called(given)), (_called(given),))


def _nested(entries: Any, at: KeyPath) -> Iterator[tuple[KeyPath, Any]]:
    for index, entry in enumerate(entries if isinstance(entries, list) else ()):
        yield (*at, index), entry.get("name") if isinstance(entry, dict) else entry
        if isinstance(entry, dict):
            yield from _nested(entry.get("children"), (*at, index, "children"))


def _links(given: Mapping[str, Any]) -> Iterator[tuple[KeyPath, Any]]:
    links = given.get("links")
    for index, link in enumerate(links if isinstance(links, list) else ()):
        if isinstance(link, dict):
            yield ("links", index), link.get("name") or link.get("kind")


@cache
def taxonomy_schema(root: str = "#/$defs/") -> dict[str, Any]:
    """The JSON Schema of a taxonomy as users write it; its definitions are to lie at `root`."""
    schema = Taxonomy.model_json_schema(ref_template=root + "{model}")
    entry, fields = schema["$defs"]["Entry"], schema["properties"]
    entries = {"type": "array", "items": {"anyOf": [{"type": "string"}, {"$ref": f"{root}Entry"}]}, "minItems": 1}
    entry["properties"]["children"] = {**entries, "description": "Entries one tier below, written inside this one."}
    fields["entries"] = {**entries, "description": "Its labels: names, or mappings that say more."}
    fields["labels"] = {**entries, "description": "Another name of `entries`."}
    fields["extends"] = {"type": "string", "description": "A built-in taxonomy whose entries come before these."}
    schema["required"] = ["name"]
    schema["allOf"] = [{"anyOf": [{"required": [key]} for key in ("entries", "labels", "extends")]}]
    return schema
