"""Free words: what is felt, in whatever words the rater finds."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated
from xml.etree.ElementTree import Element

from pydantic import Field

from affectory.annotation.answered import Answered
from affectory.annotation.fields._base import Asked, Given, Said, Scene, asked, named, problem
from affectory.annotation.fields._controls import Control, Typed
from affectory.annotation.fields._xml import header, tag, view

_LONGEST = 200


@dataclass(frozen=True)
class Words(Asked):
    """Words of the rater's own, an open vocabulary."""

    most: Annotated[int, Field(ge=1, le=50, description="so many words at most")] = 10
    required: Annotated[bool, Field(description="whether an answer without a word is put aside")] = True

    def controls(self, scene: Scene) -> tuple[Control, ...]:
        return (Typed(self.name, scene.main, self.most, _LONGEST),)

    def tags(self, scene: Scene) -> Iterator[Element]:
        text = tag("TextArea", name=self.name, toName=scene.main, rows=1, maxSubmissions=self.most, editable=True,
                   required=self.required, placeholder="A word, then Enter",
                   requiredMessage="Please write at least one word.")  # fmt: skip
        yield view([header("In your own words"), text], "typed")

    def advice(self, scene: Scene) -> str:
        return f"Write up to {self.most} words of your own, Enter after each; Tab leads there."

    def read(self, scene: Scene, given: Given) -> Said:
        parts = [part.strip() for text in given.values.get(self.name, ()) for part in text.split(",")]
        found = list(dict.fromkeys(filter(None, parts)))
        if not found:
            return problem("no word is written") if self.required else Said()
        if len(found) > self.most:
            return problem(f"{len(found)} words, and at most {self.most} are asked for")
        question = asked(scene, self.words(scene), (), "words", None)
        return Said((Answered(named(scene, self.name), question, {"words": found}),))
