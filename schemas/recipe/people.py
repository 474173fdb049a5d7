"""What a recipe may say about people: how those in it and those who judge are kept apart, and what they agreed to."""

from typing import Annotated, Literal

from pydantic import Field

from affectory.schemas.recipe.part import Part
from affectory.schemas.recipe.secrets import Secret


class People(Part):
    """How people are kept apart without naming them."""

    pseudonym_key: Secret | None = None
    """Secret key from which pseudonyms are made, as ${env:NAME}. The same key gives the same pseudonyms in every
    build; who does not have it cannot guess a name back."""
    assume: Annotated[tuple[Literal["third_parties"], ...], Field(strict=False)] = ()
    """What those agreed to whom no table of a source asks about it; a recorded no always stands. `third_parties`: what
    is said and shown of them may be sent to models that are not local."""
