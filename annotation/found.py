"""What lies in Label Studio, as we speak of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

State = Literal["stored", "skipped", "deleted"]


@dataclass(frozen=True)
class ProjectSpec:
    """A project as it should be; `key` is our own id of it, by which it is found again."""

    key: str
    title: str
    config: str
    instructions: str = ""
    overlap: int = 1
    suggests: bool = False


@dataclass(frozen=True)
class Task:
    """A task as it should be; `uid` is our own id of it and stands in its data as `uid`, `content` as `content`."""

    uid: str
    content: str
    data: Mapping[str, Any]
    prediction: Mapping[str, Any] | None = None
    overlap: int = 1


@dataclass(frozen=True)
class Annotation:
    """One annotation in the state in which it was found; one that was seen before and is gone is `deleted`."""

    annotation: int
    number: int
    uid: str
    email: str
    state: State
    updated: str = ""
    spent_s: float | None = None
    result: tuple[Mapping[str, Any], ...] = field(default=())
    shown: str = ""
    """What the task says that it shows: `Shown.content`, as it was pushed."""
