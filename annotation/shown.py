"""One sample as people see and hear it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from affectory.schemas.ids import digest


@dataclass(frozen=True)
class Media:
    """A file that is shown, known by the sha256 of its bytes."""

    asset: str
    format: str

    @property
    def name(self) -> str:
        """What it is called where it is served."""
        return f"{self.asset}.{self.format}"


@dataclass(frozen=True)
class Turn:
    """What was said before in the conversation; `who` is a letter that says nothing of the person."""

    who: str
    text: str


@dataclass(frozen=True)
class Shown:
    """A sample, by the media and text that raters get of it; those that it is made of are its `sides`.

    `media` are by role: video, audio, image, or frame-0, frame-1, ... Coordinates of answers are those of what is
    shown; `anchor` says where that lies in its record.
    """

    sample_id: str
    kind: str
    anchor: Mapping[str, Any]
    text: str | None = None
    media: Mapping[str, Media] = field(default_factory=dict)
    context: tuple[Turn, ...] = ()
    sides: tuple["Shown", ...] = ()
    duration_s: float | None = None
    frame_rate: float | None = None
    size: tuple[int, int] | None = None
    """Width and height of the picture, in pixels."""

    @cached_property
    def content(self) -> str:
        """A hash of all that is shown."""
        media = {role: file.asset for role, file in self.media.items()}
        turns = [[turn.who, turn.text] for turn in self.context]
        return digest("shown", self.kind, self.text, media, turns, [side.content for side in self.sides])

    def facts(self) -> dict[str, Any]:
        """All of it as plain data, which `shown_of` reads."""
        plain = {"sample_id": self.sample_id, "kind": self.kind, "anchor": dict(self.anchor), "text": self.text}
        media = {role: [file.asset, file.format] for role, file in self.media.items()}
        turns = [[turn.who, turn.text] for turn in self.context]
        sizes = {"duration_s": self.duration_s, "frame_rate": self.frame_rate, "size": self.size}
        given = {**plain, "media": media, "context": turns, "sides": [side.facts() for side in self.sides], **sizes}
        return {name: value for name, value in given.items() if value is not None and value != [] and value != {}}


def shown_of(facts: Mapping[str, Any]) -> Shown:
    """What `Shown.facts` wrote down."""
    size = facts.get("size")
    return Shown(
        facts["sample_id"],
        facts["kind"],
        facts["anchor"],
        facts.get("text"),
        {role: Media(*file) for role, file in facts.get("media", {}).items()},
        tuple(Turn(*turn) for turn in facts.get("context", ())),
        tuple(map(shown_of, facts.get("sides", ()))),
        facts.get("duration_s"),
        facts.get("frame_rate"),
        (size[0], size[1]) if size else None,
    )


@dataclass(frozen=True)
class Suggestion:
    """What a model said of a sample, for people to see before they answer."""

    model: str
    weights: Mapping[str, float]
    score: float | None = None
