"""Two published versions, and a project whose models were asked."""

import pytest
from support.project import Project
from support.two_versions import two_versions


@pytest.fixture(scope="session")
def versions(tmp_path_factory: pytest.TempPathFactory) -> Project:
    return two_versions(tmp_path_factory.mktemp("versions"))
