"""A stage: one step of a recipe with its parameters, and the identity by which its results are found again."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import pyarrow as pa

from affectory.pipelines.code_hash import code_hash
from affectory.schemas.ids import digest
from affectory.transforms.base import Asking, Transform, Whom
from affectory.transforms.models._conversing import Conversing


@dataclass(frozen=True)
class Stage:
    """A bound step. `identity` covers its parameters and code; `name` tells two uses of one step apart.

    `whom` is the model that it asks, if it asks one; `models` are those that it converses with, by their names in the
    recipe, each asked by no prompt yet.
    """

    name: str
    verb: str
    transform: Transform
    identity: str
    whom: Whom | None = None
    models: Mapping[str, Whom] = field(default_factory=dict)

    def applies(self, kinds: frozenset[str]) -> bool:
        return bool(self.transform.on & kinds)

    def output_schema(self, schema: pa.Schema) -> pa.Schema:
        """The flowing table's schema after this stage."""
        for name, dtype in self.transform.writes().items():
            column = pa.field(name, dtype)
            index = schema.get_field_index(name)
            schema = schema.append(column) if index < 0 else schema.set(index, column)
        return schema.remove_metadata()


def asked_by(transform: Transform) -> Whom | None:
    """The model that a transform asks; the revision of one of ours tells its weights and the code that runs it."""
    if not isinstance(transform, Asking):
        return None
    return _with_code(transform.whom())


def conversed_with(transform: Transform) -> dict[str, Whom]:
    """The models that a transform converses with, likewise."""
    if not isinstance(transform, Conversing):
        return {}
    return {model.name: _with_code(model.whom()) for model in transform.models()}


def _with_code(whom: Whom) -> Whom:
    hashes = map(code_hash, whom.code.split())
    return replace(whom, revision=digest(whom.revision, *hashes)[:16]) if whom.code else whom
