"""Steps that look at every picture of a stretch, so that several of them share one pass of decoding.

A looking step says how a look at one row begins (`looker`), and `setup` is `looked(self)`. Alone, the step drives its
look over a pass of its own. Where several looking steps follow each other, the runner shows each picture to the looks
of all of them, and what a row becomes is the same:

    def looker(self) -> Looker:                      # loads models; called once in a process
        model = load()
        return lambda row, film: _Seen(model, film)  # `film` knows the stretch, `film.rgb(picture)` its pixels

    class _Seen:                                     # the look at one row
        def show(self, picture: Picture) -> None: ...      # each picture that begins in the stretch, in order
        def made(self) -> Values | list[Values]: ...       # what the step writes; may raise Reject

A look may keep what it computes, never what it is shown: pictures belong to all who look.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, runtime_checkable

import numpy as np
import pyarrow as pa

from affectory.schemas.tables import Column, build_array
from affectory.transforms.base import Columns, Failed, Result, Step, Transform
from affectory.transforms.rows import Reject, Values, Work, by_row, rejected, told

if TYPE_CHECKING:
    from affectory.transforms.media._decode import Picture
    from affectory.transforms.media._film import Film


class Look(Protocol):
    """One step's look at the pictures of one row."""

    def show(self, picture: "Picture") -> None:
        """The next picture that begins in the stretch."""

    def made(self) -> Values | list[Values]:
        """What the step writes, after the last picture; raises `Reject` where the row is not kept."""


Looker = Callable[[Values, "Film"], Look]
"""Begins a look at a row; it may raise `Reject` as well."""


@runtime_checkable
class Looking(Protocol):
    """A transform that looks at all pictures of a row's stretch: on videos, and it reads `original` and `anchor`."""

    def looker(self) -> Looker: ...


@dataclass(frozen=True)
class Looked:
    """The step of a looking transform. `alone` is a cheaper way to the same values where it has no company."""

    reads: Columns
    writes: Columns
    begin: Looker
    alone: Work | None = None

    def __call__(self, batch: pa.Table) -> Result:
        return by_row(self.reads, self.writes, self.alone or self._watched)(batch)

    def _watched(self, row: Values) -> Values | list[Values]:
        from affectory.transforms.media._film import film_of

        film = film_of(row)
        look = self.begin(row, film)
        for picture in film.pictures():
            look.show(picture)
        return look.made()


def looked(transform: Transform, alone: Work | None = None) -> Looked:
    """`setup` of a looking transform."""
    assert isinstance(transform, Looking)
    return Looked(transform.reads(), transform.writes(), transform.looker(), alone)


def looks_together(steps: Sequence[Step], row: pa.Table) -> list[Result]:
    """What several looking steps write about one row, each as a result of its written columns alone.

    Whatever ends the pass is raised: alone, a step may not need the picture that cannot be decoded.
    """
    from affectory.transforms.media._film import film_of

    both = [step for step in steps if isinstance(step, Looked)]
    film = film_of(row.select(["original", "anchor"]).to_pylist()[0])
    watchers = [_Watcher(step, row.select(list(step.reads)).to_pylist(maps_as_pydicts="strict")[0]) for step in both]
    for watcher in watchers:
        watcher.try_to(lambda w: w.begin(film))
    for picture in film.pictures():
        for watcher in watchers:
            watcher.try_to(lambda w: w.show(picture))  # noqa: B023
    for watcher in watchers:
        watcher.try_to(_Watcher.end)
    return [watcher.result for watcher in watchers]


class _Watcher:
    """One of several looks: what goes wrong with it concerns no other."""

    def __init__(self, step: Looked, row: Values) -> None:
        self.step, self.row = step, row
        self.look: Look | None = None
        self.result = _written(step, [])
        self.over = False

    def try_to(self, work: Callable[["_Watcher"], None]) -> None:
        if self.over:
            return
        try:
            work(self)
        except Reject as reject:
            self._ends(Result(self.result.rows, self.result.origin, rejected=(rejected(0, reject),)))
        except Exception as error:
            failed = Failed(0, type(error).__name__, told(error))
            self._ends(Result(self.result.rows, self.result.origin, failed=(failed,)))

    def begin(self, film: "Film") -> None:
        self.look = self.step.begin(self.row, film)

    def show(self, picture: "Picture") -> None:
        assert self.look is not None
        self.look.show(picture)

    def end(self) -> None:
        assert self.look is not None
        made = self.look.made()
        self._ends(_written(self.step, made if isinstance(made, list) else [made]))

    def _ends(self, result: Result) -> None:
        self.result, self.over, self.look = result, True, None


def _written(step: Looked, values: list[Values]) -> Result:
    arrays = {
        name: build_array([v.get(name) for v in values], Column(name, dtype, ""), "stage output")
        for name, dtype in step.writes.items()
    }
    return Result(pa.table(arrays), np.zeros(len(values), np.int64))
