"""Calibrated Bayesian: from what a few raters said of a sample what the pool would say, and how sure that is.

Learnt of the whole dataset: kinds of samples, which answers go together, by how much each known rater leans to one
answer or another, what a model's opinion is worth beside people's. Nobody has less weight for being in a minority.
"""

from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import ConfigDict, Field

from affectory.schemas.taxonomy import Taxonomy
from affectory.transforms.base import STRICT
from affectory.transforms.views import _models
from affectory.transforms.views._bayes_fit import Known, fitted
from affectory.transforms.views._bayes_place import Placed
from affectory.transforms.views._bayes_votes import Form, Space, contexts, people, raters
from affectory.transforms.views._judged import judged
from affectory.transforms.views._rows import in_words, label_rows, names_of, numbers
from affectory.transforms.views._tally import Tally

ONE, STRANGE = "one rater", "the fit knows no such opinions: only what is said here"
ALONE = "no sample has two raters: how far raters differ, and so the interval, is a guess"
POOR = "few samples to learn from: drawn towards what all of them got"
MODEL, UNKNOWN = "no person was asked", "not calibrated: nobody judged what this model did"


@dataclass(frozen=True)
class Bayes:
    """`values` are the expected distribution; `low` and `high` the ends of an interval for each."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT

    space: Annotated[
        Space, Field(description="one vote for each opinion; yes or no to each label; a level of each label")
    ] = "simplex"
    levels: Annotated[int, Field(ge=2, le=20, description="of ordinal answers: 0, 1, ... up to one less")] = 4
    interval: Annotated[float, Field(gt=0, lt=1, description="how probably each value lies in its interval")] = 0.9
    most: Annotated[int, Field(ge=1, description="how many samples are fitted to")] = 200_000

    def evidence(self, opinions: pa.Table, taxonomy: Taxonomy) -> pa.Table:
        """How judgements were made, and what each says."""
        groups, said, _ = self._form(taxonomy).answered(opinions, taxonomy)
        keys = groups.keys.take(pa.array(groups.group))
        chance = pc.struct_field(groups.opinions.column("shown").combine_chunks(), "probability")
        machine = pc.equal(keys.column("pool"), "model")
        more = {
            "item": pc.binary_join_element_wise(keys.column("sample_id"), keys.column("whose"), "\x1f"),
            "side": keys.column("perspective"),
            "context": contexts(groups).take(pa.array(groups.group)),
            "model": pc.if_else(machine, _models.names(groups.opinions), pa.scalar(None, pa.string())),
            "known": raters(groups.opinions),
            "people": people(groups.opinions),
            "chance": chance.cast(pa.float64()),
            "said": numbers(said),
        }
        table = judged(groups.opinions, taxonomy)
        return pa.table({**dict(zip(table.column_names, table.columns, strict=True)), **more})

    def fit(self, evidence: pa.Table, taxonomy: Taxonomy) -> pa.Table:
        return fitted(evidence, self._form(taxonomy), taxonomy)

    def placed(self, opinions: pa.Table, taxonomy: Taxonomy, fit: pa.Table) -> pa.Table:
        """Rows of `labels`. Where no person was asked a label is a model's, calibrated."""
        form = self._form(taxonomy)
        groups, said, found = form.answered(opinions, taxonomy)
        known = Known.of(fit)
        placed = Placed.of(groups, said, found, form, known, self.interval)
        values, low, high = (form.shown(x) for x in (placed.values, placed.low, placed.high))
        more: dict[str, Any] = {"low": low, "high": high, "uncertainty": placed.uncertainty}
        if self.space == "simplex":
            more["agreement"] = Tally(groups, found, values).agreement(values)
        if form.names:
            more["names"] = names_of(form.names, groups.size)
        single = (groups.sizes() == 1) & (people_in(groups) < 2) & ~placed.machine
        told = ((placed.unknown, UNKNOWN), (placed.machine, MODEL), (placed.strange, STRANGE))
        poor = ~placed.machine & known.poor
        state = in_words(*told, (single & known.alone, ALONE), (poor, POOR), (single, ONE))
        return label_rows(self, groups, taxonomy.name, self.space, values, state=state, **more)

    def _form(self, taxonomy: Taxonomy) -> Form:
        return Form(self.space, taxonomy.labels, self.levels)


def people_in(groups: Any) -> Any:
    """How many people the opinions of each group are."""
    return np.bincount(groups.group, weights=people(groups.opinions), minlength=groups.size)
