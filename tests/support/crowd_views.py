"""Views that model raters, fitted and placed in one go."""

from typing import Any

import numpy as np
import pyarrow as pa
from support.crowds import Crowd
from support.opining import Row, opinion, table

from affectory.schemas.taxonomy import Taxonomy, parse_taxonomy
from affectory.transforms.views import _rater_models as models


def fitted_labels(view: Any, opinions: pa.Table, taxonomy: Taxonomy) -> list[Row]:
    """Labels of opinions that the view was fitted to."""
    fit = view.fit(in_order(view.evidence(opinions, taxonomy)), taxonomy)
    found: list[Row] = view.placed(opinions, taxonomy, fit).to_pylist()
    return found


def in_order(evidence: pa.Table) -> pa.Table:
    """As a fit is given evidence."""
    return evidence.sort_by([("sample_id", "ascending"), ("opinion_id", "ascending")])


def opinions_of(known: Crowd) -> tuple[pa.Table, Taxonomy]:
    """A real set's votes as opinions."""
    labels = known.names[2]
    asked = parse_taxonomy({"name": "crowd", "entries": labels})
    rows = [
        opinion(n, [float(label == said) for label in labels], labels, asked, sample_id=item, rater=f"p_{rater}")
        for n, (item, rater, said) in enumerate(known.rows)
    ]
    return table(*rows), asked


def counted_labels(labels: list[Row], known: Crowd) -> dict[str, int]:
    """How many samples got each label."""
    best = [max(zip(label["values"], known.names[2], strict=True))[1] for label in labels]
    return {name: best.count(name) for name in known.names[2] if name in best}


def mace_of_crowd_kit(known: Crowd) -> models.Floats:
    """MACE's probabilities with a mistake of crowd-kit 1.4.2: habits are counted by sorted names, and used by the order
    in which names come."""
    votes = models.Votes(*known.votes)
    met = [list(dict.fromkeys(row[place] for row in known.rows)) for place in (1, 2)]
    raters, labels = ([order.index(name) for name in names] for order, names in zip(met, known.names[1:], strict=True))
    state = models.mace_start(np.random.default_rng(0), votes.n_raters, votes.k)
    for _ in range(50):
        state = models.mace_step(votes, *models.mace_known(votes, state))
        state = np.concatenate([state[:, :2], state[:, 2:][raters][:, labels]], axis=1)
    return models.mace_known(votes, state)[0]
