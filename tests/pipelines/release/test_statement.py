"""The data statement of a recipe."""

from affectory.pipelines.release.statement import TITLES, missing, said
from affectory.schemas.recipe.publishing import Publish, Statement


def test_what_is_not_said_is_named() -> None:
    given = Statement(intended_uses="Research.", contact="  ")
    assert said(given) == {"intended_uses": "Research."}
    assert set(missing(given)) == set(Statement.model_fields) - {"intended_uses"}
    assert missing(Publish().statement) == tuple(Statement.model_fields)


def test_every_field_has_a_title() -> None:
    assert list(TITLES) == list(Statement.model_fields)
