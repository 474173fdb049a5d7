"""Pipelines of spaCy, from a folder or an installed package, one text at a time."""

from collections.abc import Callable, Sequence

NEEDS = {"spacy": "affectory[names]"}


def person_names(model: str, *, labels: Sequence[str]) -> Callable[[str], list[tuple[int, int]]]:
    """Where a text names persons: its entities with one of the labels, by their first and last characters."""
    import spacy

    pipeline, wanted = spacy.load(model), frozenset(labels)

    def find(text: str) -> list[tuple[int, int]]:
        return [(e.start_char, e.end_char) for e in pipeline(text).ents if e.label_ in wanted]

    return find
