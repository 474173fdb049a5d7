"""Labels that say themselves which value is of which label, for those who have the rows alone."""

import pyarrow as pa
import pyarrow.compute as pc

from affectory.schemas.errors import UserError
from affectory.schemas.taxonomy import Taxonomy, load_taxonomy


def named_values(labels: pa.Table, own: Taxonomy) -> pa.Table:
    """Rows of labels in which `names` is filled: of the recipe's own taxonomy, and of those that are built in."""
    place, names = labels.schema.get_field_index("names"), labels.column("names")
    for taxonomy in labels.column("taxonomy").unique().to_pylist():
        known = _labels(taxonomy, own)
        plain = pc.and_(pc.equal(labels.column("taxonomy"), taxonomy), pc.is_null(names))
        fits = pc.and_(plain, pc.equal(pc.list_value_length(labels.column("values")), len(known)))
        names = pc.if_else(pc.fill_null(fits, False), pa.scalar(list(known), names.type), names)
    return labels.set_column(place, labels.schema.field(place), names)


def _labels(taxonomy: str, own: Taxonomy) -> tuple[str, ...]:
    try:
        return own.labels if taxonomy == own.name else load_taxonomy(taxonomy).labels
    except UserError:
        return ()
