"""Asks a panel of models for their opinions: one of each model, none of them averaged."""

from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, ClassVar

import pyarrow as pa
from pydantic import ConfigDict

from affectory.schemas.taxonomy import Taxonomy
from affectory.transforms.assist import _parameters as the
from affectory.transforms.assist._describing import NoteName, as_column
from affectory.transforms.assist._panel import Member, members, polled
from affectory.transforms.base import ALL_KINDS, STRICT, Columns, Resources, Step
from affectory.transforms.models._asked import AskedModel, needs_of
from affectory.transforms.models._conversing import plainly, reads_of
from affectory.transforms.models._opinions import column, opinions, required
from affectory.transforms.models._talking import Talk
from affectory.transforms.rows import Values


@dataclass(frozen=True)
class Opine:
    """Writes `opinions_<as>`, one opinion of each model; `<as>_missing`: who did not answer, and why; and, where
    log-probabilities are asked, `<as>_coverage`: the least part of a model's probability that lay on the labels.
    """

    __pydantic_config__: ClassVar[ConfigDict] = STRICT
    on: ClassVar[frozenset[str]] = ALL_KINDS

    panel: the.Panel
    method: the.Method = "logprobs"
    prompt: the.AskedBy = "opine"  # type: ignore[assignment]
    see: the.See = ()
    as_: Annotated[NoteName, as_column("what the panel is called")] = "panel"
    perspective: the.Perspective = "expressed"
    whose: the.Whose = None
    response: the.Response = None
    samples: the.Draws = 5
    orders: the.Orders = 1
    reason: the.Reason = False
    min_coverage: the.Coverage = 0.25
    least: the.Least = 1
    taxonomy: Taxonomy | None = None

    def __post_init__(self) -> None:
        the.check_least(self.least, self.panel)
        if self.taxonomy is not None:
            self._members  # noqa: B018  (it says what cannot be asked)

    @property
    def resources(self) -> Resources:
        return needs_of(self.panel)

    def models(self) -> tuple[AskedModel, ...]:
        return self.panel

    def reads(self) -> Columns:
        return {**reads_of(self.see, self.prompt.inputs), "text": pa.string(), "language": pa.string()}

    def writes(self) -> Columns:
        coverage = {f"{self.as_}_coverage": pa.float64()} if self.method == "logprobs" else {}
        return {**opinions(self.as_), f"{self.as_}_missing": pa.string(), **coverage}

    @cached_property
    def _members(self) -> tuple[Member, ...]:
        return members(self, required(self.taxonomy, "opine"))

    def talk(self, row: Values) -> Talk:
        found = yield from polled(self._members, row, self.least)
        coverage = {f"{self.as_}_coverage": found.coverage} if self.method == "logprobs" else {}
        return {column(self.as_): found.opinions, f"{self.as_}_missing": found.missing, **coverage}

    def setup(self) -> Step:
        return plainly(self)
