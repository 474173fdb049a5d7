"""Rejects samples on which a panel of raters does not agree with what a description says of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

import pyarrow as pa
from pydantic import ConfigDict, Field

from affectory.schemas.opinion import OPINIONS
from affectory.schemas.taxonomy import Taxonomy
from affectory.transforms.base import ALL_KINDS, STRICT, Columns, Resources, Step
from affectory.transforms.checks._opinions import shares, side_shares, sides, told
from affectory.transforms.models._opinions import column, required
from affectory.transforms.rows import Reject, Values, by_row

Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]


@dataclass(frozen=True)
class Consensus:
    """Notes `consensus` and `consensus_side`: which share of the panel chose the emotion, and the side (positive,
    negative, neutral: by valence), that is read from the description. Rejects as `filtered` what has less.
    """

    __pydantic_config__: ClassVar[ConfigDict] = STRICT
    on: ClassVar[frozenset[str]] = ALL_KINDS
    resources: ClassVar[Resources] = Resources(batch_rows=1024)

    panel: Annotated[
        tuple[Name, ...], Field(min_length=1, strict=False, description="raters before this: [face_emotion, lexicon]")
    ]
    read: Annotated[Name, Field(description="the rater that read the description: the `as` of an `opine`")]
    least: Annotated[float, Field(ge=0, le=1, description="share of the panel that must choose its emotion")] = 0.5
    least_side: Annotated[float, Field(ge=0, le=1, description="share of the panel that must be on its side")] = 0.5
    keep_unjudged: Annotated[bool, Field(description="keep samples on which one of the two has no opinion")] = False
    taxonomy: Taxonomy | None = None

    def reads(self) -> Columns:
        return {column(name): OPINIONS for name in (*self.panel, self.read)}

    def writes(self) -> Columns:
        return {"consensus": pa.float64(), "consensus_side": pa.float64()}

    def setup(self) -> Step:
        side = sides(required(self.taxonomy, "consensus"))
        return by_row(self.reads(), self.writes(), lambda row: self._compared(row, side))

    def _compared(self, row: Values, side: Mapping[str, str]) -> Values:
        panel = shares([opinion for name in self.panel for opinion in row[column(name)] or ()])
        read = shares(row[column(self.read)] or ())
        if not panel or not read:
            return self._unjudged("the panel" if not panel else self.read)
        chosen = _common(panel, read)
        agreed = _common(side_shares(panel, side), side_shares(read, side))
        if chosen < self.least or agreed < self.least_side:
            raise Reject("filtered", f"the panel says {told(panel)}; {self.read} says {told(read)}")
        return {"consensus": chosen, "consensus_side": agreed}

    def _unjudged(self, who: str) -> dict[str, Any]:
        if not self.keep_unjudged:
            raise Reject("filtered", f"{who} has no opinion on it, so that nothing can agree")
        return {"consensus": None, "consensus_side": None}


def _common(panel: Mapping[str, float], read: Mapping[str, float]) -> float:
    """The share that two divisions have in common; digits beyond the sixth differ with the order of sums."""
    return round(sum(min(share, panel.get(name, 0.0)) for name, share in read.items()), 6)
