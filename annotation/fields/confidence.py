"""How sure the rater is of what was answered."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, ClassVar
from xml.etree.ElementTree import Element

from pydantic import Field

from affectory.annotation.fields._base import Asked, Given, Said, Scene, problem
from affectory.annotation.fields._controls import Control, Stars
from affectory.annotation.fields._keys import Wish
from affectory.annotation.fields._xml import header, tag, view


@dataclass(frozen=True)
class Confidence(Asked):
    """From a guess to certain, kept as 0 to 1 with each judgement of the annotation."""

    kinds: ClassVar[tuple[str, ...]] = ("video", "audio", "image", "text", "pair")
    alone: ClassVar[bool] = False
    steps: Annotated[int, Field(ge=2, le=10, description="steps from a guess to certain")] = 5
    required: Annotated[bool, Field(description="whether an answer without it is put aside")] = True

    def controls(self, scene: Scene) -> tuple[Control, ...]:
        return (Stars(self.name, scene.main, self.steps),)

    def wishes(self, scene: Scene) -> Iterator[Wish]:
        yield Wish(self.name, "a step surer, and from the last step to none", like="y")

    def tags(self, scene: Scene) -> Iterator[Element]:
        key = scene.keys.get(self.name)
        stars = tag("Rating", name=self.name, toName=scene.main, maxRating=self.steps, hotkey=key,
                    required=self.required, requiredMessage="Please say how sure you are.")  # fmt: skip
        yield view([header("How sure are you?", key=key), stars], "row")

    def advice(self, scene: Scene) -> str:
        return f"Say how sure you are: 1 is a guess, {self.steps} is certain."

    def read(self, scene: Scene, given: Given) -> Said:
        step = given.values.get(self.name)
        if step is None:
            return problem("not said how sure") if self.required else Said()
        return Said(confidence=(step - 1) / (self.steps - 1))
