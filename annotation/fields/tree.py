"""One emotion, or several, found by going down the taxonomy's tree."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any
from xml.etree.ElementTree import Element

from pydantic import Field

from affectory.annotation.answered import Answered
from affectory.annotation.fields._base import Asked, Given, Said, Scene, asked, named, problem, question_of
from affectory.annotation.fields._controls import Branches, Control
from affectory.annotation.fields._xml import plain, tag, token, view
from affectory.annotation.fields.categories import likely
from affectory.annotation.shown import Suggestion
from affectory.schemas.taxonomy import Entry, Taxonomy


@dataclass(frozen=True)
class Tree(Asked):
    """The finest word that fits, of a taxonomy with tiers; the labels asked are those of the tier."""

    tier: Annotated[
        Annotated[int, Field(ge=1, le=50)] | None,
        Field(description="how far down the tree leads; nothing said, to the finest words"),
    ] = None
    many: Annotated[bool, Field(description="whether several may be chosen; else exactly one is")] = False
    required: Annotated[bool, Field(description="whether an answer without it is put aside")] = True

    def unfit(self, scene: Scene) -> str:
        if self.tier is not None and self.tier > scene.taxonomy.depth:
            return f"{scene.taxonomy.name} has {scene.taxonomy.depth} tiers, and tier {self.tier} is asked"
        return super().unfit(scene)

    def _taxonomy(self, scene: Scene) -> Taxonomy:
        return scene.taxonomy.at(self.tier or scene.taxonomy.depth)

    def controls(self, scene: Scene) -> tuple[Control, ...]:
        return (Branches(self.name, scene.main, _paths(self._taxonomy(scene)), self.many),)

    def tags(self, scene: Scene) -> Iterator[Element]:
        known = self._taxonomy(scene)
        limit = None if self.many else 1
        yield view([tag("Taxonomy", *_branches(known, scene.question.language), name=self.name, toName=scene.main,
                        leafsOnly=True, showFullPath=True, maxUsages=limit, required=self.required, minWidth="320px",
                        placeholder="Find a word in the tree",
                        requiredMessage="Please choose an emotion.")], "tree")  # fmt: skip

    def words(self, scene: Scene) -> str:
        return question_of(scene, "Which emotions" if self.many else "Which emotion")

    def advice(self, scene: Scene) -> str:
        number = "all words that fit" if self.many else "the one word that fits best"
        return f"Choose {number}: Tab leads to the list, ↓ opens it, typing finds a word, arrows and Enter choose it."

    def read(self, scene: Scene, given: Given) -> Said:
        picked, known = given.values.get(self.name, ()), self._taxonomy(scene)
        if not picked:
            return problem("no emotion of the tree is chosen") if self.required else Said()
        weights = [float(label in picked) for label in known.labels]
        response = "multi-label" if self.many else "simplex"
        question = asked(scene, self.words(scene), known.labels, response, known)
        return Said((Answered(named(scene, self.name), question, {"weights": weights}),))

    def suggested(self, scene: Scene, said: Suggestion) -> Mapping[str, Any]:
        picked = likely(said, self._taxonomy(scene).labels, self.many)
        return {self.name: picked} if picked else {}


def _paths(taxonomy: Taxonomy) -> dict[str, tuple[str, ...]]:
    """Of each label that is asked the names on the way to it, its own the last."""
    path: list[str] = []
    found: dict[str, tuple[str, ...]] = {}
    asked_for = {(entry.name, entry.tier) for entry in taxonomy.asked}
    for entry in taxonomy.entries:
        path[entry.tier - 1 :] = [entry.name]
        if (entry.name, entry.tier) in asked_for:
            found[entry.name] = tuple(path)
    return {label: found[label] for label in taxonomy.labels}


def _branches(taxonomy: Taxonomy, language: str) -> list[Element]:
    """The tree down to the tier that is asked."""
    stack: list[Element] = []
    roots: list[Element] = []
    for entry in taxonomy.entries:
        if entry.tier > taxonomy.tier:
            continue
        made = tag("Choice", value=_word(entry, language), alias=token(entry.name))
        stack[entry.tier - 1 :] = [made]
        if entry.tier == 1:
            roots.append(made)
        else:
            stack[-2].append(made)
    return roots


def _word(entry: Entry, language: str) -> str:
    return plain(next(iter(entry.translations(language)), entry.name))
