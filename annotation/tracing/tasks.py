"""What raters trace: clips, each with the scales on which it is judged, as files below `HOME/traces/tasks`."""

import json
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError

from affectory.annotation.shown import Shown
from affectory.schemas.errors import UserError

Uid = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,127}$")]
ScaleName = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$")]
FileName = Annotated[str, Field(pattern=r"^[^/\\\x00-\x1f.][^/\\\x00-\x1f]{0,254}$")]
Finite = Annotated[float, Field(allow_inf_nan=False)]
Sort = Literal["video", "audio"]

USUAL = {
    "valence": ("unpleasant", "pleasant", "How pleasant or unpleasant is what this person feels?"),
    "arousal": ("calm", "excited", "How calm or excited is this person?"),
    "dominance": ("helpless", "in control", "How much is this person in control?"),
}
"""Words for the ends of the scales that everybody uses, and what is asked."""
MOST_HZ, LEAST_HZ, USUAL_HZ = 60.0, 10.0, 25.0


@dataclass(frozen=True)
class Scale:
    """What the slider stands for: its ends in numbers and in words."""

    name: ScaleName
    low: Finite = -1.0
    high: Finite = 1.0
    low_label: str = "low"
    high_label: str = "high"
    question: str = ""

    def __post_init__(self) -> None:
        if not self.low < self.high:
            raise ValueError(f"the low end of scale {self.name}, {self.low:g}, is not below its high end")

    @property
    def middle(self) -> float:
        """Where the slider stands before anybody has touched it."""
        return (self.low + self.high) / 2


@dataclass(frozen=True)
class TraceTask:
    """A clip that is traced on each of its scales, one pass each; without `raters` everybody may trace it.

    `start_us` is where the clip begins in its record, `hz` how many values a second are taken.
    """

    __pydantic_config__ = ConfigDict(extra="forbid", allow_inf_nan=False)

    uid: Uid
    title: str
    media: FileName
    kind: Sort
    scales: Annotated[tuple[Scale, ...], Field(min_length=1)]
    duration_s: Annotated[float, Field(gt=0)] | None = None
    frame_rate: Annotated[float, Field(gt=0)] | None = None
    raters: tuple[str, ...] | None = None
    start_us: int = 0
    order: int = 0

    @property
    def hz(self) -> float:
        """A value for each frame, where frames come neither too seldom nor too often."""
        rate = self.frame_rate or 0
        return rate if LEAST_HZ <= rate <= MOST_HZ else USUAL_HZ

    def scale(self, name: str) -> Scale | None:
        """The scale of that name."""
        return next((scale for scale in self.scales if scale.name == name), None)

    def open_to(self, rater: str) -> bool:
        """Whether this person may trace it."""
        return self.raters is None or rater in self.raters


def task_of(
    shown: Shown,
    uid: str,
    scales: tuple[Scale, ...],
    title: str,
    *,
    raters: tuple[str, ...] | None = None,
    order: int = 0,
) -> TraceTask | None:
    """The task of tracing a sample, its clip by the name under which it is served; None of one that does not play."""
    kind: Sort = "video" if "video" in shown.media else "audio"
    clip = shown.media.get(kind)
    if clip is None:
        return None
    start_us = shown.anchor.get("start_us") or 0
    rate = shown.frame_rate if kind == "video" else None
    return TraceTask(uid, title, clip.name, kind, scales, shown.duration_s, rate, raters, start_us, order)


_TASKS: TypeAdapter[TraceTask] = TypeAdapter(TraceTask)
_UIDS: TypeAdapter[str] = TypeAdapter(Uid)


def usual_scale(name: str, low: float = -1.0, high: float = 1.0) -> Scale:
    """A scale by its name, with words that fit."""
    low_label, high_label, question = USUAL.get(name, ("not at all", "very much", f"How much {name}?"))
    return Scale(name, low, high, low_label, high_label, question)


def write_task(home: Path, task: TraceTask) -> Path:
    """Put a task where the page finds it; one of the same uid is replaced, traces of it stay."""
    try:
        _TASKS.validate_python(asdict(task))
    except ValidationError as error:
        raise UserError(f"trace task {task.uid!r}: {_first(error)}") from None
    path = _folder(home) / f"{task.uid}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.write_text(json.dumps(asdict(task), ensure_ascii=False), "utf-8")
    draft.replace(path)
    return path


def remove_task(home: Path, uid: str) -> None:
    """Ask for it no more; traces of it stay."""
    (_folder(home) / f"{_UIDS.validate_python(uid)}.json").unlink(missing_ok=True)


def read_task(home: Path, uid: str) -> TraceTask | None:
    """The task of that uid, None where there is none."""
    try:
        path = _folder(home) / f"{_UIDS.validate_python(uid)}.json"
        return _TASKS.validate_json(path.read_bytes())
    except (ValidationError, FileNotFoundError):
        return None


def tasks_of(home: Path) -> Iterator[TraceTask]:
    """All tasks, in the order in which they are traced."""
    found = (read_task(home, path.stem) for path in _folder(home).glob("*.json"))
    yield from sorted((task for task in found if task), key=lambda task: (task.order, task.title, task.uid))


def _folder(home: Path) -> Path:
    return home / "traces" / "tasks"


def _first(error: ValidationError) -> str:
    fault: Any = error.errors()[0]
    return f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}"
