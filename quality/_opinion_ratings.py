"""The ratings that opinions hold: one question for each label, dimension, choice, ranking, trace or kind of mark."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from affectory.quality import ratings
from affectory.quality._scales import Scale, of_lists, of_numbers
from affectory.schemas.taxonomy import Taxonomy
from affectory.transforms.views import _answers
from affectory.transforms.views._evidence import WHOLE, Pointed, groups_that_pointed, pointed_by_group
from affectory.transforms.views._grouping import Floats, grouped

_NO_YES = ("no", "yes")
_FEW = 11
_Row = tuple[str, str, str, str, float | None]
"""Item, sample, rater, kind of rater, chance of being asked."""


def questions_of(opinions: pa.Table, taxonomy: Taxonomy, clusters: Mapping[str, str]) -> Iterator[ratings.Question]:
    """The questions of opinions, those of each perspective and of what was seen apart. Of groups of people, whose
    opinions are summed up, there is no agreement to tell, and none of adjudicators, who know what others said."""
    groups = grouped(opinions)
    keys = groups.keys.take(pa.array(groups.group))
    about = pc.binary_join_element_wise(keys["perspective"], keys["whose"], keys["modalities"], "\x1f").to_pylist()
    apart = pc.and_(pc.not_equal(keys["pool"], "group"), pc.not_equal(groups.opinions["rater_kind"], "adjudicator"))
    single = apart.to_numpy()
    for name in sorted(set(about)):
        mine = pa.array(np.array([a == name for a in about], bool) & single)
        part = _Part(groups.opinions.filter(mine), taxonomy, clusters, ", ".join(filter(None, name.split("\x1f"))))
        if part.opinions.num_rows:
            yield from part.questions()


@dataclass(frozen=True)
class _Part:
    """Opinions that may be compared."""

    opinions: pa.Table
    taxonomy: Taxonomy
    clusters: Mapping[str, str]
    about: str

    def questions(self) -> Iterator[ratings.Question]:
        yield from self._labels()
        yield from self._choices()
        places = _answers.places_in_vad(self.opinions)
        for dimension, column in zip(_answers.DIMENSIONS, places.T, strict=True):
            yield from self._numbers(dimension, column, "interval")
        yield from self._lists("ranking", _answer(self.opinions, "ranking"), "ranking")
        words = _answer(self.opinions, "words")
        yield from self._lists("words", [w and sorted({x.casefold() for x in w if x}) for w in words], "multi-label")
        yield from self._preferences()
        yield from self._traces()
        yield from self._marks()

    def _labels(self) -> Iterator[ratings.Question]:
        """Of each label how strong it is, or whether it is there where nobody asked how strong."""
        strong = pc.is_valid(pc.struct_field(self.opinions["answer"].combine_chunks(), "intensities"))
        graded = strong.to_numpy(zero_copy_only=False)[:, None]
        picked = np.where(graded, np.nan, self._picked())
        given = np.where(graded, _answers.intensities(self.opinions, self.taxonomy), np.nan)
        for place, label in enumerate(self.taxonomy.labels):
            yield from self._numbers(label, picked[:, place], "nominal", _NO_YES)
            yield from self._numbers(f"{label}, how strong", given[:, place], _steps(given))

    def _picked(self) -> Floats:
        """A model that divides one choice gives every label some of it: it picks where most of it goes."""
        picks, votes = (read(self.opinions, self.taxonomy) for read in (_answers.picks, _answers.votes))
        models = np.array(
            [ratings.pool_of(kind) == ratings.MODELS for kind in self.opinions["rater_kind"].to_pylist()], bool
        )
        one = pc.equal(pc.struct_field(self.opinions["asked"].combine_chunks(), "response"), "simplex")
        divided = models & pc.fill_null(one, False).to_numpy(zero_copy_only=False)
        most = np.nan_to_num(votes, nan=-1.0).max(axis=1, initial=0.0)[:, None]
        told: Floats = np.where(divided[:, None] & ~np.isnan(picks), votes == most, picks)
        return told

    def _choices(self) -> Iterator[ratings.Question]:
        """The one emotion, or the set of them, that was chosen."""
        response = pc.struct_field(self.opinions["asked"].combine_chunks(), "response").to_pylist()
        one, several = (np.array([r == wanted for r in response], bool) for wanted in ("simplex", "multi-label"))
        first = _only(_answers.votes(self.opinions, self.taxonomy))
        yield from self._numbers(
            "emotion", np.where(one & (first >= 0), first, np.nan), "nominal", self.taxonomy.labels
        )
        picks = _answers.picks(self.opinions, self.taxonomy)
        asked = several & ~np.isnan(picks).all(axis=1)
        sets = [self._named(row) if this else None for row, this in zip(picks, asked, strict=True)]
        yield from self._lists("emotions", sets, "multi-label")

    def _named(self, picks: Floats) -> list[str]:
        return [label for label, pick in zip(self.taxonomy.labels, picks, strict=True) if pick > 0]

    def _preferences(self) -> Iterator[ratings.Question]:
        """Which of two or more was liked best."""
        liked = _answer(self.opinions, "preference")
        names = tuple(sorted({name for name in liked if name is not None}))
        column = np.array([np.nan if name is None else names.index(name) for name in liked], np.float64)
        yield from self._numbers("preference", column, "nominal", names)

    def _traces(self) -> Iterator[ratings.Question]:
        """By question: a trace of valence says nothing about one of arousal."""
        traces = _answer(self.opinions, "trace")
        if all(trace is None for trace in traces):
            return
        asked = [_of_what(a) for a in self.opinions["asked"].to_pylist()]
        for name in sorted({a for a, trace in zip(asked, traces, strict=True) if trace is not None}):
            mine = [trace if a == name else None for a, trace in zip(asked, traces, strict=True)]
            timed = [t and [p for p in t if p["at_us"] is not None] for t in mine]
            yield from self._lists(f"trace: {name}" if name else "trace", timed, "trace")

    def _marks(self) -> Iterator[ratings.Question]:
        """Stretches that raters pointed at, by what they are called, in the record that is judged or in another. Who
        was asked the same about a sample, and pointed at nothing, marked nothing there."""
        found: dict[str, list[_Marks]] = {}
        groups = groups_that_pointed(grouped(self.opinions))
        rater, kind = (groups.opinions[name].to_pylist() for name in ("rater", "rater_kind"))
        samples = groups.keys["sample_id"].to_pylist()
        for sample, (rows, spans) in zip(samples, pointed_by_group(groups), strict=True):
            who = dict(sorted((rater[row], kind[row]) for row in rows.tolist()))
            for target in sorted({span.target for span in spans if span.measure != WHOLE}):
                marks = _Marks(sample, target[0], who, [span for span in spans if span.target == target])
                found.setdefault(f"{target[1] or 'marks'} in {target[2]}", []).append(marks)
        for name, marked in sorted(found.items()):
            said = [marks.of(person) for marks in marked for person in marks.raters]
            yield self._made(name, of_lists(said, "spans"), [row for marks in marked for row in marks.rows()])

    def _numbers(self, name: str, column: Floats, level: str, levels: Any = ()) -> Iterator[ratings.Question]:
        if not np.isnan(column).all():
            yield self._question(name, of_numbers([None if v != v else v for v in column.tolist()], level, levels))

    def _lists(self, name: str, values: list[Any], level: str) -> Iterator[ratings.Question]:
        if any(v is not None for v in values):
            yield self._question(name, of_lists(values, level))

    def _question(self, name: str, scale: Scale) -> ratings.Question:
        items, roles = self._shared
        return replace(ratings.question(name, scale, items, roles), about=self.about)

    @cached_property
    def _shared(self) -> tuple[list[str], dict[str, list[Any]]]:
        """Items and roles of the opinions, which are those of all questions but marks."""
        chances = pc.struct_field(self.opinions["shown"].combine_chunks(), "probability").to_pylist()
        columns = (self.opinions[name].to_pylist() for name in ("sample_id", "sample_id", "rater", "rater_kind"))
        return self._roles(list(zip(*columns, chances, strict=True)))

    def _roles(self, rows: list[_Row]) -> tuple[list[str], dict[str, list[Any]]]:
        roles: dict[str, list[Any]] = {
            "rater": [rater for _, _, rater, _, _ in rows],
            "cluster": [self.clusters.get(sample) for _, sample, _, _, _ in rows],
            "pool": [ratings.pool_of(kind) for _, _, _, kind, _ in rows],
            "chance": [chance for _, _, _, _, chance in rows],
        }
        return [item for item, *_ in rows], roles

    def _made(self, name: str, scale: Scale, rows: list[_Row]) -> ratings.Question:
        items, roles = self._roles(rows)
        return replace(ratings.question(name, scale, items, roles), about=self.about)


class _Marks(NamedTuple):
    """What the raters of a sample marked in one record."""

    sample: str
    record: str
    raters: Mapping[str, str]
    """With the kind of each."""
    spans: list[Pointed]

    def of(self, rater: str) -> list[dict[str, float]]:
        return [{"start": float(s.start), "end": float(s.end)} for s in self.spans if s.rater == rater]

    def rows(self) -> Iterator[_Row]:
        item = f"{self.sample} in {self.record}" if self.record else self.sample
        for rater, kind in self.raters.items():
            yield item, self.sample, rater, kind, None


def _answer(opinions: pa.Table, field: str) -> list[Any]:
    found: list[Any] = pc.struct_field(opinions["answer"].combine_chunks(), field).to_pylist()
    return found


def _of_what(asked: Mapping[str, Any]) -> str:
    """The one label that was asked about, else the question."""
    labels: list[str | None] = asked["labels"] or []
    return (labels[0] if len(labels) == 1 else asked["question"]) or ""


def _only(votes: Floats) -> Floats:
    """The label with most of a vote; -1 where several have as much, or nobody voted."""
    most = np.nan_to_num(votes, nan=-1.0).max(axis=1, initial=0.0)
    top = np.asarray(votes == most[:, None])
    place: Floats = np.where((top.sum(axis=1) == 1) & (most > 0), top.argmax(axis=1), -1.0)
    return place


def _steps(given: Floats) -> str:
    """Few whole numbers are steps, for all labels alike."""
    values = np.unique(given[~np.isnan(given)])
    return "ordinal" if len(values) <= _FEW and (values == np.floor(values)).all() else "interval"
