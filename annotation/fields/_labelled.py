"""Marks that are labelled with emotions: a judgement about each place."""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from xml.etree.ElementTree import Element

from affectory.annotation.answered import Answered
from affectory.annotation.fields._base import Said, Scene, asked, named, problem
from affectory.annotation.fields._marking import label
from affectory.annotation.fields._marks import Marked
from affectory.annotation.fields._xml import token


def offered(scene: Scene, name: str) -> Iterator[Element]:
    """The taxonomy's labels for marking."""
    for place, word in enumerate(scene.taxonomy.labels):
        yield label(scene, scene.word(word), token(word), f"{name}:{word}", place)


def judged(scene: Scene, name: str, words: str, marks: Sequence[Marked]) -> Said:
    """A judgement of each place; where none is marked one of the whole, which has none of the labels."""
    labels = scene.taxonomy.labels
    places = [sorted(map(str, mark.place.items())) for mark in marks]
    if any(place == other for place, other in pairwise(places)):
        return problem("one place is marked twice")
    if not marks:
        question = asked(scene, words, labels, "multi-label", scene.taxonomy)
        return Said((Answered(named(scene, name), question, {"weights": [0.0] * len(labels)}),))
    question = asked(scene, words, labels, "simplex", scene.taxonomy)
    weights = [[float(label in mark.labels) for label in labels] for mark in marks]
    return Said(tuple(
        Answered(named(scene, name), question, {"weights": given}, mark.place)
        for mark, given in zip(marks, weights, strict=True)
    ))  # fmt: skip
