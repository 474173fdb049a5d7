"""A row of labels that lies alone says which value is of which label."""

import pytest
from support.opining import ABC, opinion, table, vad

from affectory.pipelines.named_values import named_values
from affectory.schemas.derived import LABELS
from affectory.schemas.taxonomy import Taxonomy, load_taxonomy
from affectory.transforms.views.vad_mean import VadMean
from affectory.transforms.views.vote_share import VoteShare


@pytest.mark.parametrize("own", [ABC, load_taxonomy("ekman-7")])
def test_names_are_those_of_the_taxonomy_where_it_is_known(own: Taxonomy) -> None:
    labels = VoteShare().view(table(opinion(1, [1, 0, 0])), ABC)
    [names] = named_values(LABELS.cast(labels), own).column("names").to_pylist()
    assert names == (["a", "b", "c"] if own is ABC else None)


def test_built_in_taxonomies_are_known() -> None:
    feelings = load_taxonomy("sentiment")
    asked = opinion(1, [1, *[0] * (len(feelings.labels) - 1)], feelings.labels, of=feelings)
    [names] = named_values(LABELS.cast(VoteShare().view(table(asked), feelings)), ABC).column("names").to_pylist()
    assert names == list(feelings.labels)


def test_names_that_are_there_stay_and_nothing_stays_nothing() -> None:
    labels = LABELS.cast(VadMean().view(table(vad(1, 0.5, 0, 0)), ABC))
    assert labels.column("names")[0].as_py() and named_values(labels, ABC).equals(labels)
    assert named_values(LABELS.empty(), ABC).num_rows == 0
