"""What models wrote about samples: claims that nothing bears out, empty phrases, repetitions, lengths, languages."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Any, ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from pydantic import ConfigDict, Field

from affectory.quality.audits._audited import Audited, Measure, skipped
from affectory.quality.audits._chance import Ints, generator, permuted
from affectory.quality.audits._data import AuditData
from affectory.quality.audits._named_cues import BORNE_OUT, CONTRADICTED, CUES, UNKNOWN, Facts
from affectory.quality.audits._shares import percent, rounded, share
from affectory.quality.audits._words import words_of
from affectory.quality.findings import Severity
from affectory.transforms.base import STRICT
from affectory.transforms.checks._phrases import boilerplate, refusal
from affectory.transforms.text._codes import primary
from affectory.transforms.text._detecting import detector
from affectory.transforms.views._grouping import coded

NAME = "captions"
UNSUPPORTED, PHRASES, COMMON, SAME, EMPTY, LENGTH, LANGUAGE = (
    "claims that nothing bears out", "refusals, placeholders, left-over prompts", "mostly phrases that many share",
    "the same as another one", "empty", "far shorter or longer than others", "in another language",
)  # fmt: skip
_BY, _TEXT = "_by", "text"
_SHOWN, _DEALT = 10, 99
_COMPARED = 20_000
"""So many texts, the first ones, tell which phrases are shared: ids are hashes."""
_PHRASE, _MANY, _FEWEST, _MOSTLY = 6, 0.1, 5, 0.5
"""A phrase is so many words; it is shared where so many texts, as a share and as a number, have it; and a text in which
so many words belong to such phrases is mostly made of them."""
_FENCE, _MOST_DETECTED, _LEAST_CHARS, _LEAST_SCORE = 3.0, 2000, 20, 0.5
Marks = NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True)
class Captions:
    """Looks at notes that models wrote (those with a note `<name>_by` beside them, or those named in `of`). Claims of
    faces, voices and sounds are compared with notes of steps that measured these; what nobody measured is not judged.
    Only English words for cues are known.
    """

    __pydantic_config__: ClassVar[ConfigDict] = STRICT

    of: Annotated[
        tuple[Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")], ...],
        Field(strict=False, description="notes of text: [caption, description]; else all that models wrote"),
    ] = ()
    language: Annotated[str | None, Field(description="their language, as a code; else that of most")] = None
    unsupported: Annotated[float, Field(ge=0, le=1, description="share with claims that nothing bears out")] = 0.1
    most: Annotated[float, Field(ge=0, le=1, description="share that may have any other fault")] = 0.05
    severity: Annotated[Severity, Field(description="what follows where it accuses")] = "warns"

    def audit(self, data: AuditData) -> Audited:
        notes = data.sampled("notes", ["name", "text", "number", "places"])
        names = self.of or _written(notes)
        sources = _sources(data)
        texts = [_Texts.of(name, notes, sources) for name in names]
        if not (texts := [one for one in texts if one.samples]):
            return skipped(NAME, f"no sample has {' or '.join(names)}" if names else "no note was written by a model")
        facts = Facts.of(notes)
        claimed = [(one, one.claims(facts)) for one in texts]
        faults = [fault for one in claimed for fault in self._faults(*one)]
        measures = tuple(fault.measure() for fault in faults)
        rows = _worst_first(faults)
        lines = [line for one, claims in claimed for line in (*self._claimed(one, claims), *one.lines())]
        return Audited(NAME, _says(texts, faults), measures, rows, len(rows), tuple(lines))

    def _faults(self, texts: "_Texts", claims: "_Claims") -> Iterator["_Fault"]:
        if len(looked := np.flatnonzero((claims.status != UNKNOWN).any(axis=1))):
            wrong = np.flatnonzero((claims.status == CONTRADICTED).any(axis=1))
            yield _Fault(texts, UNSUPPORTED, wrong, len(looked), self.unsupported)
        written = texts.filled
        yield _Fault(texts, EMPTY, np.flatnonzero(~written), len(written), self.most)
        if of := int(written.sum()):
            yield _Fault(texts, PHRASES, texts.empty_phrases(), of, self.most)
            yield _Fault(texts, COMMON, texts.mostly_shared(), of, self.most)
            yield _Fault(texts, SAME, texts.repeated(), of, self.most)
            yield _Fault(texts, LENGTH, texts.odd_lengths(), of, self.most)
            other, detected = texts.other_language(self.language)
            yield _Fault(texts, LANGUAGE, other, detected, self.most)

    def _claimed(self, texts: "_Texts", claims: "_Claims") -> Iterator[dict[str, Any]]:
        """Each cue that is named, and how often texts dealt at random would claim what nothing bears out."""
        for place in np.flatnonzero((claims.status != UNKNOWN).any(axis=0)):
            column = claims.status[:, place]
            wrong, of = int((column == CONTRADICTED).sum()), int((column != UNKNOWN).sum())
            yield texts.line(f"{CUES[place].name}: named where nothing bears it out", wrong, of)
        if (of := int((claims.status != UNKNOWN).any(axis=1).sum())) > 0:
            by_chance = claims.by_chance(NAME, texts.name)
            yield {
                **texts.line(f"{UNSUPPORTED}, if texts were dealt at random", 0, of),
                "texts": None,
                "share": round(by_chance, 6),
            }


@dataclass(frozen=True)
class _Fault:
    """Texts of one note with one fault: their places, of so many that were looked at, and how many there may be."""

    texts: "_Texts"
    what: str
    places: Ints
    of: int
    most: float

    def measure(self) -> Measure:
        return share(f"{self.texts.name}: {self.what}", len(self.places), self.of, self.most)


@dataclass(frozen=True)
class _Claims:
    """Of each text and cue whether it is borne out or contradicted, or not named or not to be told; and of each sample
    and cue what was measured of it, and which cues its text names."""

    named: Marks
    measured: NDArray[np.int8]
    source: Ints

    @cached_property
    def status(self) -> NDArray[np.int8]:
        return np.where(self.named, self.measured, UNKNOWN).astype(np.int8)

    def by_chance(self, *names: str) -> float:
        """Of texts that are dealt anew within their source the mean share with a claim that is contradicted."""
        random, rows, found = generator(*names), np.arange(len(self.named)), []
        for _ in range(_DEALT):
            named = self.named[permuted(rows, self.source, random)]
            wrong, looked = ((named & (self.measured == s)).any(axis=1) for s in (CONTRADICTED, BORNE_OUT))
            found.append(wrong.sum() / max((wrong | looked).sum(), 1))
        return float(np.mean(found))


@dataclass(frozen=True)
class _Texts:
    """All texts of one note, in the order of the ids of their samples."""

    name: str
    samples: Sequence[str]
    texts: Sequence[str]
    source: Ints

    @classmethod
    def of(cls, name: str, notes: pa.Table, sources: Mapping[str, str]) -> "_Texts":
        rows = notes.filter(pc.and_(pc.equal(notes["name"], name), pc.is_valid(notes["text"])))
        samples = rows["sample_id"].to_pylist()
        source = coded(pa.array([sources.get(sample, "") for sample in samples], pa.string()))[1]
        return cls(name, samples, rows["text"].to_pylist(), source)

    @cached_property
    def words(self) -> list[list[str]]:
        return [words_of(text) for text in self.texts]

    @cached_property
    def filled(self) -> Marks:
        return np.array([bool(words) for words in self.words], bool)

    def claims(self, facts: Facts) -> _Claims:
        """What they claim, where that was measured."""
        measured = np.stack([facts.status(cue, self.samples) for cue in CUES], axis=1)
        able = (measured != UNKNOWN).any(axis=0)
        named = np.zeros(measured.shape, bool)
        for place in np.flatnonzero(able):
            named[:, place] = [CUES[place].named(text) for text in self.texts]
        return _Claims(named, measured, self.source)

    def empty_phrases(self) -> Ints:
        return np.flatnonzero([bool(words) and bool(refusal(text) or boilerplate(text))
                               for words, text in zip(self.words, self.texts, strict=True)])  # fmt: skip

    @cached_property
    def shared(self) -> Mapping[tuple[str, ...], int]:
        """Phrases that many texts have, and how many."""
        some = self.words[:_COMPARED]
        counts = Counter(phrase for words in some for phrase in set(_phrases(words)))
        least = max(_FEWEST, _MANY * int(self.filled[:_COMPARED].sum()))
        return {phrase: count for phrase, count in counts.items() if count >= least}

    def mostly_shared(self) -> Ints:
        return np.flatnonzero([bool(words) and _covered(words, self.shared) >= _MOSTLY for words in self.words])

    def repeated(self) -> Ints:
        counts = Counter(map(tuple, self.words))
        return np.flatnonzero([bool(words) and counts[tuple(words)] > 1 for words in self.words])

    def odd_lengths(self) -> Ints:
        """Beyond fences around the quartiles of the logarithm, which lengths are even in."""
        lengths = np.log(np.array([max(len(words), 1) for words in self.words], np.float64))
        low, high = np.quantile(np.sort(lengths[self.filled]), [0.25, 0.75])
        reach = _FENCE * max(high - low, 0.1)
        return np.flatnonzero(self.filled & ((lengths < low - reach) | (lengths > high + reach)))

    def other_language(self, wanted: str | None) -> tuple[Ints, int]:
        """Texts in another language than is wanted, or most are in, and of how many it can be told."""
        detect, found = detector(), dict[int, str]()
        for place in np.flatnonzero([len(text) >= _LEAST_CHARS for text in self.texts])[:_MOST_DETECTED].tolist():
            answer = detect(self.texts[place].replace("\n", " "))
            if answer and answer[1] >= _LEAST_SCORE:
                found[place] = primary(answer[0])
        often = sorted(Counter(found.values()).items(), key=lambda of: (-of[1], of[0]))
        asked = primary(wanted) if wanted else often[0][0] if often else None
        return np.array([place for place, code in found.items() if code != asked], np.int64), len(found)

    def lines(self) -> Iterator[dict[str, Any]]:
        """The phrases that most texts share."""
        often = sorted(self.shared.items(), key=lambda of: (-of[1], of[0]))
        for phrase, count in often[:_SHOWN]:
            yield self.line(f"phrase: {' '.join(phrase)}", count, int(self.filled[:_COMPARED].sum()))

    def line(self, what: str, texts: int, of: int) -> dict[str, Any]:
        return rounded({"note": self.name, "what": what, "texts": texts, "of": of, "share": texts / of})


def _phrases(words: Sequence[str]) -> list[tuple[str, ...]]:
    return [tuple(words[at : at + _PHRASE]) for at in range(len(words) - _PHRASE + 1)]


def _covered(words: Sequence[str], shared: Mapping[tuple[str, ...], int]) -> float:
    """The share of the words that belong to shared phrases."""
    marks = np.zeros(len(words), bool)
    for at, phrase in enumerate(_phrases(words)):
        if phrase in shared:
            marks[at : at + _PHRASE] = True
    return float(marks.mean())


def _written(notes: pa.Table) -> tuple[str, ...]:
    """Names of notes beside which it stands who wrote them."""
    names = pc.unique(notes["name"]).to_pylist()
    return tuple(sorted(name for name in names if name != _TEXT and f"{name}{_BY}" in names))


def _sources(data: AuditData) -> Mapping[str, str]:
    rows = data.sampled("samples", ["source"])
    return dict(zip(rows["sample_id"].to_pylist(), rows["source"].to_pylist(), strict=True))


def _worst_first(faults: Sequence[_Fault]) -> tuple[str, ...]:
    counts = Counter(fault.texts.samples[place] for fault in faults for place in fault.places)
    return tuple(sorted(counts, key=lambda sample: (-counts[sample], sample)))


def _says(texts: Sequence[_Texts], faults: Sequence[_Fault]) -> str:
    worst = max(faults, key=lambda fault: (len(fault.places) / max(fault.of, 1), fault.what))
    told = ", ".join(f"{len(one.samples)} of {one.name}" for one in texts)
    many = f"{len(worst.places)} of {worst.of} ({percent(len(worst.places) / max(worst.of, 1))})"
    return f"of {told}, the most frequent fault is: {worst.texts.name}, {worst.what}, in {many}"
