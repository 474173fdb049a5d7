"""Who says otherwise: what writers felt against what readers see, and what people say against each model.

The two sides stay two views. Nothing here counts opinions of two perspectives together.
"""

from collections.abc import Iterator, Sequence
from itertools import product

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from affectory.quality._clustered import Figure, cluster_names, correlation, mean
from affectory.quality._comparing import MEASURES, Comparison, numbers_of, parts_by, side_by_side
from affectory.quality._label_sets import LabelSet, aligned, label_sets
from affectory.quality.distances import Floats
from affectory.schemas.taxonomy import Taxonomy
from affectory.transforms.views._base import View
from affectory.transforms.views._grouping import PEOPLE
from affectory.transforms.views.vote_share import VoteShare

WRITERS = ("felt", "expressed", "intended")
READERS = ("perceived", "elicited")
_SAME_SAMPLE = ("sample_id", "whose", "pool")
_SAME_QUESTION = ("sample_id", "perspective", "whose")


def perspective_gap(
    labels: pa.Table,
    clusters: pa.Table | None = None,
    taxonomy: Taxonomy | None = None,
    had: float = 0.5,
    seen: float = 0.5,
) -> Comparison:
    """A row for each sample and pair of perspectives: the writer's (felt, expressed, intended) and the readers'
    (perceived, elicited), as one rule gives them.

    `hidden` names the emotions of which the writer has at least `had` and the readers see less than `seen`. `change`
    is what readers have more of than the writer, name by name. `clusters` (sample_id, cluster) says which samples come
    from one speaker or source, for the intervals; `taxonomy` is the recipe's own where it has one.
    """
    parts = [part for one in label_sets(labels, taxonomy) for part in _perspectives(one, had, seen)]
    rows = _together(parts, [*_SAME_SAMPLE, "writer", "reader"])
    figures: dict[str, Figure] = {}
    for kind, part in parts_by(rows, ("writer", "reader", "pool", "taxonomy", "rule")):
        groups = cluster_names(part.column("sample_id").combine_chunks(), clusters)
        found = [*_measured(part, groups), *_by_name(part, groups)]
        figures |= {f"{kind}: {name}": figure for name, figure in found}
    return Comparison(rows, figures, _left_out(labels, rows))


def hidden(gap: Comparison, emotion: str) -> pa.Table:
    """The rows of a gap of perspectives in which an emotion that the writer had is not seen: hidden anger."""
    if not gap.rows.num_rows:
        return gap.rows
    listed = gap.rows.column("hidden").to_pylist()
    return gap.rows.filter(pa.array([emotion in names for names in listed], pa.bool_()))


def model_gap(
    opinions: pa.Table, taxonomy: Taxonomy, view: View | None = None, clusters: pa.Table | None = None
) -> Comparison:
    """A row for each sample and model: how far its label lies from that of people, both made by the same view
    (`vote_share`), of the same perspective and about the same person's feeling.

    People who saw and heard what the model did are preferred; where there are none, those who had most.
    """
    view = view or VoteShare()
    single = pc.is_null(opinions.column("people"))
    person = pc.is_in(opinions.column("rater_kind"), value_set=pa.array(PEOPLE))
    people = list(label_sets(view.view(opinions.filter(pc.and_(single, person)), taxonomy), taxonomy))
    others = opinions.filter(pc.and_(single, pc.invert(person)))
    parts = []
    for model in pc.unique(others.column("rater")).sort().to_pylist():
        labels = view.view(others.filter(pc.equal(others.column("rater"), model)), taxonomy)
        pairs = [pair for one in label_sets(labels, taxonomy) for pair in _against(people, one)]
        parts += [_said(side_by_side(*pair, ("human", "model"), _SAME_QUESTION), model=model) for pair in pairs]
    rows = _together(parts, [*_SAME_QUESTION, "model"])
    figures: dict[str, Figure] = {}
    for kind, part in parts_by(rows, ("model", "perspective", "whose", "taxonomy", "rule")):
        groups = cluster_names(part.column("sample_id").combine_chunks(), clusters)
        figures |= {f"{kind}: {name}": figure for name, figure in _measured(part, groups)}
    return Comparison(rows, figures, _left_out(opinions, rows))


