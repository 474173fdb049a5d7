"""A name with parameters below it: how recipes write steps, rules and what people are asked."""

from typing import Any, ClassVar

from pydantic import ConfigDict, JsonValue, model_serializer, model_validator
from pydantic_core import PydanticCustomError

from affectory.schemas.recipe.part import Part, Text


def _step_forms(schema: dict[str, Any]) -> None:
    params = {"type": ["object", "null"]}
    one = {"type": "object", "additionalProperties": params, "minProperties": 1, "maxProperties": 1}
    forms = {"description": schema["description"], "anyOf": [{"type": "string"}, one]}
    schema.clear()
    schema.update(forms)


class Step(Part):
    """One step: its name, or one key (the name) above its parameters."""

    model_config = ConfigDict(json_schema_extra=_step_forms)
    _called: ClassVar[str] = "step"

    name: Text
    """Which transform to run."""
    params: dict[str, JsonValue]
    """Its parameters; what is left out keeps its default."""

    @model_validator(mode="before")
    @classmethod
    def _read(cls, value: Any) -> Any:
        if isinstance(value, str):
            return {"name": value, "params": {}}
        if not isinstance(value, dict) or len(value) != 1:
            raise _bad_step(value, cls._called)
        name, params = next(iter(value.items()))
        if params is not None and not isinstance(params, dict):
            facts = {"below": name, "allowed": "a mapping of parameters, or nothing"}
            raise PydanticCustomError("step_params", "wrong type", facts)
        return {"name": name, "params": params or {}}

    @model_serializer
    def _write(self) -> dict[str, dict[str, JsonValue]]:
        return {self.name: self.params}


def _bad_step(value: Any, called: str) -> PydanticCustomError:
    facts = {"allowed": f"a {called}'s name, or one name with its parameters below it"}
    if isinstance(value, dict) and len(value) > 1 and None in value.values():
        facts["hint"] = f"indent the parameters further than the {called}'s name"
    elif isinstance(value, dict) and len(value) > 1:
        facts["hint"] = f"begin each {called} with its own dash"
    return PydanticCustomError("step", f"not a {called}", facts)
