"""Stretches of time, each labelled with an emotion."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated, ClassVar
from xml.etree.ElementTree import Element

from pydantic import Field

from affectory.annotation.fields._base import Asked, Given, Said, Scene, problem, question_of
from affectory.annotation.fields._controls import Control
from affectory.annotation.fields._keys import Wish
from affectory.annotation.fields._labelled import judged, offered
from affectory.annotation.fields._marking import ADVICE, control, marker
from affectory.annotation.fields._xml import header, view


@dataclass(frozen=True)
class Times(Asked):
    """From when to when which emotion is there; where nothing is marked, none of them is."""

    kinds: ClassVar[tuple[str, ...]] = ("video", "audio")
    required: Annotated[bool, Field(description="whether an answer without a stretch is put aside")] = False

    def unfit(self, scene: Scene) -> str:
        return "" if scene.sees("video", "audio") else "stretches of time are marked in video and audio"

    def _seen(self, scene: Scene) -> str:
        return scene.sees("video", "audio") or ""

    def controls(self, scene: Scene) -> tuple[Control, ...]:
        return (control(self.name, self._seen(scene), scene.taxonomy.labels),)

    def wishes(self, scene: Scene) -> Iterator[Wish]:
        for label in scene.taxonomy.labels:
            yield Wish(f"{self.name}:{label}", f"mark: {scene.word(label)}")

    def markers(self, scene: Scene) -> Iterator[Element]:
        yield view([header("Mark when"), marker(self.name, self._seen(scene), offered(scene, self.name))], "marker")

    def labels(self, scene: Scene) -> Sequence[tuple[str, str]]:
        return [(scene.word(x), scene.keys.get(f"{self.name}:{x}", "")) for x in scene.taxonomy.labels]

    def words(self, scene: Scene) -> str:
        return question_of(scene, "When, and which emotion")

    def advice(self, scene: Scene) -> str:
        return f"Mark from when to when which emotion is there, and nothing where none is: {ADVICE[self._seen(scene)]}."

    def read(self, scene: Scene, given: Given) -> Said:
        marks = given.regions(self.name)
        if not marks and self.required:
            return problem("no stretch is marked")
        return judged(scene, self.name, self.words(scene), marks)
