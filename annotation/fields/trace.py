"""A trace that is drawn while the sample plays, on a page of ours that the interface links to."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal
from xml.etree.ElementTree import Element

from pydantic import Field

from affectory.annotation.fields._base import Asked, Given, Said, Scene, problem
from affectory.annotation.fields._controls import Choices, Control
from affectory.annotation.fields._keys import Wish
from affectory.annotation.fields._xml import header, tag, view

DONE = "drawn"


@dataclass(frozen=True)
class Trace(Asked):
    """A scale that is followed over time; what was drawn comes back from that page, and here it is said to be done."""

    kinds: ClassVar[tuple[str, ...]] = ("video", "audio")
    of: Annotated[
        tuple[Literal["valence", "arousal", "dominance"], ...],
        Field(strict=False, min_length=1, description="the scales that are followed, one after the other"),
    ] = ("valence",)
    required: Annotated[bool, Field(description="whether an answer without it is put aside")] = True

    def controls(self, scene: Scene) -> tuple[Control, ...]:
        return (Choices(self.name, scene.main, (DONE,)),)

    def wishes(self, scene: Scene) -> Iterator[Wish]:
        yield Wish(self.name, "the trace is drawn", like="t")

    def tags(self, scene: Scene) -> Iterator[Element]:
        done = tag("Choice", value="I have drawn it", alias=DONE, hotkey=scene.keys.get(self.name))
        link = tag("HyperText", name="trace_page", value="$trace", inline=True, clickableLinks=True)
        choices = tag("Choices", done, name=self.name, toName=scene.main, choice="single", required=self.required,
                      requiredMessage="Please draw the trace on its page first.")  # fmt: skip
        yield view([header(f"Trace: {', '.join(self.of)}"), link, choices], "row")

    def advice(self, scene: Scene) -> str:
        return f"Open the page for the trace, follow {', '.join(self.of)} while it plays, submit there, and come back."

    def read(self, scene: Scene, given: Given) -> Said:
        if self.required and self.name not in given.values:
            return problem("the trace is not said to be drawn")
        return Said()
