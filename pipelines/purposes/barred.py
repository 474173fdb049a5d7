"""For whose sake, and how far, records and samples are barred from being published."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import reduce

from affectory.pipelines.purposes.licences import Licences
from affectory.pipelines.purposes.words import NOTHING_SAID, Against, Rules, Word
from affectory.schemas.recipe.people import Purpose

_TOLD: Mapping[Against, str] = {
    "withdrawn": "consent: withdrawn",
    "ended": "consent: ended",
    "embargo": "embargo: not over",
    "no": "consent: no to {}",
    "unasked": "consent: not asked about {}",
}


@dataclass(frozen=True)
class Barred:
    """Why nothing of something is published, or not its media, or nothing of it for training; empty where it may be."""

    whole: str = ""
    media: str = ""
    train: str = ""

    def __bool__(self) -> bool:
        return bool(self.whole or self.media or self.train)

    def __or__(self, other: "Barred") -> "Barred":
        """The stricter of both, whatever their order."""
        pairs = ((self.whole, other.whole), (self.media, other.media), (self.train, other.train))
        return Barred(*(min(filter(None, pair), default="") for pair in pairs))

    @classmethod
    def strictest(cls, given: "Iterable[Barred]") -> "Barred":
        """The strictest of all."""
        return reduce(cls.__or__, given, FREE)

    @property
    def quoted(self) -> "Barred":
        """What of it holds for a sample that only quotes it."""
        return Barred(self.whole, "", self.train)


FREE = Barred()
Bars = Mapping[str, Barred]


@dataclass(frozen=True)
class Deciding:
    """What people said, which licences are accepted, and the day."""

    words: Mapping[str, Word]
    rules: Rules
    licences: Licences
    today: date
    _known: dict[str, Barred] = field(default_factory=dict, compare=False)

    def of_person(self, person: str) -> Barred:
        """What of somebody may not be published; of whoever is only a voice nobody knows what they agreed to."""
        if person not in self._known:
            self._known[person] = self._decided(person)
        return self._known[person]

    def _decided(self, person: str) -> Barred:
        word = self.words.get(person, NOTHING_SAID)
        purposes: tuple[Purpose, ...] = ("publish_features", "publish_media", "train")
        return Barred(*(self._told(word, purpose) for purpose in purposes))

    def _told(self, word: Word, purpose: Purpose) -> str:
        against = word.against(purpose, self.rules, self.today)
        return _TOLD[against].format(purpose) if against else ""

    def of_licence(self, licence: str) -> Barred:
        published, why = self.licences.of_records(licence)
        return FREE if published == "media" else Barred(media=why) if published == "features" else Barred(whole=why)

    def of_people(self, people: Iterable[str | None]) -> dict[str, Barred]:
        """Those of whom something may not be published."""
        return {person: barred for person in people if person and (barred := self.of_person(person))}
