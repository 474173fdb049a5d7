"""Valence, arousal and dominance on sliders that say nothing until they are moved."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Literal
from xml.etree.ElementTree import Element

from pydantic import Field

from affectory.annotation.answered import Answered
from affectory.annotation.fields._base import Asked, Given, Said, Scene, asked, named, problem
from affectory.annotation.fields._controls import Control, Slider
from affectory.annotation.fields._keys import Wish
from affectory.annotation.fields._xml import header, plain, tag, view
from affectory.schemas.taxonomy import Taxonomy, load_taxonomy

Dimension = Literal["valence", "arousal", "dominance"]
DIMENSIONS: tuple[Dimension, ...] = ("valence", "arousal", "dominance")


@dataclass(frozen=True)
class Vad(Asked):
    """Where it lies between the poles of each dimension, kept as -1 to 1."""

    of: Annotated[
        tuple[Dimension, ...], Field(strict=False, min_length=1, description="the dimensions that are asked")
    ] = DIMENSIONS
    steps: Annotated[int, Field(ge=3, le=101, description="steps from one pole to the other")] = 9
    required: Annotated[bool, Field(description="whether an answer that leaves one out is put aside")] = True

    def controls(self, scene: Scene) -> tuple[Control, ...]:
        return tuple(Slider(name, scene.main, 1, self.steps) for name in self._asked)

    @property
    def _asked(self) -> tuple[Dimension, ...]:
        return tuple(name for name in DIMENSIONS if name in self.of)

    def wishes(self, scene: Scene) -> Iterator[Wish]:
        for name in self._asked:
            yield Wish(name, f"{_word(scene, name)}: a step up, and from the last step to the first", like=name[0])

    def tags(self, scene: Scene) -> Iterator[Element]:
        known = _space()
        for name in self._asked:
            low, high = known.entry(name).poles or ("low", "high")
            key, word = scene.keys.get(name), _word(scene, name)
            slider = tag("Number", name=name, toName=scene.main, min=1, max=self.steps, step=1, slider=True, hotkey=key,
                         required=self.required, requiredMessage=f"Please move the slider: {word}.")  # fmt: skip
            yield view([view([header(word, key=key)], "name"), view([header(plain(low))], "low"), slider,
                        view([header(plain(high))], "high")], "slider")  # fmt: skip

    def advice(self, scene: Scene) -> str:
        words = ", ".join(_word(scene, name) for name in self._asked)
        if self.required:
            return f"Move each slider ({words}), from 1 to {self.steps}; where the middle is right, click on it."
        return f"Move each slider ({words}) about which you can say something, from 1 to {self.steps}."

    def read(self, scene: Scene, given: Given) -> Said:
        gaps = [name for name in self._asked if name not in given.values]
        if self.required and gaps:
            return problem(f"not answered: {', '.join(gaps)}")
        if len(gaps) == len(self._asked):
            return Said()
        places = {name: self._scaled(given.values.get(name)) if name in self.of else None for name in DIMENSIONS}
        question = asked(scene, f"Where does it lie: {', '.join(self._asked)}", self._asked, "continuous", _space())
        return Said((Answered(named(scene, self.name), question, {"vad": places}),))

    def _scaled(self, step: float | None) -> float | None:
        return None if step is None else 2 * (step - 1) / (self.steps - 1) - 1


def _space() -> Taxonomy:
    return load_taxonomy("vad")


def _word(scene: Scene, name: str) -> str:
    return plain(_space().translate(name, scene.question.language))
