"""What the fields of an interface share."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, ClassVar
from xml.etree.ElementTree import Element

from pydantic import ConfigDict

from affectory.annotation.answered import Answered
from affectory.annotation.fields._controls import Control
from affectory.annotation.fields._keys import Wish
from affectory.annotation.fields._marks import Marked
from affectory.annotation.fields._xml import plain
from affectory.annotation.shown import Shown, Suggestion
from affectory.schemas.recipe.review import Question
from affectory.schemas.taxonomy import Taxonomy

STRICT = ConfigDict(extra="forbid")
_STEM, _SYNONYMS = 4, 6
MEDIA = ("video", "audio", "image", "frames")


@dataclass(frozen=True)
class Scene:
    """The interface that a field is part of."""

    name: str
    kind: str
    question: Question
    taxonomy: Taxonomy
    objects: tuple[str, ...]
    """Names of what is shown, by what it is: video, audio, image, frames, text, sides."""
    beside: tuple[str, ...] = ()
    """Names of the other fields."""
    compares: bool = False
    """Whether a pair is two texts about one sample, which is shown above them."""
    keys: Mapping[str, str] = field(default_factory=dict)

    @property
    def main(self) -> str:
        """What answers about the whole are tied to."""
        return self.objects[0]

    def word(self, label: str) -> str:
        """A label of the taxonomy as raters read it."""
        return plain(self.taxonomy.translate(label, self.question.language))

    def also(self, label: str) -> str:
        """Other words for a label, of those that begin alike the first."""
        words = (label, *self.taxonomy.entry(label).synonyms)
        stems = {word.casefold()[:_STEM]: plain(word) for word in reversed(words)}
        return ", ".join([word for word in map(plain, words[1:]) if word in set(stems.values())][:_SYNONYMS])

    def sees(self, *names: str) -> str | None:
        """The first of them that is shown."""
        return next((name for name in names if name in self.objects), None)


@dataclass(frozen=True)
class Given:
    """What an annotation holds, checked one by one."""

    shown: Shown
    values: Mapping[str, Any]
    marks: Mapping[str, Sequence[Marked]]

    def regions(self, *names: str) -> list[Marked]:
        """What was marked with some controls, in the order of places."""
        found = [mark for name in names for mark in self.marks.get(name, ())]
        return sorted(found, key=lambda mark: (sorted(map(str, mark.place.items())), mark.labels))


@dataclass(frozen=True)
class Said:
    """What one field says: judgements of its own, and what belongs to all judgements of the annotation."""

    answers: tuple[Answered, ...] = ()
    confidence: float | None = None
    rationale: str | None = None
    evidence: tuple[Mapping[str, Any], ...] = ()
    problems: tuple[str, ...] = ()


def problem(text: str) -> Said:
    return Said(problems=(text,))


class Asked:
    """One part of what is asked; each field says what of this is otherwise with it."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT
    kinds: ClassVar[tuple[str, ...]] = ("video", "audio", "image", "text")
    """Of which kinds of sample it can be asked."""
    alone: ClassVar[bool] = True
    """Whether it says something where nothing else is asked."""

    @cached_property
    def name(self) -> str:
        """What recipes call it: the name of its file."""
        return type(self).__module__.rpartition(".")[2]

    def unfit(self, scene: Scene) -> str:
        """Why it cannot be asked here, or nothing."""
        return "" if scene.kind in self.kinds else f"it is asked about {' or '.join(self.kinds)}"

    def controls(self, scene: Scene) -> tuple[Control, ...]:
        """How its answers stand in Label Studio."""
        return ()

    def wishes(self, scene: Scene) -> Iterator[Wish]:
        """What its keys do."""
        yield from ()

    def tags(self, scene: Scene) -> Iterator[Element]:
        """What is shown of it below the question."""
        yield from ()

    def markers(self, scene: Scene) -> Iterator[Element]:
        """What is shown of it above the sample, where places in that are marked."""
        yield from ()

    def words(self, scene: Scene) -> str:
        """The question."""
        return question_of(scene)

    def advice(self, scene: Scene) -> str:
        """How it is answered, in a sentence."""
        return ""

    def labels(self, scene: Scene) -> Sequence[tuple[str, str]]:
        """Each label as raters read it, and which key chooses it."""
        return ()

    def read(self, scene: Scene, given: Given) -> Said:
        """What was answered."""
        return Said()

    def suggested(self, scene: Scene, said: Suggestion) -> Mapping[str, Any]:
        """What a model's weights are as an answer, by control."""
        return {}


def asked(scene: Scene, words: str, labels: Iterable[str], response: str, taxonomy: Taxonomy | None) -> dict[str, Any]:
    """The question as ledgers keep it."""
    known = {} if taxonomy is None else {"taxonomy": taxonomy.name, "taxonomy_hash": taxonomy.hash}
    return {"question": words, "labels": list(labels), "response": response, **known}


def named(scene: Scene, name: str) -> str:
    """What tells a judgement from others of the same rater about the same place."""
    return f"{scene.name}: {name}"


_QUESTIONS = {
    "expressed": ("does {} express", "this person"),
    "perceived": ("does {} seem to feel", "this person"),
    "elicited": ("does this call up in {}", "you"),
    "felt": ("does {} feel", "this person"),
    "intended": ("is {} meant to show", "this person"),
}


def question_of(scene: Scene, what: str = "Which emotion") -> str:
    """The question in words: the recipe's own, or one from whose side is asked about."""
    if scene.question.question:
        return scene.question.question
    verb, somebody = _QUESTIONS[scene.question.perspective]
    whose = f"the {scene.question.whose}" if scene.question.whose else somebody
    return f"{what} {verb.format(whose)}?"
