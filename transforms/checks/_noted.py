"""Reading a note to check it: its text or number, whatever stands under its name."""

import pyarrow as pa
import pyarrow.compute as pc

Column = pa.ChunkedArray | pa.Array


def text_of(batch: pa.Table, name: str) -> Column:
    """A text by its name; null where there is none."""
    column = batch.column(name) if name in batch.column_names else pa.nulls(batch.num_rows, pa.string())
    return column.cast(pa.string()) if pa.types.is_null(column.type) else column


def measured(batch: pa.Table, name: str, unit: str) -> Column:
    """A number by its name, or how long a text is in words or characters."""
    if unit == "value":
        column = batch.column(name) if name in batch.column_names else pa.nulls(batch.num_rows)
        return column.cast(pa.float64())
    from affectory.transforms.text._profile import Profile

    text = text_of(batch, name)
    filled = pc.fill_null(text.combine_chunks() if isinstance(text, pa.ChunkedArray) else text, "")
    profile = Profile(filled)
    length = pa.array(profile.words if unit == "words" else profile.characters, pa.float64())
    return pc.if_else(pc.is_valid(text), length, pa.scalar(None, pa.float64()))
