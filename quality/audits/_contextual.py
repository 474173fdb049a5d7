"""What the bundled classifier, which reads in context, finds in texts, and in sentences that hold but a keyword."""

from collections.abc import Sequence

import numpy as np

from affectory.quality.audits._audited import Measure
from affectory.quality.audits._chance import Ints, wilson
from affectory.quality.audits._numbers import share
from affectory.schemas.errors import UserError
from affectory.schemas.taxonomy import Taxonomy
from affectory.transforms.models._ekman import check_map, onto
from affectory.transforms.models._sentences import CLASSES, LANGUAGES, classifier
from affectory.transforms.text._codes import primary

_CONTROL = ("I feel so much {}.", "There was nothing but {} in me.", "{}, that is all I felt.")
_FAR = 0.5
"""A dataset that hides its labels well lets the classifier do at most so well, of what it does with keywords."""


def measures(
    taxonomy: Taxonomy, texts: Sequence[str], languages: Sequence[str | None], labels: Ints
) -> tuple[Measure, ...]:
    """How often the classifier says the label first: of the texts it can read, and of sentences with a keyword."""
    _check(taxonomy)
    spoken = [language and primary(language) for language in languages[: len(texts)]]
    readable = [at for at, language in enumerate(spoken) if not language or language in LANGUAGES]
    own = _right(taxonomy, [texts[at] for at in readable], [int(labels[at]) for at in readable])
    words = [(frame.format(label), at) for at, label in enumerate(taxonomy.labels) for frame in _CONTROL]
    control = _right(taxonomy, [text for text, _ in words], [at for _, at in words])
    low, _ = wilson(*own)
    large = own[1] > 0 and low > _FAR * control[0] / max(1, control[1])
    return (
        share("texts whose label a contextual classifier says first", *own, large),
        share("the same of sentences with a keyword", *control),
    )


def _check(taxonomy: Taxonomy) -> None:
    try:
        check_map(taxonomy, "text_emotion")
    except ValueError as error:
        raise UserError(
            str(error), "set `contextual: 0` in the audit `keywords`, or choose another taxonomy"
        ) from error


def _right(taxonomy: Taxonomy, texts: Sequence[str], labels: Sequence[int]) -> tuple[int, int]:
    """How many are right, of how many that it has an answer for and whose label it can say."""
    classify, mapped, right, of = classifier(), onto(taxonomy, CLASSES), 0, 0
    for text, label in zip(texts, labels, strict=True):
        weights = mapped(classify(text))
        if weights is not None and weights[label] is not None:
            of += 1
            right += int(np.nanargmax([np.nan if w is None else w for w in weights])) == label
    return right, of
