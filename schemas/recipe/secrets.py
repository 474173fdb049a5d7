"""Secrets: a recipe names an environment variable and never holds the value."""

import os
import re
from dataclasses import dataclass
from typing import Any

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from affectory.schemas.errors import UserError

REFERENCE_START = "${env:"
REFERENCE = r"^\$\{env:[A-Za-z_][A-Za-z0-9_]*\}$"
ALLOWED = "${env:NAME}, naming an environment variable"


@dataclass(frozen=True)
class Secret:
    """The name of the environment variable that holds a secret; the value is read when asked for and kept nowhere."""

    variable: str

    def __str__(self) -> str:
        return f"{REFERENCE_START}{self.variable}}}"

    def reveal(self) -> str:
        """The value; an unset or empty variable is the user's mistake."""
        value = os.environ.get(self.variable, "")
        if not value:
            state = "empty" if self.variable in os.environ else "not set"
            raise UserError(f"environment variable {self.variable} is {state}", f"export {self.variable}=... and retry")
        return value

    @classmethod
    def __get_pydantic_core_schema__(cls, source: type[Any], handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(
            _read, serialization=core_schema.to_string_ser_schema(when_used="always")
        )

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return {"type": "string", "pattern": REFERENCE, "writeOnly": True}


def _read(value: object) -> Secret:
    if isinstance(value, Secret):
        return value
    if not isinstance(value, str) or not re.fullmatch(REFERENCE.strip("^$"), value):
        hint = "export the value as an environment variable and write its name here"
        raise PydanticCustomError("secret", "secrets are never written in a recipe", {"allowed": ALLOWED, "hint": hint})
    return Secret(value.removeprefix(REFERENCE_START).removesuffix("}"))
