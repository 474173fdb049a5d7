"""Boxes in a picture, each labelled with an emotion."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated, ClassVar
from xml.etree.ElementTree import Element

from pydantic import Field

from affectory.annotation.fields._base import Asked, Given, Said, Scene, problem
from affectory.annotation.fields._controls import Control
from affectory.annotation.fields._keys import Wish
from affectory.annotation.fields._labelled import judged, offered
from affectory.annotation.fields._marking import ADVICE, control, marker
from affectory.annotation.fields._xml import header, view


@dataclass(frozen=True)
class Faces(Asked):
    """Each face with its emotion; where no box is drawn, there is none of them."""

    kinds: ClassVar[tuple[str, ...]] = ("image",)
    required: Annotated[bool, Field(description="whether an answer without a box is put aside")] = False

    def unfit(self, scene: Scene) -> str:
        return "" if scene.sees("image") else "boxes are drawn in images"

    def controls(self, scene: Scene) -> tuple[Control, ...]:
        return (control(self.name, "image", scene.taxonomy.labels),)

    def wishes(self, scene: Scene) -> Iterator[Wish]:
        for label in scene.taxonomy.labels:
            yield Wish(f"{self.name}:{label}", f"draw a face: {scene.word(label)}")

    def markers(self, scene: Scene) -> Iterator[Element]:
        yield view([header("Draw a box around each face"), marker(self.name, "image", offered(scene, self.name))],
                   "marker")  # fmt: skip

    def labels(self, scene: Scene) -> Sequence[tuple[str, str]]:
        return [(scene.word(x), scene.keys.get(f"{self.name}:{x}", "")) for x in scene.taxonomy.labels]

    def advice(self, scene: Scene) -> str:
        return f"Draw a box around each face and say its emotion, nothing where there is none: {ADVICE['image']}."

    def read(self, scene: Scene, given: Given) -> Said:
        marks = given.regions(self.name)
        if not marks and self.required:
            return problem("no box is drawn")
        return judged(scene, self.name, self.words(scene), marks)
