"""An answer ledger for tests, and a writer of it that a process of its own can be."""

from collections.abc import Sequence
from pathlib import Path

from affectory.pipelines.store.answers import Answers
from affectory.pipelines.store.budget import Budget, Limits
from affectory.pipelines.store.files import LocalFiles, files_at
from affectory.transforms.base import Reply, Whom

WHOM = Whom("test", "org/model 1", "r1", "p1", '{"temperature":0}')


def ledger(folder: Path, whom: Whom = WHOM, epoch: int = 1) -> Answers:
    return Answers(LocalFiles(folder), whom, epoch)


def said(*texts: str, by: str = "") -> list[tuple[tuple[str], Reply]]:
    return [((text,), Reply(text.upper() + by)) for text in texts]


def write(arguments: tuple[str, int]) -> None:
    """Answer three questions, for a partition that all writers share and for one of its own."""
    folder, writer = arguments
    answers = ledger(Path(folder))
    for text in ("a", "b", "c"):
        answers.add("shared", said(text, by=f" of {writer}"))
        answers.add(f"own{writer}", said(text, by=f" of {writer}"))


def budget(place: Path | str, calls: int | None = None, cost: float | None = None) -> Budget:
    return Budget(files_at(place), "claims", Limits(calls, cost))


def claims(arguments: tuple[str, Sequence[int]]) -> int:
    """What a process of its own gets of a hundred questions."""
    place, wanted = arguments
    return sum(budget(place, 100).claim(n) for n in wanted)
