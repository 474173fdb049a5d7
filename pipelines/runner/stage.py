"""A stage: one step of a recipe with its parameters, and the identity by which its results are found again."""

from dataclasses import dataclass

import pyarrow as pa

from affectory.transforms.base import Transform


@dataclass(frozen=True)
class Stage:
    """A bound step. `identity` covers its parameters and code; `name` tells two uses of one step apart."""

    name: str
    verb: str
    transform: Transform
    identity: str

    def applies(self, kinds: frozenset[str]) -> bool:
        return bool(self.transform.on & kinds)

    def output_schema(self, schema: pa.Schema) -> pa.Schema:
        """The flowing table's schema after this stage."""
        for name, dtype in self.transform.writes().items():
            column = pa.field(name, dtype)
            index = schema.get_field_index(name)
            schema = schema.append(column) if index < 0 else schema.set(index, column)
        return schema.remove_metadata()
