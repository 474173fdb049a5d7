"""Has several judges score a text by a rubric: what each of them says is kept, and how far they lie apart."""

from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, ClassVar

import pyarrow as pa
from pydantic import ConfigDict

from affectory.transforms.assist import _parameters as the
from affectory.transforms.assist._describing import By, NoteName, as_column, text_column
from affectory.transforms.assist._missing import heard
from affectory.transforms.assist._panel import SEEN_AS, names
from affectory.transforms.assist._rubrics import Judge as OneJudge
from affectory.transforms.assist._rubrics import Of, Rubric, Scale, spread
from affectory.transforms.base import ALL_KINDS, STRICT, Columns, Resources, Step
from affectory.transforms.models._asked import AskedModel, needs_of
from affectory.transforms.models._conversing import plainly, reads_of, shown
from affectory.transforms.models._opinions import column, opinions
from affectory.transforms.models._talking import Talk, held
from affectory.transforms.rows import Values


@dataclass(frozen=True)
class Judge:
    """Writes `opinions_<as>`, the scores of each judge; of each criterion `<as>_<criterion>`, their mean, and
    `<as>_<criterion>_range`, from the lowest to the highest of several; and `<as>_missing`: who did not answer.
    """

    __pydantic_config__: ClassVar[ConfigDict] = STRICT
    on: ClassVar[frozenset[str]] = ALL_KINDS

    of: Of
    rubric: Rubric
    judges: the.Panel
    scale: Scale = "1-5"
    prompt: the.AskedBy = "judge"  # type: ignore[assignment]
    see: the.See = ()
    as_: Annotated[NoteName, as_column("what notes and opinions begin with")] = "judged"
    reason: the.Reason = True
    least: the.Least = 1

    def __post_init__(self) -> None:
        the.check_scale(self.scale)
        the.check_least(self.least, self.judges)
        for judge in self._judges:
            judge.check(self.see)

    @property
    def resources(self) -> Resources:
        return needs_of(self.judges)

    def models(self) -> tuple[AskedModel, ...]:
        return self.judges

    def reads(self) -> Columns:
        return {**reads_of(self.see, self.prompt.inputs), **text_column(self.of), "language": pa.string()}

    def writes(self) -> Columns:
        numbers = [f"{self.as_}_{name}{end}" for name in self.rubric for end in ("", "_range")]
        return {**opinions(self.as_), **dict.fromkeys(numbers, pa.float64()), f"{self.as_}_missing": pa.string()}

    @cached_property
    def _judges(self) -> tuple[OneJudge, ...]:
        called, (low, high) = names(self.judges), the.check_scale(self.scale)
        how = (self.rubric, low, high, self.reason)
        return tuple(OneJudge(By(model, self.prompt), called[model.name], *how) for model in self.judges)

    def talk(self, row: Values) -> Talk:
        if not held(row, self.of):
            return {column(self.as_): []}
        media, seen = shown(row, self.see), [SEEN_AS[name] for name in self.see if row[name]]
        talks = {judge.by.model.name: judge.opinion(row, self.of, media, seen) for judge in self._judges}
        found, missing = yield from heard(talks, self.least)
        apart = {f"{self.as_}_{name}": value for name, value in spread(found, self.rubric)}
        return {column(self.as_): found, f"{self.as_}_missing": missing, **apart}

    def setup(self) -> Step:
        return plainly(self)
