from collections.abc import Callable
from pathlib import Path

import pytest
from support.crowd_views import counted_labels, fitted_labels, opinions_of
from support.crowds import crowd

from affectory.transforms.views.dawid_skene import DawidSkene

Shared = Callable[[str], Path]


def test_the_view_is_the_model(shared: Shared) -> None:
    known = crowd("afrikaans", shared)
    labels = fitted_labels(DawidSkene(), *opinions_of(known))
    assert counted_labels(labels, known) == known.expected["DawidSkene"]["label_counts"]


def test_crowd_kit_stops_too_early(shared: Shared) -> None:
    """Its bound counts base rates with every vote, so that it may fall: two rounds, where there are twelve."""
    known = crowd("brexit", shared)
    assert counted_labels(fitted_labels(DawidSkene(), *opinions_of(known)), known) == {"0": 608, "1": 176}
    assert known.expected["DawidSkene"]["label_counts"] == {"0": 619, "1": 165}


def test_ambiguity_becomes_confidence(shared: Shared) -> None:
    known = crowd("moods", shared)
    labels = fitted_labels(DawidSkene(), *opinions_of(known))
    divided = [label for label in labels if label["agreement"] < 0.5]
    assert len(divided) > 30
    assert sum(max(label["values"]) for label in divided) / len(divided) == pytest.approx(0.7, abs=0.15)
