"""Opinions for tests of views: rows of the opinions table, in short."""

from typing import Any

import pyarrow as pa

from affectory.schemas.derived import OPINIONS_TABLE
from affectory.schemas.taxonomy import Taxonomy, parse_taxonomy

ABC = parse_taxonomy({"name": "abc", "entries": ["a", "b", {"name": "c", "synonyms": ["sea"]}]})
Row = dict[str, Any]


def opinion(number: int, weights: Any = None, labels: Any = ABC.labels, of: Taxonomy | None = ABC, **given: Any) -> Row:
    """One person's opinion about one sample, over the labels a, b and c unless said otherwise."""
    asked = {"labels": list(labels), "response": "simplex", "taxonomy": of and of.name, "taxonomy_hash": of and of.hash}
    defaults = {
        "opinion_id": f"o_{number:04}",
        "sample_id": "s_1",
        "rater": f"r{number}",
        "rater_kind": "human",
        "perspective": "perceived",
        "modalities": ["text"],
        "asked": asked,
        "answer": {"weights": weights},
    }
    return {**defaults, **given}


def vad(number: int, *place: float | None, **given: Any) -> Row:
    """One person's place in valence, arousal and dominance."""
    answer = {"vad": dict(zip(("valence", "arousal", "dominance"), place, strict=True))}
    return opinion(number, labels=("valence",), answer=answer, **given)


def table(*rows: Row) -> pa.Table:
    return OPINIONS_TABLE.from_rows(list(rows))


def labels_of(view: Any, *rows: Row, taxonomy: Taxonomy = ABC) -> list[Row]:
    """What a view makes of opinions."""
    found: list[Row] = view.view(table(*rows), taxonomy).to_pylist()
    return found


def values_of(view: Any, *rows: Row, taxonomy: Taxonomy = ABC) -> list[float | None]:
    """The values of the only label that a view makes."""
    [label] = labels_of(view, *rows, taxonomy=taxonomy)
    return [None if v is None else round(v, 6) for v in label["values"]]
