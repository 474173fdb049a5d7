"""The JSON Schema of recipes with every step and source that is installed, for editors."""

from typing import Any

from affectory.annotation.form import field_modules
from affectory.pipelines import discovery
from affectory.pipelines.bind import parameter_schema
from affectory.schemas.recipe.json_schema import json_schema


def recipe_schema() -> dict[str, Any]:
    """What an editor needs to complete and check a recipe."""
    return json_schema(
        steps=_schemas(discovery.steps()),
        sources=_schemas(discovery.modules("sources")),
        ratings=_in_taxonomy(_schemas(discovery.modules("ratings")), "the recipe's"),
        rules=_in_taxonomy(
            _schemas(discovery.modules("views")), "the recipe's, which the published label is always in"
        ),
        asked=_schemas(field_modules()),
        audits=_schemas(discovery.audits()),
    )


def _in_taxonomy(schemas: dict[str, dict[str, Any]], default: str) -> dict[str, dict[str, Any]]:
    """What any of them may be in."""
    named = {"type": "string", "description": f"Name of the built-in taxonomy of its labels. Default: {default}."}
    return {
        name: {**schema, "properties": {**schema.get("properties", {}), "taxonomy": named}}
        for name, schema in schemas.items()
    }


def _schemas(modules: Any) -> dict[str, dict[str, Any]]:
    found = {}
    for name, module in modules.items():
        cls = discovery.public_class(module)
        found[name] = {**parameter_schema(cls), "description": (cls.__doc__ or "").strip()}
    return found