def _perspectives(one: LabelSet, had: float, seen: float) -> Iterator[pa.Table]:
    for writer, reader in product(WRITERS, READERS):
        ours, theirs = (one.where("perspective", side).fullest("whose", "pool") for side in (writer, reader))
        left, right = aligned(ours.keys(*_SAME_SAMPLE), theirs.keys(*_SAME_SAMPLE))
        if len(left):
            ours, theirs = ours.take(left), theirs.take(right)
            rows = _said(side_by_side(ours, theirs, ("writer", "reader"), _SAME_SAMPLE), writer=writer, reader=reader)
            unseen = (ours.values >= had) & (theirs.values < seen) & (one.space in ("simplex", "multi-label"))
            named = [[one.names[place] for place in np.flatnonzero(row)] for row in unseen]
            yield rows.append_column("hidden", pa.array(named, pa.list_(pa.string())))


def _against(people: Sequence[LabelSet], model: LabelSet) -> Iterator[tuple[LabelSet, LabelSet]]:
    """The labels of people beside those of a model: of people who had the same before them, then of the others."""
    for one in people:
        if (one.taxonomy, one.rule, one.space, one.names) == (model.taxonomy, model.rule, model.space, model.names):
            same = (*_SAME_QUESTION, "modalities")
            left, right = aligned(model.keys(*same), one.keys(*same))
            rest = model.take(np.setdiff1d(np.arange(model.rows.num_rows), left))
            fullest = one.fullest("perspective", "whose")
            few, most = aligned(rest.keys(*_SAME_QUESTION), fullest.keys(*_SAME_QUESTION))
            yield one.take(right), model.take(left)
            yield fullest.take(most), rest.take(few)


def _said(rows: pa.Table, **same: str) -> pa.Table:
    for name, value in same.items():
        rows = rows.append_column(name, pa.repeat(value, rows.num_rows))
    return rows


def _together(parts: Sequence[pa.Table], keys: Sequence[str]) -> pa.Table:
    if not parts:
        return pa.table(
            {name: pa.array([], pa.string()) for name in (*keys, "taxonomy", "rule", "perspective", "pool")}
        )
    return pa.concat_tables(parts).sort_by([(name, "ascending") for name in (*keys, "taxonomy", "rule")])


def _measured(part: pa.Table, groups: Sequence[str]) -> Iterator[tuple[str, Figure]]:
    """The means of the distances that there are."""
    for name in MEASURES:
        figure = mean(numbers_of(part, name), groups)
        if figure.value is not None:
            yield name, figure


def _by_name(part: pa.Table, groups: Sequence[str]) -> Iterator[tuple[str, Figure]]:
    names = part.column("names")[0].as_py()
    if any(other != names for other in part.column("names").to_pylist()):
        return
    writers, readers = (_matrix(part.column(f"{side}_values"), len(names)) for side in ("writer", "reader"))
    listed = part.column("hidden").to_pylist()
    shares = part.column("space")[0].as_py() in ("simplex", "multi-label")
    for place, name in enumerate(names):
        yield f"{name}, reader less writer", mean(readers[:, place] - writers[:, place], groups)
        if shares:
            yield f"{name} hidden", mean(np.array([float(name in row) for row in listed]), groups)
        else:
            yield f"{name}, correlation", correlation(writers[:, place], readers[:, place], groups)


def _matrix(column: pa.ChunkedArray, width: int) -> Floats:
    flat = pc.list_flatten(column.combine_chunks()).to_numpy(zero_copy_only=False)
    return np.asarray(flat, np.float64).reshape(len(column), width)


def _left_out(given: pa.Table, rows: pa.Table) -> int:
    """How many samples have no row."""
    compared = pc.unique(rows.column("sample_id"))
    return int(pc.count_distinct(given.column("sample_id")).as_py()) - len(compared)
