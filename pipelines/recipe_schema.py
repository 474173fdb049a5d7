"""The JSON Schema of recipes with every step and source that is installed, for editors."""

from typing import Any

from affectory.pipelines import discovery
from affectory.pipelines.bind import parameter_schema
from affectory.schemas.recipe.json_schema import json_schema


def recipe_schema() -> dict[str, Any]:
    """What an editor needs to complete and check a recipe."""
    return json_schema(
        steps=_schemas(discovery.steps()),
        sources=_schemas(discovery.modules("sources")),
        ratings=_schemas(discovery.modules("ratings")),
    )


def _schemas(modules: Any) -> dict[str, dict[str, Any]]:
    found = {}
    for name, module in modules.items():
        cls = discovery.public_class(module)
        found[name] = {**parameter_schema(cls), "description": (cls.__doc__ or "").strip()}
    return found
