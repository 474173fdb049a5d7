"""Emotions of the taxonomy: one, or all that are there, and how strong each is where that is asked."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any
from xml.etree.ElementTree import Element

from pydantic import Field

from affectory.annotation.answered import Answered
from affectory.annotation.fields._base import Asked, Given, Said, Scene, asked, named, problem, question_of
from affectory.annotation.fields._controls import Choices, Control, Stars
from affectory.annotation.fields._keys import Wish
from affectory.annotation.fields._xml import header, tag, token, view
from affectory.annotation.shown import Suggestion

_HALF = 0.5


@dataclass(frozen=True)
class Categories(Asked):
    """Which emotions are there; a label that was offered and not chosen has the weight 0, and no intensity."""

    many: Annotated[bool, Field(description="whether several may be chosen; else exactly one is")] = False
    intensity: Annotated[
        Annotated[int, Field(ge=2, le=10)] | None,
        Field(description="steps of how strong each chosen emotion is, from 1; nothing said, that is not asked"),
    ] = None
    required: Annotated[bool, Field(description="whether an answer without it is put aside")] = True

    def controls(self, scene: Scene) -> tuple[Control, ...]:
        labels = scene.taxonomy.labels
        stars = [Stars(_star(i), scene.main, self.intensity) for i in range(len(labels)) if self.intensity]
        return (Choices(self.name, scene.main, labels, self.many), *stars)

    def wishes(self, scene: Scene) -> Iterator[Wish]:
        for label in scene.taxonomy.labels:
            yield Wish(f"{self.name}:{label}", scene.word(label))
        for i, label in enumerate(scene.taxonomy.labels):
            if self.intensity:
                yield Wish(_star(i), f"{scene.word(label)}: a step stronger", shifts=f"{self.name}:{label}")

    def tags(self, scene: Scene) -> Iterator[Element]:
        offered = [self._choice(scene, label) for label in scene.taxonomy.labels]
        kind = "multiple" if self.many else "single-radio"
        choices = tag("Choices", *offered, name=self.name, toName=scene.main, choice=kind, required=self.required,
                      requiredMessage="Please choose an emotion, or one of the ways out below.")  # fmt: skip
        yield view([choices], "labels" if len(offered) <= _FEW else "many")
        if self.intensity:
            yield view(self._strengths(scene, self.intensity), "strengths")

    def _choice(self, scene: Scene, label: str) -> Element:
        key = scene.keys.get(f"{self.name}:{label}")
        return tag("Choice", value=scene.word(label), alias=token(label), hotkey=key, hint=scene.also(label) or None)

    def _strengths(self, scene: Scene, steps: int) -> Iterator[Element]:
        for i, label in enumerate(scene.taxonomy.labels):
            key, word = scene.keys.get(_star(i)), scene.word(label)
            stars = tag("Rating", name=_star(i), toName=scene.main, maxRating=steps, hotkey=key, required=True,
                        requiredMessage=f"Please say how strong it is: {word}.")  # fmt: skip
            when = {"whenTagName": self.name, "whenChoiceValue": token(label)}
            yield view([header(f"How strong: {word}", key=key), stars], "row", visibleWhen="choice-selected", **when)

    def labels(self, scene: Scene) -> Sequence[tuple[str, str]]:
        return [(scene.word(x), scene.keys.get(f"{self.name}:{x}", "")) for x in scene.taxonomy.labels]

    def words(self, scene: Scene) -> str:
        return question_of(scene, "Which emotions" if self.many else "Which emotion")

    def advice(self, scene: Scene) -> str:
        number = "all emotions that are there" if self.many else "the one emotion that fits best"
        each = "each" if self.many else "it"
        how = f", and say how strong {each} is, from 1 to {self.intensity}" if self.intensity else ""
        return f"Choose {number}{how}."

    def read(self, scene: Scene, given: Given) -> Said:
        picked = given.values.get(self.name, ())
        if not picked:
            return problem("no emotion is chosen") if self.required else Said()
        labels = scene.taxonomy.labels
        strong = {label: given.values.get(_star(i)) for i, label in enumerate(labels) if label in picked}
        if self.intensity and (gaps := [label for label, step in strong.items() if step is None]):
            return problem(f"not said how strong: {', '.join(gaps)}")
        answer: dict[str, Any] = {"weights": [float(label in picked) for label in labels]}
        if self.intensity:
            answer["intensities"] = [strong.get(label) for label in labels]
        response = "multi-label" if self.many else "simplex"
        question = asked(scene, self.words(scene), labels, response, scene.taxonomy)
        return Said((Answered(named(scene, self.name), question, answer),))

    def suggested(self, scene: Scene, said: Suggestion) -> Mapping[str, Any]:
        picked = likely(said, scene.taxonomy.labels, self.many)
        return {self.name: picked} if picked else {}


_FEW = 12


def _star(place: int) -> str:
    return f"strength_{place}"


def likely(said: Suggestion, labels: Sequence[str], many: bool) -> list[str]:
    """The labels that weights come to: the heaviest, or all that are more likely than not."""
    given = {label: said.weights[label] for label in labels if said.weights.get(label, 0.0) > 0}
    if not given:
        return []
    first = max(given, key=lambda label: given[label])
    return [x for x in given if x == first or given[x] >= _HALF] if many else [first]
