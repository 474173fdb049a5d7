"""Maps between taxonomies: what share of each label goes to which label of the other."""

from collections.abc import Mapping, Sequence
from functools import cache, cached_property
from typing import TYPE_CHECKING, Annotated, Any, Self

from pydantic import BeforeValidator, Field, PlainSerializer, WithJsonSchema, model_validator

from affectory.schemas.errors import UserError
from affectory.schemas.ids import digest
from affectory.schemas.taxonomy_files import build, data_files, read_data
from affectory.schemas.taxonomy_load import load_taxonomy
from affectory.schemas.taxonomy_model import Taxonomy
from affectory.schemas.taxonomy_parts import Data, did_you_mean

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

TOLERANCE = 1e-6
Share = Annotated[float, Field(strict=True, gt=0, le=1)]


def _shares(given: Any) -> Any:
    if isinstance(given, str):
        return ((given, 1.0),)
    if isinstance(given, list):
        return tuple((label, 1 / len(given)) for label in given)
    return tuple(given.items()) if isinstance(given, Mapping) else given


def _rows(given: Any) -> Any:
    return tuple((label, _shares(row)) for label, row in given.items()) if isinstance(given, Mapping) else given


Rows = Annotated[
    tuple[tuple[str, tuple[tuple[str, Share], ...]], ...],
    BeforeValidator(_rows),
    PlainSerializer(lambda rows: {label: dict(row) for label, row in rows}),
    WithJsonSchema({"type": "object"}),
]
"""Label -> a label, a list of labels in equal shares, or a mapping label -> share. Held as pairs, to be hashed."""


class TaxonomyMap(Data):
    """What becomes of each label of one taxonomy in another. Whatever is mapped keeps its whole weight.

    Made for weights that share a whole (a simplex). `unmapped` labels have no counterpart and their weight is dropped.
    """

    source: str
    target: str
    source_labels: tuple[str, ...]
    target_labels: tuple[str, ...]
    notes: str = ""
    entries: Rows
    unmapped: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _check(self) -> Self:
        mapped = [label for label, _ in self.entries]
        for label in [*mapped, *self.unmapped]:
            _known(label, self.source_labels, f"entry {label!r}", self.source)
        twice = {label for label in mapped if mapped.count(label) + self.unmapped.count(label) > 1}
        if twice or len(set(self.unmapped)) < len(self.unmapped):
            raise ValueError(f"given twice: {', '.join(sorted(twice)) or 'an unmapped label'}")
        if missing := [label for label in self.source_labels if label not in {*mapped, *self.unmapped}]:
            raise ValueError(f"neither mapped nor declared unmapped: {', '.join(missing)}")
        for label, row in self.entries:
            self._check_row(label, row)
        return self

    def _check_row(self, label: str, row: tuple[tuple[str, float], ...]) -> None:
        targets = [target for target, _ in row]
        for target in targets:
            _known(target, self.target_labels, f"entry {label!r}", self.target)
        if len(set(targets)) < len(targets):
            raise ValueError(f"entry {label!r}: a label is given twice")
        if abs(sum(share for _, share in row) - 1) > TOLERANCE:
            raise ValueError(f"entry {label!r}: its shares add up to {sum(share for _, share in row):g}, not to 1")

    @property
    def total(self) -> bool:
        """Whether every label has a counterpart."""
        return not self.unmapped

    @cached_property
    def hash(self) -> str:
        """Of everything that a result depends on."""
        return digest("map", self.source_labels, self.target_labels, sorted(self.entries), sorted(self.unmapped))

    @cached_property
    def _plan(self) -> tuple[tuple[int, int, float], ...]:
        rows, places = dict(self.entries), {label: i for i, label in enumerate(self.target_labels)}
        return tuple(
            (i, places[target], share)
            for i, label in enumerate(self.source_labels)
            for target, share in rows.get(label, ())
        )

    def apply(self, weights: Sequence[float]) -> list[float]:
        """Weights in the source's label order as weights in the target's."""
        if len(weights) != len(self.source_labels):
            raise ValueError(f"{len(weights)} weights for the {len(self.source_labels)} labels of {self.source}")
        result = [0.0] * len(self.target_labels)
        for source, target, share in self._plan:
            result[target] += weights[source] * share
        return result

    @cached_property
    def matrix(self) -> "NDArray[np.float64]":
        """The map as a read-only array, source x target: `weights @ map.matrix` maps many rows at once."""
        import numpy as np

        array = np.zeros((len(self.source_labels), len(self.target_labels)))
        for source, target, share in self._plan:
            array[source, target] = share
        array.setflags(write=False)
        return array

    def then(self, after: "TaxonomyMap") -> "TaxonomyMap":
        """This map followed by another. A label all of whose counterparts are unmapped is unmapped."""
        if self.target_labels != after.source_labels:
            raise ValueError(f"a map to {self.target} cannot be followed by one from {after.source}")
        return _composed(self, after)


