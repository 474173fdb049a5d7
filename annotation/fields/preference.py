"""Which of two: the left, the right, or neither where that may be said."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated, ClassVar
from xml.etree.ElementTree import Element

from pydantic import Field

from affectory.annotation.answered import Answered
from affectory.annotation.fields._base import Asked, Given, Said, Scene, asked, named, problem
from affectory.annotation.fields._controls import Choices, Control
from affectory.annotation.fields._keys import Wish
from affectory.annotation.fields._xml import tag, view

_WORDS = {"left": "The left one", "right": "The right one", "same": "Both the same"}


@dataclass(frozen=True)
class Preference(Asked):
    """The better of a pair."""

    kinds: ClassVar[tuple[str, ...]] = ("pair",)
    of: Annotated[
        tuple[str, str] | None,
        Field(strict=False, description="two notes of a sample whose texts are compared; else samples made of two are"),
    ] = None
    same: Annotated[bool, Field(description="whether both may be called the same")] = True
    required: Annotated[bool, Field(description="whether an answer without it is put aside")] = True

    @property
    def _options(self) -> tuple[str, ...]:
        return ("left", "right", "same") if self.same else ("left", "right")

    def controls(self, scene: Scene) -> tuple[Control, ...]:
        return (Choices(self.name, scene.main, self._options),)

    def wishes(self, scene: Scene) -> Iterator[Wish]:
        for place, option in enumerate(self._options, 1):
            yield Wish(f"{self.name}:{option}", _WORDS[option], like=str(place))

    def tags(self, scene: Scene) -> Iterator[Element]:
        keys = {option: scene.keys.get(f"{self.name}:{option}") for option in self._options}
        offered = [tag("Choice", value=_WORDS[o], alias=o, hotkey=key) for o, key in keys.items()]
        choices = tag("Choices", *offered, name=self.name, toName=scene.main, choice="single-radio", layout="inline",
                      required=self.required, requiredMessage="Please choose one.")  # fmt: skip
        yield view([choices], "sides-choice")

    def labels(self, scene: Scene) -> Sequence[tuple[str, str]]:
        return [(_WORDS[option], scene.keys.get(f"{self.name}:{option}", "")) for option in self._options]

    def words(self, scene: Scene) -> str:
        return scene.question.question or "Which of the two shows the emotion better?"

    def advice(self, scene: Scene) -> str:
        return "Say which of the two answers the question better."

    def read(self, scene: Scene, given: Given) -> Said:
        picked = given.values.get(self.name, ())
        if not picked:
            return problem("neither side is chosen") if self.required else Said()
        question = asked(scene, self.words(scene), self._options, "preference", None)
        return Said((Answered(named(scene, self.name), question, {"preference": picked[0]}),))
