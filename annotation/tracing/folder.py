"""A folder of clips that somebody wants traced, without a recipe around it."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from affectory.annotation.tracing.tasks import Scale, Sort, TraceTask, tasks_of, write_task
from affectory.schemas.errors import UserError
from affectory.schemas.ids import digest

FORMATS: dict[str, Sort] = {
    **dict.fromkeys((".mp4", ".m4v", ".webm", ".mov", ".mkv"), "video"),
    **dict.fromkeys((".wav", ".mp3", ".m4a", ".flac", ".ogg", ".opus"), "audio"),
}
"""What browsers play, by the ending of its name."""


class _Probed(NamedTuple):
    kind: Sort
    duration_s: float | None
    frame_rate: float | None


def has_tasks(home: Path) -> bool:
    """Whether tasks were pushed there."""
    return next(tasks_of(home), None) is not None


def tasks_of_folder(folder: Path, scales: Sequence[Scale]) -> list[TraceTask]:
    """Write a task for each clip in a folder, in the order of their names, and return all."""
    clips = sorted(path for path in folder.iterdir() if path.suffix.lower() in FORMATS and path.is_file())
    if not clips:
        endings = ", ".join(sorted(ending[1:] for ending in FORMATS))
        raise UserError(f"there is no clip in {folder}", f"files that can be traced end with {endings}")
    tasks = list(_tasks(clips, tuple(scales)))
    for task in tasks:
        write_task(folder, task)
    return tasks


def _tasks(clips: Sequence[Path], scales: tuple[Scale, ...]) -> Iterator[TraceTask]:
    for order, clip in enumerate(clips):
        probed = _probe(clip)
        yield TraceTask(
            _uid(clip.name),
            clip.stem,
            clip.name,
            probed.kind,
            scales,
            probed.duration_s,
            probed.frame_rate,
            order=order,
        )


def _uid(name: str) -> str:
    """Readable where the name allows, and never the same for two names."""
    plain = re.sub(r"[^A-Za-z0-9_-]+", "-", Path(name).stem).strip("-_")[:48]
    return f"{plain or 'clip'}-{digest('trace', name)[:12]}"


def _probe(clip: Path) -> _Probed:
    import av

    try:
        with av.open(str(clip)) as container:
            duration_s = container.duration / av.time_base if container.duration else None
            video = next(iter(container.streams.video), None)
            rate = float(video.average_rate) if video is not None and video.average_rate else None
    except av.FFmpegError as error:
        raise UserError(f"{clip} cannot be read: {error.strerror}", "take it out of the folder") from None
    return _Probed("video" if FORMATS[clip.suffix.lower()] == "video" and video else "audio", duration_s, rate)
