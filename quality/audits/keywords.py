"""How far labels are given away by words: by those that name emotions, and by whichever words there are."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Any, ClassVar

import numpy as np
import pyarrow.compute as pc
from numpy.typing import NDArray
from pydantic import ConfigDict, Field

from affectory.quality.audits import _contextual
from affectory.quality.audits._audited import Audited, Measure, skipped
from affectory.quality.audits._chance import Floats, Ints
from affectory.quality.audits._data import AuditData
from affectory.quality.audits._exchanging import of_labels
from affectory.quality.audits._looked import MOST, Looked, Most, Times, Within, interval
from affectory.quality.audits._numbers import how_often, measure, share
from affectory.quality.audits._predicting import Foretold
from affectory.quality.audits._words import Bag
from affectory.quality.findings import SHOWN, Severity
from affectory.schemas.taxonomy import Taxonomy
from affectory.transforms.base import STRICT
from affectory.transforms.checks._naming import Naming

Share = Annotated[float, Field(ge=0, le=1)]
_TOLD = "of what there is to know of a label, told by"
_DRAWS = 2
"""So often labels are exchanged and foretold anew, to tell how good that is by chance."""
_SHOWN_FROM = 0.001
"""Of what there is to know: where words tell nothing, none of them tells most."""


@dataclass(frozen=True, kw_only=True)
class Keywords:
    """Texts that name their own label, labels foretold from words alone, and both where labels are exchanged."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT

    severity: Annotated[Severity, Field(description="what follows where words tell too much")] = "warns"
    words: Annotated[tuple[str, ...], Field(strict=False, description="further words that name an emotion")] = ()
    named: Annotated[Share, Field(description="share of texts, above chance, that may name their own label")] = 0.05
    told: Annotated[Share, Field(description="share of what there is to know of labels that words may tell")] = 0.1
    contextual: Annotated[
        int, Field(ge=0, description="so many texts the bundled classifier judges, beside sentences full of keywords")
    ] = 0
    within: Within = "speaker"
    most: Most = MOST
    times: Times = 999

    def audit(self, data: AuditData) -> Audited:
        """Look; a label counts as exchangeable with others of the same speaker."""
        looked = Looked.of(data, ["text", "language"], self.within, self.most).where(lambda s: pc.is_valid(s["text"]))
        if looked.too_little:
            return skipped("keywords", f"of those with a text {looked.too_little}")
        return _Found.of(self, data.taxonomy, looked).audited()


