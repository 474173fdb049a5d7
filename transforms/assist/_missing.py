"""Several models asked side by side: who does not answer is told, and takes nobody else along."""

from collections.abc import Mapping, Sequence
from typing import TypeVar

from affectory.transforms.models._talking import Heard, NotAnswered, UnreadableAnswer, each
from affectory.transforms.rows import Reject

T = TypeVar("T")


class PanelFailed(Exception):
    """Fewer models of several answered than have to: who did not, and why."""

    def __init__(self, least: int, missing: str) -> None:
        super().__init__(least, missing)
        self.least, self.missing = least, missing

    def __str__(self) -> str:
        return f"fewer models answered than the {self.least} who have to: {self.missing}"


def heard(talks: Mapping[str, Heard[T]], least: int) -> Heard[tuple[list[T], str | None]]:
    """What those heard who got answers, and who did not; `PanelFailed` where that leaves fewer than `least`."""
    ends = yield from each(list(talks.values()))
    found, missing = list[T](), dict[str, Exception]()
    for name, end in zip(talks, ends, strict=True):
        if not isinstance(end, Exception):
            found.append(end)
        elif isinstance(end, NotAnswered | UnreadableAnswer | Reject) and not _is_pending(end):
            missing[name] = end
        else:
            raise end
    if missing and len(found) < least:
        raise _failure(list(missing.values()), least, _told(missing))
    return found, _told(missing) or None


def _is_pending(error: Exception) -> bool:
    """Whether an answer is only to come: what others said without it must not be taken for all."""
    return getattr(error, "failed_as", "") == "Unanswered"


def _failure(errors: Sequence[Exception], least: int, why: str) -> Exception:
    """A lone reason stays what it is, so that rows are rejected or failed for it as if one model had been asked."""
    return errors[0] if len({_why(error) for error in errors}) == 1 else PanelFailed(least, why)


def _told(missing: Mapping[str, Exception]) -> str:
    return "; ".join(f"{name}: {_why(error)}" for name, error in missing.items())


def _why(error: Exception) -> str:
    if isinstance(error, Reject):
        return f"{error.reason}: {error.detail}"
    return f"{getattr(error, 'failed_as', type(error).__name__)}: {error}"[:1000]
