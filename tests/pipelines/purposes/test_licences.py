"""How much may be published under a licence."""

from typing import Any

import pytest

from affectory.pipelines.purposes.licences import Licences
from affectory.schemas.recipe.publishing import Publish

BY = {"CC-BY-NC-*": "features", "proprietary": "nothing", "*-ND-*": "media"}


@pytest.mark.parametrize(
    ("given", "licence", "published"),
    [
        ({}, "CC-BY-4.0", "media"),
        ({}, "", "media"),
        ({}, "CC-BY-ND-4.0", "features"),
        ({}, "cc by-nc-nd 4.0", "features"),
        ({}, "NoDerivatives", "features"),
        ({}, "Sandcastle-1.0", "media"),
        ({"require_licence": True}, " ", "nothing"),
        ({"licences": ["CC-BY-4.0", "MIT"]}, "cc-by-4.0", "media"),
        ({"licences": ["CC-BY-4.0", "MIT"]}, "CC-BY-SA-4.0", "nothing"),
        ({"licences": ["CC-BY-*"]}, "CC-BY-SA-4.0", "media"),
        ({"licences": ["CC-BY-4.0"]}, "", "media"),
        ({"licences": ["CC-BY-ND-4.0"]}, "CC-BY-ND-4.0", "features"),
        ({"licences": ["CC-BY-4.0"]}, "CC-BY-4.0 AND MIT", "nothing"),
        ({}, "CC-BY-4.0 AND CC-BY-ND-4.0", "features"),
        ({"by_licence": BY}, "CC-BY-NC-ND-4.0", "features"),
        ({"by_licence": BY}, "CC-BY-ND-4.0", "media"),
        ({"by_licence": BY}, "Proprietary", "nothing"),
        ({"by_licence": BY}, "CC0-1.0", "media"),
    ],
)
def test_the_first_that_fits_counts(given: dict[str, Any], licence: str, published: str) -> None:
    found, why = Licences.of(Publish(**given)).of_records(licence)
    assert found == published
    assert why.startswith("licence: ") == (published != "media")
