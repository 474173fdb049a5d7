"""Parameters that steps have in common which ask models to judge."""

from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import Field

from affectory.transforms.models._asked import AskedModel, RecipeModel
from affectory.transforms.models._prompts import RecipePrompt

Panel = Annotated[
    tuple[RecipeModel, ...], Field(strict=False, min_length=1, description="who is asked: names under `models`")
]
AskedBy = Annotated[RecipePrompt, Field(description="what is asked: a prompt's name, or a .jinja file")]
See = Annotated[
    tuple[Literal["image", "frames", "audio", "video"], ...],
    Field(strict=False, description="media that the models are shown"),
]
Method = Annotated[
    Literal["logprobs", "samples", "verbalised", "choice"], Field(description="where weights of the labels come from")
]
Perspective = Annotated[
    Literal["expressed", "perceived", "elicited", "felt", "intended"],
    Field(description="from which side emotion is judged"),
]
Whose = Annotated[
    str | None, Field(min_length=1, description="whose feeling is meant, where it is nobody who speaks or is shown")
]
Response = Annotated[
    Literal["simplex", "multi-label"] | None,
    Field(description="whether one label applies or several may; left out, as the taxonomy has it"),
]
Draws = Annotated[int, Field(ge=1, le=100, description="draws of each model, where the method is samples")]
Orders = Annotated[int, Field(ge=1, le=26, description="orders of the labels in which each model is asked")]
Reason = Annotated[bool, Field(description="whether a model that answers in words gives a reason")]
Coverage = Annotated[
    float, Field(ge=0, le=1, description="least part of a model's probability that has to lie on the labels")
]
Least = Annotated[int, Field(ge=1, description="members that have to answer: with fewer, the row fails")]


def check_least(least: int, panel: Sequence[AskedModel]) -> None:
    """A `ValueError` where more have to answer than are asked."""
    if least > len(panel):
        raise ValueError(f"least is {least}, and {len(panel)} are asked")


def check_scale(scale: str) -> tuple[int, int]:
    """The ends of a scale, or a `ValueError`."""
    low, high = map(int, scale.split("-"))
    if low >= high:
        raise ValueError(f"scale is {scale}: begin with the lower score, as 1-5")
    return low, high
