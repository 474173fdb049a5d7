from collections.abc import Callable
from pathlib import Path

from support.crowd_views import counted_labels, fitted_labels, opinions_of
from support.crowds import crowd

from affectory.transforms.views._rater_view import ONE_RULES
from affectory.transforms.views.one_coin import OneCoin

Shared = Callable[[str], Path]


def test_it_collapses_onto_one_of_three_raters_and_says_so(shared: Shared) -> None:
    """A known failure: of 2,403 texts it contradicts the majority of three in 444, where one rater stands alone."""
    known = crowd("afrikaans", shared)
    labels = fitted_labels(OneCoin(), *opinions_of(known))
    assert counted_labels(labels, known) == known.expected["OneCoinDawidSkene"]["label_counts"]
    second = {item: said for item, rater, said in known.rows if rater == "annotator_2"}
    assert all(second[label["sample_id"]] == str(int(label["values"][1] > 0.5)) for label in labels)
    assert sum(second[item] != majority for item, majority in known.truth.items()) == 444
    assert {label["state"] for label in labels} == {ONE_RULES}


def test_where_it_does_not_there_is_no_warning(shared: Shared) -> None:
    known = crowd("brexit", shared)
    labels = fitted_labels(OneCoin(), *opinions_of(known))
    assert counted_labels(labels, known) == known.expected["OneCoinDawidSkene"]["label_counts"]
    assert {label["state"] for label in labels} == {None}
