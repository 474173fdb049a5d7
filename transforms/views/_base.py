"""What a view is: a declared rule that makes labels of opinions, in Arrow, of a part of a dataset at a time."""

import dataclasses
import json
import re
from typing import Any, Protocol, runtime_checkable

import pyarrow as pa
from pydantic_core import to_jsonable_python

from affectory.schemas.taxonomy import Taxonomy

FIT = pa.schema([("name", pa.string()), ("values", pa.list_(pa.float64()))])
"""What a fit found: numbers by name, in the order of the names."""


class View(Protocol):
    """A frozen dataclass; its fields are its YAML parameters. `version` (1 unless said) changes with its meaning.

    It may have a method `check(taxonomy)`, which raises a `UserError` when a recipe is planned.
    """

    def view(self, opinions: pa.Table, taxonomy: Taxonomy) -> pa.Table:
        """Rows of `labels` of these opinions, which hold all those about each of their samples."""
        ...


@runtime_checkable
class FittedView(Protocol):
    """A view whose labels rest on the whole dataset: who its raters are, what its emotions go together with.

    `evidence` says what the fit needs to know of a part. `fit` sees that of the whole dataset, or, where that is more
    than `most` samples, of a part of these that is always the same, sorted by `sample_id` and `opinion_id`. It uses no
    BLAS, whose last bits depend on how many processors there are. What was fitted once stays until a refit.
    """

    @property
    def most(self) -> int: ...

    def evidence(self, opinions: pa.Table, taxonomy: Taxonomy) -> pa.Table:
        """Rows with `sample_id`, `opinion_id` and what else the fit needs."""
        ...

    def fit(self, evidence: pa.Table, taxonomy: Taxonomy) -> pa.Table:
        """A table `FIT`; also where there is no evidence at all."""
        ...

    def placed(self, opinions: pa.Table, taxonomy: Taxonomy, fit: pa.Table) -> pa.Table:
        """Rows of `labels`, given the fit: of raters and samples that it knew nothing of too."""
        ...


def rule_name(view: Any) -> str:
    """How a rule is called in labels: its name, its version from the second one on, the parameters that were given."""
    cls = type(view)
    name = re.sub(r"(?<!^)(?=[A-Z])", "_", cls.__name__).lower()
    version = getattr(cls, "version", 1)
    given = {f.name: getattr(view, f.name) for f in dataclasses.fields(view) if getattr(view, f.name) != f.default}
    said = json.dumps(to_jsonable_python(given), sort_keys=True, ensure_ascii=False) if given else ""
    return f"{name}{f'@{version}' if version > 1 else ''}{said}"
