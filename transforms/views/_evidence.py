"""What raters pointed at: stretches of text or time, in the record that is judged or in another."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from affectory.transforms.views._grouping import Grouped, Ints

WHOLE, TEXT, TIME = "whole", "text", "time"


class Pointed(NamedTuple):
    """One stretch that one rater pointed at."""

    rater: str
    decides: bool
    """Whether the rater is an adjudicator."""
    record: str
    """Empty where it is the record that is judged."""
    kind: str
    measure: str
    start: int
    end: int

    @property
    def target(self) -> tuple[str, str, str]:
        """What it can be compared with: stretches of the same record and kind, measured alike."""
        return self.record, self.kind, self.measure


def groups_that_pointed(groups: Grouped) -> Grouped:
    """The opinions of groups in which somebody pointed at something, only those about the same question."""
    opinions = groups.opinions
    question = pc.fill_null(pc.struct_field(opinions.column("asked").combine_chunks(), "question"), "")
    about = pc.binary_join_element_wise(pc.cast(pa.array(groups.group), pa.string()), question, "\x1f")
    pointing = pc.greater(pc.fill_null(pc.list_value_length(opinions.column("evidence")), 0), 0).combine_chunks()
    used = pc.is_in(about, value_set=about.filter(pointing)).to_numpy(zero_copy_only=False)
    return groups.only(np.asarray(used, bool))


def pointed_by_group(groups: Grouped) -> Iterator[tuple[Ints, list[Pointed]]]:
    """Of each group its rows, and what was pointed at, in order."""
    evidence = groups.opinions.column("evidence").combine_chunks()
    owner = pc.list_parent_indices(evidence).to_numpy()
    rater, kind = (groups.opinions.column(name).to_pylist() for name in ("rater", "rater_kind"))
    found: dict[int, list[Pointed]] = {}
    for row, place in zip(owner.tolist(), pc.list_flatten(evidence).to_pylist(), strict=True):
        if (one := _read(place, rater[row], kind[row] == "adjudicator")) is not None:
            found.setdefault(row, []).append(one)
    for rows in groups.rows():
        yield rows, sorted(one for row in rows.tolist() for one in found.get(row, ()))


def _read(place: dict[str, Any], rater: str, decides: bool) -> Pointed | None:
    """None of a place that is none: a box alone, or an end that is not after its beginning."""
    about = (rater, decides, place["record"] or "", place["kind"] or "")
    for measure, start, end in (
        (TEXT, place["char_start"], place["char_end"]),
        (TIME, place["start_us"], place["end_us"]),
    ):
        if start is not None and end is not None:
            return Pointed(*about, measure, start, end) if start < end else None
    nothing = all(place[name] is None for name in ("char_start", "char_end", "start_us", "end_us", "box"))
    return Pointed(*about, WHOLE, 0, 1) if nothing else None
