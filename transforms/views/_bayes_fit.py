"""The fit of the calibrated Bayesian view: what it found, as numbers by name, and back."""

from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from affectory.schemas.taxonomy import Taxonomy
from affectory.transforms.views import _models
from affectory.transforms.views._attention import attention
from affectory.transforms.views._base import FIT
from affectory.transforms.views._bayes_choice import Told, losses
from affectory.transforms.views._bayes_model import Learned, learn
from affectory.transforms.views._bayes_near import blocks
from affectory.transforms.views._bayes_votes import Form, widened
from affectory.transforms.views._calibration import Calibration
from affectory.transforms.views._grouping import Floats, Ints, coded
from affectory.transforms.views._judged import JUDGED
from affectory.transforms.views._mixture import Mixture, sums

_MOST_CONTEXTS, _MOST_COLUMNS = 4, 240
ASIDE = 0.8
"""A rater who attends less often than this is weighed by how often; others are not weighed."""
FEW = 10
"""Samples with votes of two people: with fewer all samples are taken to be of one kind."""
_SHARES, _TRIED = (1.0, 0.5, 0.25, 0.0), 4_000


@dataclass(frozen=True)
class Known:
    """`worth` is what part of the strength of a calibrated model helps to foretell what people say; `shared` is how
    many items have two people's votes, from which alone it shows how far people differ; None where nobody voted."""

    learned: Learned
    contexts: tuple[str, ...]
    raters: pa.StringArray
    attention: dict[str, float]
    models: dict[str, Calibration]
    worth: float
    shared: int | None = None

    @property
    def alone(self) -> bool:
        """Whether how far people differ was never seen."""
        return self.shared == 0

    @property
    def poor(self) -> bool:
        """Whether too little was seen to tell kinds of samples apart."""
        return self.shared is not None and 0 < self.shared < FEW

    def rows(self) -> pa.Table:
        """A table `FIT`."""
        table = self.learned.mixture.rows()
        named = dict(zip(table.column("name").to_pylist(), table.column("values").to_pylist(), strict=True))
        named |= {f"context {n} {name}": [] for n, name in enumerate(self.contexts)} | {"worth": [self.worth]}
        named |= {} if self.shared is None else {"shared": [float(self.shared)]}
        known = np.flatnonzero(self.learned.leanings.any(axis=1))
        named |= {f"rater {self.raters[n].as_py()}": self.learned.leanings[n].tolist() for n in known.tolist()}
        named |= {f"attention {name}": [value] for name, value in self.attention.items()}
        for key, model in self.models.items():
            named |= model.to_rows(f"model {key}")
        return pa.table({"name": sorted(named), "values": [named[name] for name in sorted(named)]}, FIT)

    @staticmethod
    def of(fit: pa.Table) -> "Known":
        named = dict(zip(fit.column("name").to_pylist(), fit.column("values").to_pylist(), strict=True))

        def after(prefix: str) -> dict[str, list[float]]:
            return {name.removeprefix(prefix): named[name] for name in sorted(named) if name.startswith(prefix)}

        mixture, leanings, models = Mixture.of(fit), after("rater "), after("model ")
        rows = np.array(list(leanings.values())).reshape(len(leanings), len(mixture.question))
        keys = [name.removesuffix("/about") for name in models if name.endswith("/about")]
        return Known(
            Learned(mixture, rows),
            tuple(name.partition(" ")[2] for name in after("context ")),
            pa.array(list(leanings), pa.string()),
            {name: value[0] for name, value in after("attention ").items()},
            {key: Calibration.from_rows(models, key) for key in keys},
            named["worth"][0],
            int(named["shared"][0]) if "shared" in named else None,
        )

    def weights(self, raters: pa.Array) -> Floats:
        """How much of a vote the vote of each rater is: less than one only on evidence of inattention."""
        names = pa.array(list(self.attention), pa.string())
        place = pc.fill_null(pc.index_in(raters, value_set=names), len(names)).to_numpy().astype(np.int64)
        found: Floats = np.asarray([*self.attention.values(), 1.0])[place]
        return found

    def number(self, raters: pa.Array) -> Ints:
        """Of each rater the row of their leanings, -1 where none is known."""
        found = pc.index_in(raters, value_set=self.raters, skip_nulls=True)
        return np.asarray(pc.fill_null(found, -1).to_numpy(), np.int64)


def fitted(evidence: pa.Table, form: Form, taxonomy: Taxonomy) -> pa.Table:
    """What is found of the evidence of the whole dataset, in the order of its ids."""
    people = evidence.filter(pc.is_null(evidence.column("model")))
    contexts = _contexts(people.column("context"), len(taxonomy.labels) * max(form.sizes))
    people = people.filter(pc.is_in(people.column("context"), value_set=pa.array(contexts, pa.string())))
    inattentive = _inattentive(people, taxonomy)
    raters = pc.unique(pc.drop_null(people.column("known"))).sort()
    known = Known(_nothing(form, contexts), contexts, raters, inattentive, {}, 0.0)
    told, items = told_of(people, known, form)
    sizes, near = form.sizes * len(contexts), blocks(form.near(taxonomy), len(contexts))
    learned = learn(told, sizes, len(raters), near)
    known = Known(learned, contexts, raters, inattentive, {}, 0.0, _shared(told, sizes))
    if form.space != "simplex":
        return known.rows()
    known = replace(known, models=dict(_models.calibrations(_models.fitted(evidence, len(taxonomy.labels)))))
    return replace(known, worth=_worth(evidence, known, told, items, form)).rows()


