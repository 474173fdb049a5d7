import pytest
from support.opining import labels_of, opinion, vad

from affectory.transforms.views.vad_mean import VadMean


def test_each_dimension_is_the_mean_of_those_who_gave_it() -> None:
    rows = [vad(1, 0.5, 0.0, None), vad(2, 1.0, 0.25, None), vad(3, None, 0.5, None), opinion(4, [1, 0, 0])]
    [place] = labels_of(VadMean(), *rows)
    assert (place["taxonomy"], place["space"], place["count"]) == ("vad", "continuous", 3)
    assert place["values"] == [0.75, 0.25, None]
    assert place["names"] == ["valence", "arousal", "dominance"]
    assert (place["uncertainty"], place["agreement"]) == (None, None)


def test_how_raters_differ_lies_beside_the_mean() -> None:
    [place] = labels_of(VadMean(), vad(1, 0.0, 0.0, 0.5), vad(2, 1.0, -0.5, 0.5))
    assert place["spread"] == [0.5, 0.25, 0.0]
    assert place["covariance"] == pytest.approx([0.25, -0.125, 0, -0.125, 0.0625, 0, 0, 0, 0])


def test_people_groups_and_models_are_kept_apart() -> None:
    rows = [vad(1, 0, 0, 0), vad(2, 1, 1, 1, rater_kind="model"), vad(3, 0.5, 0.5, 0.5, people=7)]
    found = {label["pool"]: label["values"] for label in labels_of(VadMean(), *rows)}
    assert found == {"human": [0, 0, 0], "model": [1, 1, 1], "group": [0.5, 0.5, 0.5]}


def test_without_places_there_are_no_rows() -> None:
    assert labels_of(VadMean(), opinion(1, [1, 0, 0])) == []


def test_what_does_not_fit_32_bits_is_null_and_not_infinite() -> None:
    [label] = labels_of(VadMean(), vad(1, 3e38, 0, 0), vad(2, -3e38, 0, 0))
    assert label["values"] == [0, 0, 0]
    assert label["covariance"][0] is None and label["covariance"][4] == 0
