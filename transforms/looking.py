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

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol, runtime_checkable

import numpy as np
import pyarrow as pa

from affectory.schemas.tables import Column, build_array
from affectory.transforms.base import Columns, Failed, Rejected, Result, Step, Transform
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
    """What looking steps write about one row, as results of their written columns alone, up to the first to drop it.

    One after the other where the pictures stay at hand meanwhile, else all in one pass. Whatever ends that pass is
    raised: alone, a step may not need the picture that cannot be decoded.
    """
    from affectory.transforms.media._film import film_of

    both = [step for step in steps if isinstance(step, Looked)]
    if len(both) < len(steps):
        raise TypeError("the step of a looking transform is `looked(self)`")
    film = film_of(row.select(["original", "anchor"]).to_pylist()[0])
    found = list[Result]()
    for result in _one_by_one(both, row) if len(both) == 1 or film.stays_at_hand else _at_once(both, row, film):
        found.append(result)
        if not result.rows.num_rows:
            break
    return found


def _one_by_one(steps: Sequence[Looked], row: pa.Table) -> Iterator[Result]:
    for step in steps:
        result = step(row)
        yield Result(result.rows.select(list(step.writes)), result.origin, result.rejected, result.failed)


def _at_once(steps: Sequence[Looked], row: pa.Table, film: "Film") -> list[Result]:
    watchers = [_Watcher(step, row.select(list(step.reads)).to_pylist(maps_as_pydicts="strict")[0]) for step in steps]
    for watcher in watchers:
        watcher.begin(film)
    for picture in film.pictures():
        for watcher in watchers:
            watcher.show(picture)
    for watcher in watchers:
        watcher.end()
    return [watcher.result for watcher in watchers]


@dataclass
class _Watcher:
    """One of several looks: what goes wrong with it concerns no other."""

    step: Looked
    row: Values
    look: Look | None = None
    made: list[Values] = field(default_factory=list)
    rejected: tuple[Rejected, ...] = ()
    failed: tuple[Failed, ...] = ()

    def begin(self, film: "Film") -> None:
        with self._caught():
            self.look = self.step.begin(self.row, film)

    def show(self, picture: "Picture") -> None:
        if self.look is not None:
            with self._caught():
                self.look.show(picture)

    def end(self) -> None:
        if self.look is not None:
            with self._caught():
                made = self.look.made()
                self.made = made if isinstance(made, list) else [made]

    @contextmanager
    def _caught(self) -> Iterator[None]:
        try:
            yield
        except Reject as reject:
            self.look, self.rejected = None, (rejected(0, reject),)
        except Exception as error:
            self.look, self.failed = None, (Failed(0, type(error).__name__, told(error)),)

    @property
    def result(self) -> Result:
        arrays = {
            name: build_array([values.get(name) for values in self.made], Column(name, dtype, ""), "stage output")
            for name, dtype in self.step.writes.items()
        }
        return Result(pa.table(arrays), np.zeros(len(self.made), np.int64), self.rejected, self.failed)