def _composed(first: TaxonomyMap, after: TaxonomyMap) -> TaxonomyMap:
    further = dict(after.entries)
    entries: dict[str, dict[str, float]] = {}
    for label, row in first.entries:
        shares: dict[str, float] = {}
        for middle, share in row:
            for target, part in further.get(middle, ()):
                shares[target] = min(1.0, shares.get(target, 0.0) + share * part)
        if shares:
            entries[label] = shares
    return TaxonomyMap(
        source=first.source,
        target=after.target,
        source_labels=first.source_labels,
        target_labels=after.target_labels,
        notes=after.notes,
        entries=entries,
        unmapped=tuple(label for label in first.source_labels if label not in entries),
    )


def parse_map(
    given: Mapping[str, Any],
    source: Taxonomy | None = None,
    target: Taxonomy | None = None,
    where: str = "inline map",
) -> TaxonomyMap:
    """A map as written: source, target, entries, unmapped. Taxonomies that are not built in are to be given."""
    labels = {}
    for side, taxonomy in (("source", source), ("target", target)):
        if not isinstance(given.get(side), str):
            raise UserError(f"{where}: {side}: expected the name of a taxonomy")
        labels[f"{side}_labels"] = (taxonomy or load_taxonomy(given[side])).labels
    return build(TaxonomyMap, {**given, **labels}, where)


def roll_up(taxonomy: Taxonomy, tier: int) -> TaxonomyMap:
    """The map from the tier that is asked to one above it, as the tree has it."""
    if tier > taxonomy.tier:
        raise ValueError(f"{taxonomy.name} asks tier {taxonomy.tier}: it cannot be rolled up to tier {tier}")
    above = taxonomy.at(tier)
    return TaxonomyMap(
        source=taxonomy.name,
        target=above.name,
        source_labels=taxonomy.labels,
        target_labels=above.labels,
        entries={label: above.resolve(label) for label in taxonomy.labels},
    )


def map_names() -> tuple[tuple[str, str], ...]:
    """Source and target of the maps that have a file."""
    pairs = (stem.partition("--") for stem in data_files("taxonomy_maps"))
    return tuple((source, target) for source, _, target in pairs)


@cache
def load_map(source: str, target: str) -> TaxonomyMap:
    """A built-in map. From a deeper tier it rolls up to the first tier that has a map, or to the target itself."""
    deep = load_taxonomy(source)
    load_taxonomy(target)
    for tier in range(deep.tier, 0, -1):
        name = deep.at(tier).name
        if name == target:
            return roll_up(deep, tier)
        if (name, target) in map_names():
            given, where = read_data("taxonomy_maps", f"{name}--{target}")
            found = parse_map(given, where=where)
            return found if tier == deep.tier else roll_up(deep, tier).then(found)
    hint = f"there are maps {', '.join(f'{a} -> {b}' for a, b in map_names())}"
    raise UserError(f"there is no map from {source} to {target}", hint)


def _known(label: str, labels: Sequence[str], where: str, taxonomy: str) -> None:
    if label not in labels:
        raise ValueError(f"{where}: {taxonomy} has no label {label!r}{did_you_mean(label, labels)}")
