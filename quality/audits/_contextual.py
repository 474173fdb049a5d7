"""What the bundled classifier, which reads in context, finds in texts, and in sentences that hold but a keyword."""

from collections.abc import Sequence

import numpy as np

from affectory.quality.audits._audited import Measure
from affectory.quality.audits._chance import Floats, Ints
from affectory.quality.audits._looked import interval
from affectory.quality.audits._numbers import measure
from affectory.schemas.errors import UserError
from affectory.schemas.taxonomy import Taxonomy
from affectory.transforms.models._ekman import check_map, onto
from affectory.transforms.models._sentences import CLASSES, LANGUAGES, classifier
from affectory.transforms.text._codes import primary

_CONTROL = ("I feel so much {}.", "There was nothing but {} in me.", "{}, that is all I felt.")
_FIRST = "labels that a contextual classifier says first, the mean over labels"
_FAR = 0.5
"""A dataset that hides its labels well lets the classifier do at most so well, of what it does with keywords."""


def measures(
    taxonomy: Taxonomy, texts: Sequence[str], languages: Sequence[str | None], labels: Ints
) -> tuple[Measure, ...]:
    """How often the classifier says the label first: of the texts it can read, and of sentences with a keyword."""
    _check(taxonomy)
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


def _check(taxonomy: Taxonomy) -> None:
    try:
        check_map(taxonomy, "text_emotion")
    except ValueError as error:
        raise UserError(
            str(error), "set `contextual: 0` in the audit `keywords`, or choose another taxonomy"
        ) from error


def _right(taxonomy: Taxonomy, texts: Sequence[str], labels: Sequence[int]) -> list[tuple[int, bool]]:
    """Labels that the classifier can say, of texts that it has an answer for, and whether it says them first."""
    classify, mapped, found = classifier(), onto(taxonomy, CLASSES), []
    for text, label in zip(texts, labels, strict=True):
        weights = mapped(classify(text))
        if weights is not None and weights[label] is not None:
            first = int(np.nanargmax([np.nan if w is None else w for w in weights]))
            found.append((label, first == label))
    return found