@dataclass(frozen=True)
class _Found:
    """What words give away, with the same where labels are exchanged."""

    asked: Keywords
    taxonomy: Taxonomy
    looked: Looked
    names: NDArray[np.bool_]
    """Texts x labels: which labels a text names."""
    bag: Bag
    foretold: Foretold
    by_chance: Floats
    """Accuracies where labels are exchanged."""
    named_by_chance: Floats
    bound_by_chance: Floats

    @staticmethod
    def of(asked: Keywords, taxonomy: Taxonomy, looked: Looked) -> "_Found":
        texts, classes = looked.samples["text"].to_pylist(), len(looked.labels)
        names, bag = _naming(taxonomy, asked.words, looked), Bag.of(texts)
        rows, own = np.arange(len(looked)), Foretold.by_words(bag, looked)
        named, bound, accuracies = [], [], list[float]()
        for whose in of_labels(looked.label, looked.cluster, looked.source).drawn(asked.times, "keywords"):
            labels = looked.label[whose]
            named.append(names[rows, labels].mean(axis=1))
            bound.append(bag.bound(labels, classes))
            lines = labels[: max(0, _DRAWS - len(accuracies))]
            accuracies += [Foretold.by_words(bag, replace(looked, label=line), [own.shrink]).accuracy for line in lines]
        nulls = (np.array(accuracies), np.concatenate(named), np.concatenate(bound))
        return _Found(asked, taxonomy, looked, names, bag, own, *nulls)

    def audited(self) -> Audited:
        given = np.flatnonzero(self.own)
        order = given[np.lexsort([given, -self.foretold.of_own[given].round(6)])]
        rows = tuple(self.looked.ids[at] for at in order[:SHOWN].tolist())
        measures = (self._named(), self._bound(), *self._further(), *self._contextual())
        return Audited("keywords", self._says(measures), measures, rows, len(given), self._table())

    @property
    def own(self) -> NDArray[np.bool_]:
        """Which texts name their own label."""
        found: NDArray[np.bool_] = self.names[np.arange(len(self.looked)), self.looked.label]
        return found

    def _named(self) -> Measure:
        own = self.own.astype(np.float64)
        value, large = float(own.mean()), own.mean() - self.named_by_chance.mean() > self.asked.named
        between = interval(own, np.ones_like(own), self.looked.cluster, "named")
        return measure("texts that name their own label", value, between, how_often(value, self.named_by_chance), large)

    def _bound(self) -> Measure:
        bound = float(self.bag.bound(self.looked.label[None], len(self.looked.labels))[0])
        gain, p = self.foretold.gain, how_often(bound, self.bound_by_chance)
        return measure(f"{_TOLD} words", gain, self.foretold.gain_interval("words"), p, gain > self.asked.told)

    def _further(self) -> Iterator[Measure]:
        """Numbers that say more about those that accuse."""
        hits, some = self.foretold.hits, self.names.any(axis=1)
        yield share("labels foretold rightly by words", hits.sum(), len(self.looked))
        yield measure("the same where labels are exchanged", float(self.by_chance.mean()))
        yield measure("the same by the most frequent label alone", self.foretold.base)
        yield measure("mean over labels of those foretold rightly", self.foretold.balanced)
        yield measure("texts that name their own label where labels are exchanged", float(self.named_by_chance.mean()))
        yield share("texts that name any label", some.sum(), len(self.looked))
        lexicon = Foretold.by_codes(_lexicon_codes(self.names), self.looked)
        yield measure(f"{_TOLD} named emotions", lexicon.gain, lexicon.gain_interval("lexicon"))

    def _contextual(self) -> Sequence[Measure]:
        if not self.asked.contextual:
            return ()
        texts = self.looked.samples["text"].to_pylist()[: self.asked.contextual]
        languages = self.looked.samples["language"].to_pylist()
        return _contextual.measures(self.taxonomy, texts, languages, self.looked.label)

    def _table(self) -> tuple[dict[str, Any], ...]:
        """The words that tell most, each with the label it speaks for."""
        labels, classes = self.looked.label, len(self.looked.labels)
        lift = self.bag.lift(labels, classes)
        best, beside = lift.argmax(axis=1), self.bag.beside(labels, classes)
        order = np.lexsort([np.arange(len(best)), -lift.max(axis=1, initial=0).round(6)])[:SHOWN]
        return tuple(
            {
                "word": self.bag.words[at],
                "label": self.looked.labels[best[at]],
                "texts": int(self.bag.counts[at]),
                "with the label": int(beside[at, best[at]]),
                "of all texts with the label": round(float(self.looked.counts[best[at]] / len(labels)), 4),
            }
            for at in order.tolist()
        )

    def _says(self, measures: Sequence[Measure]) -> str:
        named, bound, right, chance = measures[:4]
        told = max(0.0, bound.value)
        words = ", ".join(str(line["word"]) for line in self._table()[:5]) if told >= _SHOWN_FROM else ""
        return (
            f"{named.value:.1%} of {len(self.looked)} texts name their own label "
            f"({float(self.named_by_chance.mean()):.1%} by chance); words alone foretell {right.value:.1%} of the "
            f"labels ({chance.value:.1%} by chance) and tell {told:.1%} of what there is to know of them"
            f"{f'; those that tell most: {words}' if words else ''}"
        )


def _naming(taxonomy: Taxonomy, more: Sequence[str], looked: Looked) -> NDArray[np.bool_]:
    """Which labels each text names, also where it denies them."""
    naming, places = Naming(taxonomy, more), {label: at for at, label in enumerate(taxonomy.labels)}
    found = np.zeros((len(looked), len(taxonomy.labels) + 1), bool)
    texts = zip(looked.samples["text"].to_pylist(), looked.samples["language"].to_pylist(), strict=True)
    for row, (text, language) in enumerate(texts):
        for hit in naming.find(text, language):
            found[row, places.get(hit.meaning, -1)] = True
    return found


def _lexicon_codes(names: NDArray[np.bool_]) -> Ints:
    """The first label that a text names, 0 where it names none."""
    return np.where(names.any(axis=1), 1 + names.argmax(axis=1), 0)
