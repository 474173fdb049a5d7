"""What labels look like as a whole."""

import pyarrow as pa
from support.opining import ABC, opinion, table, vad

from affectory.quality.label_summary import LabelSummary, summary
from affectory.schemas.derived import LABELS
from affectory.transforms.views.majority import Majority
from affectory.transforms.views.plurality import Plurality
from affectory.transforms.views.vad_mean import VadMean
from affectory.transforms.views.vote_share import VoteShare


def test_labels_are_told_by_pool_with_what_they_say() -> None:
    rows = [opinion(1, [1, 0, 0]), opinion(2, [0, 1, 0], sample_id="s_2"), opinion(3, [0, 0, 1], rater_kind="model")]
    people, models = summary(VoteShare().view(table(*rows), ABC), ABC).lots
    assert (people.pool, people.labels, people.opinions, people.chosen) == ("human", 2, 2, {"a": 1, "b": 1})
    assert (models.pool, models.labels, models.chosen) == ("model", 1, {"c": 1})


def test_ties_and_words_of_rules_are_counted() -> None:
    [lot] = summary(Plurality().view(table(opinion(1, [1, 0, 0]), opinion(2, [0, 1, 0])), ABC), ABC).lots
    assert (lot.chosen, lot.states) == ({"a": 1, "b": 1}, {"tie": 1})
    assert "but          1 tie" in summary(Plurality().view(table(opinion(1, [1, 1, 0])), ABC), ABC).as_text()


def test_labels_that_tie_are_all_told_and_labels_of_nothing_as_none() -> None:
    [lot] = summary(VoteShare().view(table(opinion(1, [1, 0, 0]), opinion(2, [0, 1, 0])), ABC), ABC).lots
    assert lot.chosen == {"a": 1, "b": 1}
    split = table(opinion(1, [1, 0, 0]), opinion(2, [0, 1, 0]), opinion(3, [1, 0, 0], sample_id="s_2"))
    assert "says         1 none, 1 a" in summary(Majority().view(split, ABC), ABC).as_text()


def test_words_that_differ_in_numbers_are_one_and_many_words_are_cut_short() -> None:
    said = ["3 of 5 named none", "1 of 5 named none", "tie", *(f"unknown: {'x' * n}" for n in range(1, 10))]
    labels = VoteShare().view(table(*(opinion(n, [1, 0, 0], sample_id=f"s_{n}") for n in range(12))), ABC)
    place = labels.schema.get_field_index("state")
    [lot] = summary(labels.set_column(place, labels.schema.field(place), pa.array(said)), ABC).lots
    assert (lot.states["# of # named none"], lot.states["tie"], len(lot.states)) == (2, 1, 11)
    assert LabelSummary((lot,)).as_text().splitlines()[-1] == "  but          3 in 3 other words"


def test_places_have_no_words() -> None:
    [lot] = summary(VadMean().view(table(vad(1, 0.5, 0, 0)), ABC), ABC).lots
    assert (lot.space, lot.chosen, lot.uncertainty) == ("continuous", {}, None)


def test_no_labels_are_said_to_be_none() -> None:
    assert summary(LABELS.empty(), ABC).as_text() == "no labels"