def _shared(told: Told, sizes: tuple[int, ...]) -> int | None:
    """How many items have two votes on one question, where there are votes; one that sums up people is several."""
    voted = sums(told.said, sizes)
    votes = Told(told.items, told.item, told.rater, (voted > 0).astype(np.float64)).counts()
    several = Told(told.items, told.item, told.rater, (voted >= 2).astype(np.float64)).counts()
    return int(((votes >= 2) | (several > 0)).any(axis=1).sum()) if told.items else None


def _nothing(form: Form, contexts: tuple[str, ...]) -> Learned:
    sizes = form.sizes * len(contexts)
    mixture = Mixture(sizes, np.ones((len(sizes), 1)), np.ones((1, sum(sizes))))
    return Learned(mixture, np.zeros((0, sum(sizes))))


def _contexts(column: pa.ChunkedArray, wide: int) -> tuple[str, ...]:
    """Those with most opinions, as many as can be seen together; one where there is none."""
    counted = pc.value_counts(column).to_pylist()
    order = sorted(counted, key=lambda one: (-one["counts"], one["values"]))
    most = max(1, min(_MOST_CONTEXTS, _MOST_COLUMNS // max(wide, 1)))
    return tuple(one["values"] for one in order[:most]) or ("",)


def _inattentive(people: pa.Table, taxonomy: Taxonomy) -> dict[str, float]:
    found = attention(people.select(JUDGED.names).cast(JUDGED), taxonomy)
    low = found.filter(pc.less(found.column("attention"), ASIDE))
    return dict(zip(low.column("rater").to_pylist(), low.column("attention").to_pylist(), strict=True))


def told_of(people: pa.Table, known: Known, form: Form) -> tuple[Told, pa.StringArray]:
    """People's votes, each weighed and in its context, and the items that they are about."""
    items, item = coded(people.column("item").combine_chunks())
    raters = people.column("known").combine_chunks()
    place = pc.index_in(people.column("context"), value_set=pa.array(known.contexts, pa.string()))
    said = matrix(people.column("said"), sum(form.sizes))
    said *= (known.weights(raters) * people.column("people").to_numpy())[:, None]
    wide = widened(said, pc.fill_null(place, 0).to_numpy().astype(np.int64), len(known.contexts))
    return Told(len(items), item, known.number(raters), wide), items


def matrix(lists: pa.ChunkedArray, width: int) -> Floats:
    flat = pc.list_flatten(lists).to_numpy(zero_copy_only=False)
    return np.array(flat, np.float64).reshape(-1, width)


def calibrated(keys: pa.StringArray, said: Floats, known: Known) -> Floats:
    """What models say as votes of people, as many as each is worth: none where it was never compared with people."""
    names, number = coded(keys)
    found = np.zeros_like(said)
    for place, name in enumerate(names.to_pylist()):
        model = known.models.get(name)
        if model and model.samples:
            rows = number == place
            found[rows] = model.strength * np.nan_to_num(model.apply(said[rows]))
    return found


def pseudo(told: Told, found: Floats, item: Ints) -> Told:
    """What models say of these items (-1: of none of them) beside people: of several their mean, as they are alike."""
    found, item = found[item >= 0], item[item >= 0]
    times = np.bincount(item, minlength=told.items)[item] if len(item) else np.ones(0)
    return Told(told.items, item, np.full(len(item), -1), found / times[:, None])


def _worth(evidence: pa.Table, known: Known, told: Told, items: pa.Array, form: Form) -> float:
    """The part of models' strength at which they foretell best what a person said from what the others did."""
    rows = evidence.filter(pc.is_valid(evidence.column("model")))
    place = pc.index_in(rows.column("context"), value_set=pa.array(known.contexts, pa.string()))
    rows, place = rows.filter(pc.is_valid(place)), pc.drop_null(place)
    said = calibrated(model_keys(rows), matrix(rows.column("votes"), sum(form.sizes)), known)
    item = pc.fill_null(pc.index_in(rows.column("item"), value_set=items), -1).to_numpy().astype(np.int64)
    models = pseudo(told, widened(said, place.to_numpy().astype(np.int64), len(known.contexts)), item).counts()
    tried = np.flatnonzero(models.sum(axis=1)[told.item] > 0)[:_TRIED]
    if not len(tried):
        return 0.0
    rest = told.counts()[told.item[tried]] - told.said[tried]
    more, mixture = models[told.item[tried]], known.learned.mixture
    lost = [losses(mixture, rest + part * more, told.said[tried]).mean() for part in _SHARES]
    return _SHARES[int(np.argmin(lost))]


def model_keys(rows: pa.Table) -> pa.StringArray:
    """What calibrations are called."""
    parts = (rows.column(name) for name in ("side", "model"))
    return pa.chunked_array(pc.binary_join_element_wise(*parts, "/")).combine_chunks()
