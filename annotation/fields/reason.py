"""Why, in the rater's own words."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, ClassVar
from xml.etree.ElementTree import Element

from pydantic import Field

from affectory.annotation.fields._base import Asked, Given, Said, Scene, problem
from affectory.annotation.fields._controls import Control, Typed
from affectory.annotation.fields._xml import header, tag, view

_LONGEST = 4000


@dataclass(frozen=True)
class Reason(Asked):
    """A few words on why, kept with each judgement of the annotation."""

    kinds: ClassVar[tuple[str, ...]] = ("video", "audio", "image", "text", "pair")
    alone: ClassVar[bool] = False
    required: Annotated[bool, Field(description="whether an answer without it is put aside")] = False

    def controls(self, scene: Scene) -> tuple[Control, ...]:
        return (Typed(self.name, scene.main, longest=_LONGEST),)

    def tags(self, scene: Scene) -> Iterator[Element]:
        text = tag("TextArea", name=self.name, toName=scene.main, rows=2, maxSubmissions=1, editable=True,
                   showSubmitButton=False, required=self.required, placeholder="What you saw or heard",
                   requiredMessage="Please say why.")  # fmt: skip
        yield view([header("Why?"), text], "typed")

    def advice(self, scene: Scene) -> str:
        return "Say why in a few words; Tab leads there."

    def read(self, scene: Scene, given: Given) -> Said:
        text = "\n".join(given.values.get(self.name, ()))
        if not text:
            return problem("no reason is given") if self.required else Said()
        return Said(rationale=text)
