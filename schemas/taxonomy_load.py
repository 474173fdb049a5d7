"""Where taxonomies come from: the built-in files, a mapping in a recipe, a YAML file of the user."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from affectory.schemas.errors import UserError
from affectory.schemas.taxonomy_files import build, data_files, parse_yaml, read_data, read_text
from affectory.schemas.taxonomy_model import Taxonomy
from affectory.schemas.taxonomy_parts import did_you_mean


def load_taxonomy(name: str) -> Taxonomy:
    """A built-in taxonomy; `parrott-2` is the second tier of `parrott`."""
    if found := _built_in(name):
        return found
    hint = f"built in: {', '.join(taxonomy_names())}; or give your own as a mapping or a YAML file"
    raise UserError(f"there is no taxonomy {name!r}{did_you_mean(name, taxonomy_names())}", hint)


@cache
def taxonomy_names() -> tuple[str, ...]:
    """What `load_taxonomy` knows, deeper tiers included."""
    tops = [load_taxonomy(stem) for stem in data_files("taxonomies")]
    return tuple(top.at(tier).name for top in tops for tier in range(1, top.depth + 1))


def parse_taxonomy(given: Mapping[str, Any], where: str = "inline taxonomy") -> Taxonomy:
    """A taxonomy of the user. `extends: ekman-7` puts its entries after those of a built-in one, and `labels` is
    another name of `entries`.

    A built-in's name may be used again only for the same labels, since labels are published under that name.
    """
    if not isinstance(given, Mapping):
        raise UserError(f"{where}: given {type(given).__name__}, expected a mapping")
    return checked_name(build(Taxonomy, prepare(given, where), where), where)


def checked_name(taxonomy: Taxonomy, where: str = "inline taxonomy") -> Taxonomy:
    """The taxonomy, unless it would publish other labels under the name of a built-in one."""
    known = _built_in(taxonomy.name)
    if known and known.hash != taxonomy.hash:
        hint = "give it another name; with `extends` it can take the built-in's entries over"
        raise UserError(f"{where}: {taxonomy.name!r} is a built-in taxonomy with other labels", hint)
    return taxonomy


def read_taxonomy(path: Path) -> Taxonomy:
    """A taxonomy of the user from a YAML file."""
    return parse_taxonomy(parse_yaml(read_text(path), str(path)), str(path))


@cache
def _built_in(name: str) -> Taxonomy | None:
    stems = data_files("taxonomies")
    if name in stems:
        given, where = read_data("taxonomies", name)
        return build(Taxonomy, prepare(given, where), where)
    base, _, tier = name.rpartition("-")
    if base not in stems or not (tier.isascii() and tier.isdecimal()):
        return None
    top = load_taxonomy(base)
    return top.at(int(tier)) if 2 <= int(tier) <= top.depth else None


def prepare(given: Mapping[str, Any], where: str = "inline taxonomy") -> dict[str, Any]:
    """A taxonomy as users write it in the form that `Taxonomy` reads."""
    if {"entries", "labels"} <= set(given):
        raise UserError(f"{where}: labels: given beside entries", "keep one of them: both say the same")
    named = {"entries" if key == "labels" else key: value for key, value in given.items()}
    return _extended(named, where) if "extends" in named else named


def _extended(given: Mapping[str, Any], where: str) -> dict[str, Any]:
    base, rest = given["extends"], {k: v for k, v in given.items() if k != "extends"}
    if not isinstance(base, str):
        raise UserError(f"{where}: extends: given {base!r}, expected the name of a built-in taxonomy")
    above, own = load_taxonomy(base), rest.get("entries", [])
    inherited = above.model_dump(include={"kind", "space", "language", "links"})
    return {**inherited, **rest, "entries": [*above.entries, *own] if isinstance(own, list | tuple) else own}
