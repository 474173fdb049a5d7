"""Samples whose answer is known: a file names them by key or by id, with the labels that are right."""

from collections.abc import Mapping
from pathlib import Path

import pyarrow as pa

from affectory.pipelines.cli.tables import read_table
from affectory.schemas.errors import UserError
from affectory.schemas.taxonomy import Taxonomy


def read_gold(path: Path, samples: pa.Table, taxonomy: Taxonomy) -> Mapping[str, tuple[str, ...]]:
    """By sample the labels of which each is right; samples that this build does not have are left out."""
    table = read_table(path)
    named = next((name for name in ("sample_id", "key") if name in table.column_names), None)
    if named is None or "label" not in table.column_names:
        hint = "columns are `key` (or `sample_id`) and `label`; several rows for several good answers"
        raise UserError(f"{path} lacks a column", hint)
    by_name = dict(zip(samples.column(named).to_pylist(), samples.column("sample_id").to_pylist(), strict=True))
    found: dict[str, list[str]] = {}
    for name, word in zip(table.column(named).to_pylist(), table.column("label").to_pylist(), strict=True):
        label = taxonomy.resolve(str(word))
        if label is None:
            hint = f"its labels: {', '.join(taxonomy.labels)}"
            raise UserError(f"{path}: {taxonomy.name} knows no {word!r}", hint)
        sample = by_name.get(None if name is None else str(name))
        if sample is not None and label not in found.setdefault(sample, []):
            found[sample].append(label)
    return {sample: tuple(labels) for sample, labels in sorted(found.items())}
