"""How much of a dataset models wrote, where that lies, and whether it is as various as what people say."""

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
from affectory.quality.audits._chance import TIMES, Ints, permutation_test, wilson
from affectory.quality.audits._data import AuditData
from affectory.quality.audits._likeness import Likeness, distinct, openings, paired, repeating, split
from affectory.quality.audits._numbers import measure
from affectory.quality.audits._shares import percent, rounded, share
from affectory.quality.findings import Severity
from affectory.transforms.base import STRICT

NAME = "synthetic"
_ORIGIN, _SYNTHETIC = "origin", "synthetic"
_MOST_TEXTS, _FEWEST = 5000, 10
_SIZES = (1, 2, 3)
Marks = NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True)
class Synthetic:
    """Counts the samples that models wrote (the note `origin`, or all of some sources), by split, label and source, and
    compares their texts with those of people: how alike two of them are, how many nearly repeat another, how many
    begin alike. Where everything is synthetic, limits alone hold.
    """

    __pydantic_config__: ClassVar[ConfigDict] = STRICT

    sources: Annotated[
        tuple[Annotated[str, Field(min_length=1)], ...],
        Field(strict=False, description="sources that models made elsewhere, by name"),
    ] = ()
    evaluation: Annotated[
        tuple[Annotated[str, Field(min_length=1)], ...],
        Field(strict=False, description="splits that measure how models do with what people say"),
    ] = ("validation", "test")
    evaluated: Annotated[float, Field(ge=0, le=1, description="share of these splits that may be synthetic")] = 0.0
    apart: Annotated[float, Field(ge=0, le=1, description="from which on labels tell what is synthetic (V)")] = 0.3
    alike: Annotated[float, Field(ge=0, le=1, description="by how much more alike two texts may be")] = 0.1
    repeated: Annotated[float, Field(ge=0, le=1, description="share that may nearly repeat another")] = 0.05
    opening: Annotated[float, Field(ge=0, le=1, description="share that may begin with the same three words")] = 0.2
    times: Annotated[int, Field(ge=99, description="how often chance is tried")] = TIMES
    severity: Annotated[Severity, Field(description="what follows where it accuses")] = "warns"

    def audit(self, data: AuditData) -> Audited:
        world = _World(data, self.sources)
        if not world.made.any():
            return skipped(NAME, "no sample says that a model made it (note `origin`), and no source is named")
        parts = (*self._where(world), *self._how(world))
        measures = tuple(measure for measure, _ in parts)
        places = [place for measure, found in parts if measure.large for place in found]
        rows = tuple(dict.fromkeys(world.ids[place] for place in places))
        return Audited(NAME, _says(world, measures), measures, rows, len(rows), tuple(world.lines()))

    def _where(self, world: "_World") -> Iterator[tuple[Measure, Sequence[int]]]:
        hits, of = int(world.made.sum()), len(world.made)
        yield measure("written by models", hits / of, wilson(hits, of)), ()
        if world.made.all():
            return
        for name in self.evaluation:
            if (mine := world.split == name).any():
                found = np.flatnonzero(mine & world.made)
                yield share(f"{name}: written by models", len(found), int(mine.sum()), self.evaluated), found.tolist()
        known = world.label >= 0
        if len(np.unique(world.label[known])) > 1 and 0 < world.made[known].sum() < known.sum():
            made, label = world.made[known].astype(np.int64), world.label[known]
            value, _, p = permutation_test(lambda x: _association(x, label), made, None, NAME, times=self.times)
            yield measure("label tells what is synthetic (V)", value, None, p, value >= self.apart), ()

    def _how(self, world: "_World") -> Iterator[tuple[Measure, Sequence[int]]]:
        made, others = world.texts(True), world.texts(False)
        if len(made) < _FEWEST:
            return
        yield from self._alike(world, made, others)
        again = repeating([world.text[place] for place in made], [world.language[place] for place in made])
        what = "texts that nearly repeat another"
        yield share(what, len(again), paired(len(made)), self.repeated), made[again].tolist()
        opening, begin = openings([world.words[place] for place in made])
        yield share(f"texts that begin with {opening!r}", len(begin), len(made), self.opening), made[begin].tolist()
        most = min(sum(len(world.words[place]) for place in of) for of in (made, others) if len(of) >= _FEWEST)
        for size in _SIZES:
            for name, of in (("written by models", made), ("others", others)):
                if len(of) >= _FEWEST:
                    value = distinct([world.words[place] for place in of], size, most)
                    yield measure(f"distinct-{size}, {name}", value), ()

    def _alike(self, world: "_World", made: Ints, others: Ints) -> Iterator[tuple[Measure, Sequence[int]]]:
        several = len(others) >= _FEWEST
        places = np.concatenate([made, others]) if several else made
        likeness = Likeness.of([world.words[place] for place in places])
        mine = (np.arange(len(places)) < len(made)).astype(np.float64)
        value, between = likeness.among(mine), likeness.drawn(mine, NAME)
        what = "likeness of two texts written by models"
        if not several:
            yield measure(what, value, between, None, value > self.alike), ()
            return
        more, p = likeness.farther(mine, self.times, NAME)
        yield measure(f"{what} (others {value - more:.3f})", value, between, p, more > self.alike), ()


