"""Labels as arrays, in which what was not asked is not zero."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from affectory.pipelines.consuming.soft import soft_labels
from affectory.schemas.errors import UserError

NUMBERS = st.none() | st.floats(0, 1, width=32)


def dataset(distributions: list[Any]) -> Any:
    from datasets import ClassLabel, Dataset, Features, List, Value

    features = Features({"label": ClassLabel(names=["joy", "fear"]), "distribution": List(Value("float32"))})
    given = {"label": [None] * len(distributions), "distribution": distributions}
    return Dataset.from_dict(given, features=features)


@given(st.lists(st.none() | st.lists(NUMBERS, min_size=3, max_size=3)))
def test_each_number_stands_where_it_was_given_and_nothing_else_does(given: list[Any]) -> None:
    values, mask = soft_labels([{"distribution": row} for row in given])
    assert values.dtype == np.float32 and mask.dtype == np.bool_ and values.shape == mask.shape
    for row, numbers in enumerate(given):
        for place, number in enumerate(numbers or [None] * values.shape[1]):
            assert mask[row, place] == (number is not None)
            assert np.isnan(values[row, place]) if number is None else values[row, place] == np.float32(number)


def test_a_dataset_knows_how_many_labels_it_has_where_no_row_has_one() -> None:
    assert soft_labels(dataset([None, None]))[0].shape == (2, 2)


def test_of_a_part_of_a_dataset_come_the_labels_of_that_part() -> None:
    data = dataset([[1.0, None], None, [0.25, 0.75]]).select([2, 0])
    values, mask = soft_labels(data)
    assert values.tolist()[0] == [0.25, 0.75]
    assert mask.tolist() == [[True, True], [True, False]]


def test_tensors_hold_the_same() -> None:
    torch = pytest.importorskip("torch", reason="no torch: `make models` installs it")
    values, mask = soft_labels(dataset([[1.0, None]]), as_torch=True)
    assert values.dtype == torch.float32 and mask.tolist() == [[True, False]]
    assert values[0, 0] == 1.0 and values.isnan().tolist() == [[False, True]]


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (lambda: dataset([None]).to_iterable_dataset(), "labels of a stream have no end"),
        (lambda: dataset([None]).remove_columns("distribution"), "no column 'distribution'"),
        (lambda: [{"distribution": [1.0]}, {"distribution": [0.5, 0.5]}], "distributions have 1 and 2 numbers"),
        (lambda: splits(), "labels are those of one split"),
    ],
)
def test_what_has_no_such_labels_is_told(data: Any, told: str) -> None:
    with pytest.raises(UserError, match=told):
        soft_labels(data())


def splits() -> Any:
    from datasets import DatasetDict

    return DatasetDict({"train": dataset([None]), "test": dataset([None])})
