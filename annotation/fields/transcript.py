"""The text of what is said, put right where it is wrong."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, ClassVar
from xml.etree.ElementTree import Element

from pydantic import Field

from affectory.annotation.answered import Answered
from affectory.annotation.fields._base import Asked, Given, Said, Scene, asked, named, problem
from affectory.annotation.fields._controls import Control, Typed
from affectory.annotation.fields._xml import header, tag, view


@dataclass(frozen=True)
class Transcript(Asked):
    """The text as it should be, the one that was there to begin with; it is kept as the rationale of a judgement."""

    kinds: ClassVar[tuple[str, ...]] = ("video", "audio", "text")
    required: Annotated[bool, Field(description="whether an empty text is put aside")] = True

    def controls(self, scene: Scene) -> tuple[Control, ...]:
        return (Typed(self.name, scene.main),)

    def tags(self, scene: Scene) -> Iterator[Element]:
        text = tag("TextArea", name=self.name, toName=scene.main, rows=3, maxSubmissions=1, editable=True,
                   showSubmitButton=False, value="$said", required=self.required,
                   requiredMessage="Please write what is said.")  # fmt: skip
        yield view([header("What is said, word for word"), text], "typed")

    def advice(self, scene: Scene) -> str:
        return "Correct the text so that it is what is said, word for word; leave it where it is right."

    def read(self, scene: Scene, given: Given) -> Said:
        text = "\n".join(given.values.get(self.name, ()))
        if not text:
            return problem("the text is empty") if self.required else Said()
        question = asked(scene, "What is said, word for word?", (), "words", None)
        return Said((Answered(named(scene, self.name), question, {}, rationale=text),))
