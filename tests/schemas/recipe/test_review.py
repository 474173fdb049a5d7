"""What a recipe says about review."""

from typing import get_args

import pytest
from pydantic import ValidationError

from affectory.schemas.opinion import PERSPECTIVES
from affectory.schemas.recipe.review import Perspective, Review


def test_perspectives_are_those_of_opinions() -> None:
    assert get_args(Perspective) == PERSPECTIVES


def test_what_is_written_in_review_itself_is_the_main_question() -> None:
    review = Review.model_validate(
        {"raters": 2, "also": {"heard": {"see": ["audio"], "ask": ["categories", {"vad": {}}]}}}
    )
    questions = review.questions()
    assert list(questions) == ["main", "heard"]
    assert (questions["main"].raters, questions["heard"].raters) == (2, 3)
    assert [(part.name, dict(part.params)) for part in questions["heard"].ask] == [("categories", {}), ("vad", {})]


def test_people_see_nothing_of_models_unless_the_recipe_says_so() -> None:
    assert Review().suggest is None
    with pytest.raises(ValidationError):
        Review.model_validate({"suggest": {}})
