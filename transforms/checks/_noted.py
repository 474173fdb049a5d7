"""Reading a note to check it: its text or number, whatever stands under its name."""

import pyarrow as pa
import pyarrow.compute as pc


def text_of(batch: pa.Table, name: str) -> pa.ChunkedArray:
    """A text by its name; null where there is none."""
    if name not in batch.column_names or pa.types.is_null(batch.column(name).type):
        return pa.chunked_array([pa.nulls(batch.num_rows, pa.string())])
    return batch.column(name)


def measured(batch: pa.Table, name: str, unit: str) -> pa.ChunkedArray:
    """A number by its name, or how long a text is in words or characters."""
    if unit == "value":
        column = batch.column(name) if name in batch.column_names else pa.chunked_array([pa.nulls(batch.num_rows)])
        return column.cast(pa.float64())
    from affectory.transforms.text._profile import Profile

    text = text_of(batch, name).combine_chunks()
    profile = Profile(pc.fill_null(text, ""))
    length = pa.array(profile.words if unit == "words" else profile.characters, pa.float64())
    return pa.chunked_array([pc.if_else(pc.is_valid(text), length, pa.scalar(None, pa.float64()))])
