"""Cues: what in the text, sound, video or picture made the rater answer so."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal
from xml.etree.ElementTree import Element

from pydantic import Field

from affectory.annotation.answered import Answered
from affectory.annotation.fields._base import Asked, Given, Said, Scene, asked, named, problem
from affectory.annotation.fields._controls import Control
from affectory.annotation.fields._keys import Wish
from affectory.annotation.fields._marking import ADVICE, control, label, marker
from affectory.annotation.fields._marks import Marked
from affectory.annotation.fields._xml import header, plain, token, view

Name = Annotated[str, Field(pattern=r"^[^\x00-\x1f,$]{1,60}$")]
_PLACE = ("start_us", "end_us", "char_start", "char_end", "box")


@dataclass(frozen=True)
class Cues(Asked):
    """Places that the rater points at, each with its kind; they are the evidence of what else is answered."""

    of: Annotated[
        tuple[Name, ...], Field(strict=False, min_length=1, max_length=20, description="kinds of cue: cause, gesture")
    ] = ("cue",)
    where: Annotated[
        Literal["text", "audio", "video", "image"] | None,
        Field(description="in what they are marked; nothing said, in what the sample is"),
    ] = None
    required: Annotated[bool, Field(description="whether an answer without one is put aside")] = False

    def _seen(self, scene: Scene) -> str | None:
        return scene.sees(self.where) if self.where else scene.sees("video", "audio", "image", "text")

    def unfit(self, scene: Scene) -> str:
        if self._seen(scene) is None:
            return f"cues are marked in {self.where or 'video, audio, image or text'}, and that is not shown"
        return "" if len(set(map(plain, self.of))) == len(self.of) else "a kind of cue is named twice"

    def controls(self, scene: Scene) -> tuple[Control, ...]:
        return (control(self.name, self._seen(scene) or "", self.of),)

    def wishes(self, scene: Scene) -> Iterator[Wish]:
        for kind in self.of:
            yield Wish(f"{self.name}:{kind}", f"mark: {plain(kind)}", like="q" if len(self.of) == 1 else "")

    def markers(self, scene: Scene) -> Iterator[Element]:
        offered = [label(scene, plain(x), token(x), f"{self.name}:{x}", i) for i, x in enumerate(self.of)]
        yield view([header("Mark what shows it"), marker(self.name, self._seen(scene) or "", offered)], "marker")

    def labels(self, scene: Scene) -> Sequence[tuple[str, str]]:
        return [(plain(kind), scene.keys.get(f"{self.name}:{kind}", "")) for kind in self.of]

    def advice(self, scene: Scene) -> str:
        return f"Mark what shows it ({', '.join(map(plain, self.of))}): {ADVICE[self._seen(scene) or 'text']}."

    def read(self, scene: Scene, given: Given) -> Said:
        marks = given.regions(self.name)
        if not marks and self.required:
            return problem("no cue is marked")
        evidence = tuple(_evidence(mark) for mark in marks)
        if set(scene.beside) & {"categories", "vad", "words", "tree"}:
            return Said(evidence=evidence)
        kinds = {kind for mark in marks for kind in mark.labels}
        question = asked(scene, f"Where is it shown: {', '.join(self.of)}?", self.of, "multi-label", None)
        answer: Mapping[str, Any] = {"weights": [float(kind in kinds) for kind in self.of]}
        return Said((Answered(named(scene, self.name), question, answer, evidence=evidence),))


def _evidence(mark: Marked) -> dict[str, Any]:
    return {"kind": mark.labels[0], **{side: mark.place.get(side) for side in _PLACE}, "record": None}
