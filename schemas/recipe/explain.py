"""Turns the errors of pydantic into problems in our words: what was given, what is allowed, and where it is written."""

import math
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any, cast

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from affectory.schemas.recipe.problems import KeyPath, Problem, describe, did_you_mean, format_key
from affectory.schemas.recipe.yaml_positions import Item

Schema = Mapping[str, Any]

HIDDEN = "(not shown)"
_UNKNOWN_KINDS = {"extra_forbidden", "unexpected_keyword_argument"}
MISSING = "missing"
_MISSING_KINDS = {"missing", "missing_argument", "missing_keyword_only_argument"}
TOO_SHORT = "too short"
_MESSAGES = {
    "wrong type": ("_type", "_parsing", "int_from_float"),
    "unknown value": ("literal_error", "enum"),
    "out of range": ("greater_than", "greater_than_equal", "less_than", "less_than_equal", "multiple_of"),
    TOO_SHORT: ("too_short",),
    "too long": ("too_long",),
    "not of the allowed form": ("string_pattern_mismatch",),
}  # fmt: skip


def explain(error: ValidationError, schema: Schema, tree: Item, at: KeyPath = ()) -> list[Problem]:
    """One problem for each wrong key; `schema` is the JSON Schema of what was validated, `at` its place in `tree`."""
    return list(explain_each(error, schema, tree, at).values())


def explain_each(error: ValidationError, schema: Schema, tree: Item, at: KeyPath = ()) -> dict[KeyPath, Problem]:
    """The problems by the path of the key that is wrong."""
    return explain_details(error.errors(include_url=False), schema, tree, at)


def explain_details(
    details: Iterable[ErrorDetails], schema: Schema, tree: Item, at: KeyPath = ()
) -> dict[KeyPath, Problem]:
    """As `explain_each`, of errors whose `loc` may have been changed to where their key is written."""
    found: dict[KeyPath, Problem] = {}
    for detail in details:
        path = _key_path(detail, tree, at)
        found.setdefault(path, _problem(detail, path, schema, tree, at))
    return {path: problem for path, problem in found.items() if not _follows_from(problem, path, found)}


def _follows_from(problem: Problem, path: KeyPath, found: Collection[KeyPath]) -> bool:
    """A list is too short for pydantic when its entries are wrong; only the entries are worth telling."""
    return problem.message == TOO_SHORT and any(path == other[: len(path)] != other for other in found)


def locate(
    tree: Item,
    path: KeyPath,
    message: str,
    given: str = "",
    allowed: str = "",
    hint: str = "",
    *,
    at_key: bool = False,
    private: bool = False,
) -> Problem:
    """A problem at `path`, or at its nearest known ancestor. What was given on the command line is shown as it was
    typed, unless it is `private`."""
    item, depth = tree.nearest(path)
    place = item.key if at_key and item.key and depth == len(path) else item.start
    if place.override and not private:
        given = place.override
    return Problem(place.file, place.line, place.column, format_key(path), message, given, allowed, hint)


def _key_path(detail: ErrorDetails, tree: Item, at: KeyPath) -> KeyPath:
    """Pydantic's location without the parts that are no keys, such as the branch of a union."""
    item, path, loc = tree.nearest(at)[0], at, detail["loc"]
    for index, part in enumerate(loc):
        found = item.child(part)
        if found is not None:
            item, path = found, (*path, part)
        elif detail["type"] in _MISSING_KINDS and index == len(loc) - 1:
            path = (*path, part)
    below = detail.get("ctx", {}).get("below")
    return path if below is None else (*path, below)


def _problem(detail: ErrorDetails, path: KeyPath, schema: Schema, tree: Item, at: KeyPath) -> Problem:
    kind, inner = detail["type"], path[len(at) :]
    parent = schema_at(schema, inner[:-1])
    if kind in _UNKNOWN_KINDS or (kind == "string_pattern_mismatch" and _is_new_key(detail, inner, schema)):
        return _unknown_key(path, parent, schema, tree)
    wanted = schema_at(schema, inner)
    if kind in _MISSING_KINDS:
        means = " ".join(wanted.get("description", "").split())
        private = holds_secret(parent, schema)
        return locate(tree, path, MISSING, allowed=words(wanted, schema), hint=means, private=private)
    facts = detail.get("ctx", {})
    item = tree.nearest(path)[0]
    private = holds_secret(wanted, schema) or is_secret(parent, schema)
    given = HIDDEN if private else facts.get("given") or _given(item)
    allowed = facts.get("allowed") or words(wanted, schema)
    hint = facts.get("hint") or _hint(item, wanted, schema)
    message = detail["msg"] if "allowed" in facts else _message(detail)
    return locate(tree, path, message, given, allowed, hint, private=private)


def _is_new_key(detail: ErrorDetails, inner: KeyPath, schema: Schema) -> bool:
    return bool(inner) and detail["input"] == inner[-1] and not schema_at(schema, inner)


def _unknown_key(path: KeyPath, parent: Schema, schema: Schema, tree: Item) -> Problem:
    names, key = list(_flat(parent, schema, "properties")), str(path[-1])
    patterns = [*_flat(parent, schema, "propertyNames").values(), *_flat(parent, schema, "patternProperties")]
    allowed = ", ".join([*names, *(f"names matching {pattern}" for pattern in patterns)])
    private = holds_secret(parent, schema)
    hint = did_you_mean(key, names)
    return locate(tree, path, "unknown key", key, allowed, hint, at_key=True, private=private)


