"""Traces: what raters gave continuously, in equal steps of time, and their mean.

A value holds until the next is given. Each step has the mean over the time that it covers, and steps tile the time from
the first trace's beginning to the last one's end, so that the mean of a trace stays what it was. What each rater gave
stays in the opinions.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import ConfigDict, Field

from affectory.schemas.taxonomy import Taxonomy
from affectory.transforms.base import STRICT
from affectory.transforms.views._grouping import Floats, Ints, grouped
from affectory.transforms.views._intervals import mean_interval
from affectory.transforms.views._rows import label_rows, lists
from affectory.transforms.views._traces import aligned, mean_of, together, traces_of

_TOO_LONG = "times too far apart to be one trace"
_MOST_SHIFTS = 3000
"""Steps by which traces are moved to find out how late they are; each is tried."""


class _Mean(NamedTuple):
    """The mean trace of some raters about one question."""

    times: Ints
    columns: Floats
    """Mean, low, high and spread at each step."""
    names: list[str]


@dataclass(frozen=True)
class Trace:
    """The mean of the traces about each question, with what they differ by."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT

    hz: Annotated[float, Field(gt=0, le=1000, description="about how many steps a second")] = 25.0
    most_lag_s: Annotated[
        float,
        Field(ge=0, le=60, description="seconds by which raters may be late; they are moved to agree (0: not moved)"),
    ] = 0.0

    def __post_init__(self) -> None:
        if self.hz * self.most_lag_s > _MOST_SHIFTS:
            raise ValueError(
                f"`hz` times `most_lag_s` is {self.hz * self.most_lag_s:g}, at most {_MOST_SHIFTS} is possible"
            )

    def view(self, opinions: pa.Table, taxonomy: Taxonomy) -> pa.Table:
        """Rows of `labels`; values of several questions lie one after the other, `names` says which is of which."""
        groups = grouped(opinions)
        given = traces_of(groups.opinions)
        groups = groups.only(np.array([trace is not None for trace in given], bool))
        traces, names = [trace for trace in given if trace is not None], _questions(groups.opinions)
        found = [list(self._means(rows, traces, names)) for rows in groups.rows()]
        columns = [np.concatenate([m.columns for m in means], axis=1) for means in found]
        values, low, high, spread = (lists([of[column] for of in columns]) for column in range(4))
        more: dict[str, Any] = {
            "low": low,
            "high": high,
            "spread": spread,
            "names": [[name for m in means for name in m.names] for means in found],
            "times_us": [np.concatenate([m.times for m in means]) for means in found],
            "state": [_TOO_LONG if any(not len(m.times) for m in means) else None for means in found],
        }
        return label_rows(self, groups, taxonomy.name, "continuous", values, **more)

    def _means(self, rows: Ints, traces: list[Any], names: list[str]) -> Iterator[_Mean]:
        for name in sorted({names[row] for row in rows}):
            mine = [traces[row] for row in rows if names[row] == name]
            mine = aligned(mine, self.hz, self.most_lag_s) if self.most_lag_s else mine
            times, values = together(mine, self.hz)
            mean = mean_of(values)
            low, high, spread = mean_interval(values)
            yield _Mean(times, np.stack([mean, low, high, spread]), [name] * len(times))


def _questions(opinions: pa.Table) -> list[str]:
    """What each trace is of: the one label that was asked about, else the question."""
    asked = opinions.column("asked").combine_chunks()
    labels, question = pc.struct_field(asked, "labels"), pc.fill_null(pc.struct_field(asked, "question"), "")
    offered, said = labels.to_pylist(), question.to_pylist()
    return [(names[0] or "") if names and len(names) == 1 else q for names, q in zip(offered, said, strict=True)]
