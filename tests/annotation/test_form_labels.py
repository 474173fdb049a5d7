"""Labels that answers could not tell apart are refused before anybody is asked."""

import pytest
from support.forms import asking

from affectory.schemas.errors import UserError
from affectory.schemas.taxonomy import parse_taxonomy


@pytest.mark.parametrize("twin", ["joy\u200e", "joy, full", "cost $"], ids=["mark", "comma", "$"])
def test_labels_that_look_the_same_are_refused(twin: str) -> None:
    plain = {"joy\u200e": "joy", "joy, full": "joy\u201a full", "cost $": "cost \uff04"}[twin]
    entries = ["fear", plain, twin]
    with pytest.raises(UserError, match="look the same"):
        asking("text", "categories", taxonomy=parse_taxonomy({"name": "moods", "entries": entries}))
    assert asking("text", "categories", taxonomy=parse_taxonomy({"name": "moods", "entries": ["fear", twin]}))