def _message(detail: ErrorDetails) -> str:
    kind = detail["type"]
    for message, kinds in _MESSAGES.items():
        if kind.endswith(kinds) if message in ("wrong type", TOO_SHORT, "too long") else kind in kinds:
            return message
    return detail["msg"].removeprefix("Value error, ")


def _given(item: Item) -> str:
    if isinstance(item.data, bool) and item.raw != describe(item.data):
        return f"{item.raw} (which YAML reads as {describe(item.data)})"
    return describe(item.plain())


def _hint(item: Item, wanted: Schema, root: Schema) -> str:
    types = {branch.get("type") for branch in branches(wanted, root)}
    values = [v for branch in branches(wanted, root) for v in branch.get("enum", [branch.get("const")])]
    if isinstance(item.data, bool | int | float) and "string" in types:
        return f'quote it: "{item.raw}"'
    if item.data is None and not item.place.override:
        return "leave the key out for its default"
    if isinstance(item.data, str):
        if types & {"integer", "number"} and (number := _as_number(item.data)):
            return f"write {number}, without quotes"
        if "array" in types and "string" not in types:
            return f"write a list: [{item.data}]"
        return did_you_mean(item.data, [v for v in values if isinstance(v, str)])
    return ""


def _as_number(text: str) -> str:
    """How YAML wants the number in `text` written (1e3 is text to it), or nothing where there is none."""
    try:
        number = float(text)
    except ValueError:
        return ""
    if not math.isfinite(number):
        return ""
    spelled = str(int(number)) if number.is_integer() and abs(number) < 2**53 else repr(number)
    return spelled if "." in spelled else spelled.replace("e", ".0e")


def branches(schema: Schema, root: Schema) -> Iterator[Schema]:
    """The schema itself, or what it refers to, or the alternatives that it offers."""
    if "$ref" in schema:
        yield from branches(_follow(schema["$ref"], root), root)
    elif "anyOf" in schema or "oneOf" in schema:
        for branch in (*schema.get("anyOf", ()), *schema.get("oneOf", ())):
            yield from branches(branch, root)
    elif isinstance(schema.get("type"), list):
        yield from ({**schema, "type": kind} for kind in schema["type"])
    else:
        yield schema


def _follow(reference: str, root: Schema) -> Schema:
    found: Any = root
    for part in reference.removeprefix("#").strip("/").split("/"):
        found = found.get(part.replace("~1", "/").replace("~0", "~"), {}) if part else found
    return found if isinstance(found, Mapping) else {}


def _flat(schema: Schema, root: Schema, name: str) -> dict[str, Any]:
    return {key: value for branch in branches(schema, root) for key, value in branch.get(name, {}).items()}


def schema_at(schema: Schema, path: KeyPath) -> Schema:
    """The JSON Schema of the value at `path`; empty where nothing is said about it."""
    found = schema
    for part in path:
        found = next((s for b in branches(found, schema) if (s := _step_into(b, part)) is not None), {})
    return found


def _step_into(schema: Schema, part: str | int) -> Schema | None:
    if isinstance(part, int):
        prefix = schema.get("prefixItems", ())
        found = prefix[part] if part < len(prefix) else schema.get("items")
    else:
        found = schema.get("properties", {}).get(part) or _by_pattern(schema, part)
    return found if isinstance(found, Mapping) else None


def _by_pattern(schema: Schema, name: str) -> Schema | None:
    """What is said of a name that the recipe gives."""
    for pattern, found in schema.get("patternProperties", {}).items():
        if re.search(pattern, name):
            return cast(Schema, found)
    fits = re.search(schema.get("propertyNames", {}).get("pattern", ""), name)
    return schema.get("additionalProperties") if fits else None


def holds_secret(schema: Schema, root: Schema) -> bool:
    """Whether a value of this schema is a secret or has one right below it."""
    parts = [b for branch in branches(schema, root) for b in (branch, *branch.get("properties", {}).values())]
    return any(is_secret(part, root) for part in parts)


def is_secret(schema: Schema, root: Schema) -> bool:
    return any(branch.get("writeOnly") for branch in branches(schema, root))


def words(schema: Schema, root: Schema) -> str:
    """What a JSON Schema allows, in a few words."""
    said = [_branch_words(branch, root) for branch in branches(schema, root) if branch.get("type") != "null"]
    return ", or ".join(dict.fromkeys(filter(None, said)))


def _branch_words(schema: Schema, root: Schema) -> str:
    if "enum" in schema or "const" in schema:
        return ", ".join(str(value) for value in schema.get("enum", [schema.get("const")]))
    kind = schema.get("type")
    if kind in ("integer", "number"):
        return " ".join(filter(None, ("a whole number" if kind == "integer" else "a number", _range_words(schema))))
    if kind == "string":
        return f"text matching {schema['pattern']}" if "pattern" in schema else "text"
    if kind == "array":
        items = words(schema.get("items", {}), root)
        size = " of at least one" if schema.get("minItems") else ""
        return f"a list{size}: {items}" if items else f"a list{size}"
    if kind == "object":
        names = ", ".join(schema.get("properties", {}))
        return f"a mapping with {names}" if names else "a mapping"
    return {"boolean": "true or false"}.get(str(kind), "")


def _range_words(schema: Schema) -> str:
    low, high = schema.get("minimum"), schema.get("maximum")
    above, below = schema.get("exclusiveMinimum"), schema.get("exclusiveMaximum")
    if low is not None and high is not None:
        return f"from {low} to {high}"
    said = ((low, "at least"), (above, "above"), (high, "at most"), (below, "below"))
    return " and ".join(f"{text} {bound}" for bound, text in said if bound is not None)
