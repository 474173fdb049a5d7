"""What the bundled classifier, which reads in context, finds in texts, and in sentences that hold but a keyword."""

from collections.abc import Callable, Sequence

import numpy as np

from affectory.quality.audits._audited import Measure
from affectory.quality.audits._chance import Floats, Ints
from affectory.quality.audits._looked import interval
from affectory.quality.audits._numbers import measure
from affectory.schemas.errors import UserError
from affectory.schemas.taxonomy import Taxonomy, TaxonomyMap, load_map
from affectory.transforms.models._ekman import check_map, onto
from affectory.transforms.models._sentences import CLASSES, LANGUAGES, classifier
from affectory.transforms.text._codes import primary

_CONTROL = ("I feel so much {}.", "There was nothing but {} in me.", "{}, that is all I felt.")
_FIRST = "labels that a contextual classifier says first, the mean over labels"
_OWN, _WHOLE = "ekman-7", 0.999
_FAR = 0.5
"""A dataset that hides its labels well lets the classifier do at most so well, of what it does with keywords."""


def measures(
    taxonomy: Taxonomy, texts: Sequence[str], languages: Sequence[str | None], labels: Ints
) -> tuple[Measure, ...]:
    """How often the classifier says the label first: of the texts it can read, and of sentences with a keyword."""
    spoken = [language and primary(language) for language in languages[: len(texts)]]
    readable = [at for at, language in enumerate(spoken) if not language or language in LANGUAGES]
    own = _weighed(_right(taxonomy, [texts[at] for at in readable], [int(labels[at]) for at in readable]))
    words = [(frame.format(label), at) for at, label in enumerate(taxonomy.labels) for frame in _CONTROL]
    control = _weighed(_right(taxonomy, [text for text, _ in words], [at for _, at in words]))
    low, _ = _between(*own)
    return (
        measure(f"{_FIRST}, of texts", _mean(*own), _between(*own), None, low > _FAR * _mean(*control)),
        measure(f"{_FIRST}, of sentences with a keyword", _mean(*control), _between(*control)),
    )


def _weighed(right: Sequence[tuple[int, bool]]) -> tuple[Floats, Floats]:
    """Answers so weighed that each label counts as much, those that are right and all."""
    labels, hits = (np.array([pair[at] for pair in right], np.int64) for at in (0, 1))
    weights = 1 / np.bincount(labels)[labels] if len(labels) else np.zeros(0)
    return hits * weights, weights


def _mean(right: Floats, weights: Floats) -> float:
    return float(right.sum() / weights.sum()) if len(weights) else 0.0


def _between(right: Floats, weights: Floats) -> tuple[float, float]:
    return interval(right, weights, np.arange(len(weights)), "contextual") if len(weights) else (0.0, 1.0)


def _right(taxonomy: Taxonomy, texts: Sequence[str], labels: Sequence[int]) -> list[tuple[int, bool]]:
    """Labels that the classifier can say, and whether it says them first of their texts."""
    classify, (first, known) = classifier(), _answers(taxonomy)
    pairs = zip(texts, labels, strict=True)
    return [(label, first(classify(text)) == known[label]) for text, label in pairs if known[label] is not None]


def _answers(taxonomy: Taxonomy) -> tuple[Callable[[Floats], int | None], Sequence[int | None]]:
    """What the classifier says first, None where it is none of this taxonomy's, and which answer each label would be.

    Labels that have a class of their own are compared as classes, those that put classes together as labels.
    """
    own = _map(taxonomy.name, _OWN)
    if own is not None and own.source_labels == taxonomy.labels:
        order = [CLASSES.index(label) for label in own.target_labels]
        whole = [int(row.argmax()) if row.max() > _WHOLE else None for row in own.matrix]
        return lambda weights: int(weights[order].argmax()), whole
    _check(taxonomy)
    mapped, reached = onto(taxonomy, CLASSES), _map(_OWN, taxonomy.name)
    known = [reached is None or bool(reached.matrix[:, at].any()) for at in range(len(taxonomy.labels))]

    def first(weights: Floats) -> int | None:
        found = mapped(weights)
        return None if found is None else int(np.nanargmax([np.nan if w is None else w for w in found]))

    return first, [at if known[at] else None for at in range(len(known))]


def _map(source: str, target: str) -> TaxonomyMap | None:
    try:
        return load_map(source, target)
    except UserError:
        return None


def _check(taxonomy: Taxonomy) -> None:
    try:
        check_map(taxonomy, "text_emotion")
    except ValueError as error:
        raise UserError(
            str(error), "set `contextual: 0` in the audit `keywords`, or choose another taxonomy"
        ) from error
