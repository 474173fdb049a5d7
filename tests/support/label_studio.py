"""A real Label Studio on a real PostgreSQL, one for all tests of a session, started as `affectory review up` does."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

from house.tree import ROOT

from affectory.annotation.client.server import Server
from affectory.annotation.server.accounts import Account, ensure_rater
from affectory.annotation.server.environment import VARIABLE
from affectory.annotation.server.home import Home
from affectory.annotation.server.postgres import Cluster
from affectory.annotation.server.up import Wanted, down, up
from affectory.schemas.errors import UserError

OTHERS, OTHERS_TOKEN = "AFFECTORY_TEST_LABEL_STUDIO", "AFFECTORY_TEST_LABEL_STUDIO_TOKEN"
"""A server that runs already, for whoever develops: its address, and its token if it is not that of `make review`."""
DEVELOPERS = ("admin@local.test", "adminpass1", "0123456789abcdef0123456789abcdef01234567")
OURS = ROOT / ".venv-review"
Annotator = Account


@dataclass(frozen=True)
class LabelStudio:
    """The server and its administrator."""

    url: str
    token: str
    home: Path
    admin_email: str
    admin_password: str

    def annotator(self, name: str) -> Annotator:
        """A new user who can log in; of names that were given before, one more."""
        with Server.at(self.url, self.token) as server:
            for number in range(1000):
                made = ensure_rater(server, f"{name}{number or ''}@raters.test")
                if made is not None:
                    return made
        raise AssertionError(f"a thousand raters are called {name}")


def missing() -> str:
    """Why there can be no server here; empty where there can."""
    if OTHERS in os.environ:
        return ""
    if not environment_of_tests().joinpath("bin", "label-studio").exists():
        return "no .venv-review: make review"
    try:
        Cluster(Path("/nowhere")).require()
    except UserError as error:
        return error.message
    return ""


def environment_of_tests() -> Path:
    """Where Label Studio is installed for tests."""
    return Path(os.environ.get(VARIABLE) or OURS)


@contextmanager
def serving() -> Iterator[LabelStudio]:
    """The server for as long as tests need it."""
    with temporary_home() as home:
        if OTHERS in os.environ:
            email, password, token = DEVELOPERS
            yield LabelStudio(os.environ[OTHERS], os.environ.get(OTHERS_TOKEN, token), home.folder, email, password)
            return
        started = up(wanted(home), lambda _: None)
        yield LabelStudio(started.url, started.token, home.folder, started.email, started.password)


def wanted(home: Home) -> Wanted:
    """As for users, but for the disk, which is not waited for, and the proxy, which tests start where they need it."""
    return Wanted(home, durable=False, proxy=False)


@contextmanager
def temporary_home() -> Iterator[Home]:
    """A home of which nothing is left, neither running nor on the disk."""
    with tempfile.TemporaryDirectory() as folder, mock.patch.dict(os.environ, {VARIABLE: str(environment_of_tests())}):
        home = Home(Path(folder) / "review")
        try:
            yield home
        finally:
            down(home, lambda _: None)
            shutil.rmtree(Cluster(home.folder).folder, ignore_errors=True)