@dataclass(frozen=True)
class _World:
    """Samples in the order of their ids, which of them models made, and their splits, labels and texts."""

    data: AuditData
    sources: Sequence[str]

    @cached_property
    def rows(self) -> pa.Table:
        return self.data.sampled("samples", ["text", "source", "language"])

    @cached_property
    def ids(self) -> list[str]:
        return list(self.rows["sample_id"].to_pylist())

    @cached_property
    def text(self) -> list[str]:
        return [text or "" for text in self.rows["text"].to_pylist()]

    @cached_property
    def language(self) -> list[str | None]:
        return list(self.rows["language"].to_pylist())

    @cached_property
    def words(self) -> list[list[str]]:
        return split(self.text)

    @cached_property
    def made(self) -> Marks:
        notes = self.data.sampled("notes", ["name", "text"])
        told = notes.filter(pc.and_(pc.equal(notes["name"], _ORIGIN), pc.equal(notes["text"], _SYNTHETIC)))
        by_note = pc.is_in(self.rows["sample_id"], value_set=told["sample_id"].combine_chunks())
        by_source = pc.is_in(self.rows["source"], value_set=pa.array(self.sources, pa.string()))
        return np.asarray(pc.or_(by_note, by_source).to_numpy(zero_copy_only=False), bool)

    @cached_property
    def split(self) -> NDArray[Any]:
        return np.array([self.data.split_of.get(sample, "") for sample in self.ids], dtype=str)

    @cached_property
    def label(self) -> Ints:
        """The number of each sample's label, -1 where it has none."""
        rows = self.data.labelled()
        place = pc.index_in(self.rows["sample_id"], value_set=rows["sample_id"].combine_chunks())
        found = pc.fill_null(rows["label"].combine_chunks().take(place.combine_chunks()), -1)
        return np.asarray(found.to_numpy(zero_copy_only=False), np.int64)

    def texts(self, made: bool) -> Ints:
        """Places of samples with words that models made or did not, so many that they can be compared."""
        has = np.array([len(words) > 1 for words in self.words], bool)
        return np.flatnonzero(has & (self.made == made))[:_MOST_TEXTS].astype(np.int64)

    def lines(self) -> Iterator[Mapping[str, Any]]:
        """How much is synthetic of each split, label and source."""
        labels = np.array([*self.data.taxonomy.labels, ""], dtype=str)[self.label]
        kinds = {"split": self.split, "label": labels, "source": np.array(self.rows["source"].to_pylist(), dtype=str)}
        for kind, values in kinds.items():
            for value in np.unique(values[values != ""]).tolist():
                hits, of = int(self.made[values == value].sum()), int((values == value).sum())
                low, high = wilson(hits, of)
                line = {"by": kind, "value": value, "samples": of, "synthetic": hits}
                yield rounded({**line, "share": hits / of, "low": low, "high": high})


def _association(made: Ints, label: Ints) -> float:
    """Cramer's V of two marks: 0 where labels are the same in both parts, 1 where they tell the part."""
    labels = int(label.max()) + 1
    counts = np.bincount(made * labels + label, minlength=2 * labels).reshape(2, labels).astype(np.float64)
    counts = counts[:, counts.sum(axis=0) > 0]
    expected = counts.sum(axis=1, keepdims=True) * counts.sum(axis=0) / counts.sum()
    return float(np.sqrt(((counts - expected) ** 2 / expected).sum() / counts.sum()))


def _says(world: _World, measures: Sequence[Measure]) -> str:
    made, of = int(world.made.sum()), len(world.made)
    told = [f"{made} of {of} samples ({percent(made / of)}) were written by models"]
    told += [f"{m.what} {m.value:.2f}" for m in measures if m.large and (m.p is None or m.p <= 0.05)]
    return "; ".join(told)
