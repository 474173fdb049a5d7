"""What a recipe may say about people: how those in it and those who judge are kept apart, and what they agreed to."""

from typing import Annotated, Literal

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from affectory.schemas.recipe.part import Part
from affectory.schemas.recipe.secrets import Secret

Purpose = Literal["annotate", "third_parties", "publish_media", "publish_features", "train", "synthesise"]


class People(Part):
    """How people are kept apart without naming them, and what is done with what is shown and said of them."""

    pseudonym_key: Secret | None = None
    """Secret key from which pseudonyms are made, as ${env:NAME}. The same key gives the same pseudonyms in every
    build; who does not have it cannot guess a name back."""
    assume: Annotated[tuple[Literal["third_parties"], ...], Field(strict=False)] = ()
    """What those agreed to whom no table of a source asks about it; a recorded no always stands. `third_parties`: what
    is said and shown of them may be sent to models that are not local."""
    require: Annotated[tuple[Purpose, ...], Field(strict=False)] = ()
    """What needs a recorded yes: of whom nobody asked about it, it is not done. Without it, who was not asked is shown
    to raters, imitated and published, and nothing of them goes to third parties."""
    personal_data: Literal["mask", "drop", "keep"] | None = None
    """What is published of texts with personal data. `mask`: only with all of it masked, which the step
    `personal_data` does; `drop`: nothing; `keep`: as they are where all in it agreed to `publish_features`, else
    nothing. Needs the step `personal_data`."""
    crisis: Literal["hold", "publish"] = "hold"
    """Texts in which the step `crisis` finds signs of danger: `hold` publishes none before a person has judged it."""

    @model_validator(mode="after")
    def _one_way(self) -> "People":
        if both := sorted({*self.assume} & {*self.require}):
            facts = {"given": ", ".join(both), "hint": "leave it out of one of people.assume and people.require"}
            raise PydanticCustomError("consent", "who was not asked cannot both have agreed and not", facts)
        return self
