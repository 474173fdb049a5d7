"""A stage: one step of a recipe with its parameters, and the identity by which its results are found again."""

from dataclasses import dataclass, replace

import pyarrow as pa

from affectory.pipelines.code_hash import code_hash
from affectory.schemas.ids import digest
from affectory.transforms.base import Asking, Transform, Whom


@dataclass(frozen=True)
class Stage:
    """A bound step. `identity` covers its parameters and code; `name` tells two uses of one step apart.

    `whom` is the model that it asks, if it asks one.
    """

    name: str
    verb: str
    transform: Transform
    identity: str
    whom: Whom | None = None

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
    whom = transform.whom()
    hashes = map(code_hash, whom.code.split())
    return replace(whom, revision=digest(whom.revision, *hashes)[:16]) if whom.code else whom
