"""Steps that must know the whole dataset before they can say what becomes of a row.

Such a step is run in two halves. The first writes *signs* of each row, which is all that is known of it elsewhere; then
the *fit* is made of the signs of all rows; the second half is told what the fit says of each row, and decides.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import pyarrow as pa

from affectory.transforms.base import Columns, Step, Transform

PART = "part"
"""Beside signs, and in what a fit tells: the number of the partition that a row lies in."""


class Rows(Protocol):
    """Some rows, wherever they lie."""

    def read(self) -> pa.Table: ...


Prepare = Callable[[pa.Table], pa.Table]
"""Makes rows ready to meet others; of all parts they come out with the same columns."""
Reduce = Callable[[pa.Table], Mapping[str, pa.Table]]
"""What rows that met give, in whatever order they come: several tables by name."""


class Met(Protocol):
    """What came of rows that met."""

    def rows(self, table: str) -> Sequence[Rows]: ...


class Ground(Protocol):
    """Where rows of a whole dataset meet: in this process, or spread over many. No result may depend on which.

    `prepare` and `reduce` travel to where the rows are, so they are functions of a module or frozen dataclasses.
    """

    @property
    def signs(self) -> Sequence[Rows]:
        """The signs of all rows: `part`, `sample_id`, and what the step signed."""
        ...

    def meet(self, name: str, parts: Sequence[Rows], key: str, prepare: Prepare, reduce: Reduce) -> Met:
        """Bring together all rows of the same `key` (a text, never null), perhaps with those of other keys."""
        ...

    def held(self, name: str, table: pa.Table) -> Sequence[Rows]:
        """A table that was made here, as parts for what follows."""
        ...

    def connected(self, edges: Sequence[Rows]) -> Sequence[Rows]:
        """Of edges (`high`, `low`): from every node to the smallest one that it hangs together with."""
        ...


@dataclass(frozen=True)
class Fitted:
    """What a fit says: of every row that was signed (`part`, `sample_id`, what is told), and what to remember."""

    told: Sequence[Rows]
    memory: Sequence[Rows]


@runtime_checkable
class Fitting(Transform, Protocol):
    """A step with a fit over the whole dataset. `reads` are the columns that are signed, `setup` is the second half.

    What was decided once stays: `fit` gets what earlier fits remembered, and has to decide the same where nothing is
    new. Of what it remembers the first column is the key, a text; what is gone stays remembered.
    """

    def signs(self) -> Columns: ...

    def signer(self) -> Step:
        """Writes the signs of rows beside them."""
        ...

    def told(self) -> Columns:
        """What the second half is told of each row, in columns of these names."""
        ...

    def memory(self) -> pa.Schema: ...

    def fit(self, ground: Ground, memory: Sequence[Rows]) -> Fitted: ...
