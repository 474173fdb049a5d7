"""What a recipe may say of a model under `options`, for transformers."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError

from affectory.schemas.errors import UserError
from affectory.schemas.recipe.asked import Asked


class Options(BaseModel):
    """All of them."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    batch: Annotated[int, Field(ge=1, le=1024)] | None = None
    """Questions that are worked on at once. With more than one, the last digits of a sum depend on which these are."""
    threads: Annotated[int, Field(ge=1, le=256)] = 1
    """Of the processor; another number may give another answer, so it never follows the machine."""
    dtype: Literal["float32", "bfloat16", "float16"] | None = None
    """How numbers are held: float32 on a processor, bfloat16 on a GPU."""
    download: bool = False
    """Fetch a model of the hub that is not on this machine."""
    template: dict[str, JsonValue] = {}
    """What the model's chat template is told beside the messages, such as `enable_thinking: false`."""


def options_of(spec: Asked) -> Options:
    """Those of a model, or a `UserError` that says what is wrong."""
    try:
        return Options.model_validate(spec.options)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place, known = ".".join(map(str, first["loc"])), ", ".join(Options.model_fields)
        raise UserError(f"options.{place}: {first['msg']}", f"options of the backend transformers: {known}") from error
