"""A real Label Studio on a real PostgreSQL, one for all tests of a session, started as `affectory review up` does."""

import hashlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

from house.tree import ROOT

from affectory.annotation.client.server import Server
from affectory.annotation.server.accounts import Account, ensure_rater
from affectory.annotation.server.environment import REQUIREMENTS, VARIABLE
from affectory.annotation.server.home import Home
from affectory.annotation.server.postgres import Cluster, programs
from affectory.annotation.server.up import Wanted, down, up
from affectory.schemas.errors import UserError

OTHERS, OTHERS_TOKEN = "AFFECTORY_TEST_LABEL_STUDIO", "AFFECTORY_TEST_LABEL_STUDIO_TOKEN"
"""A server that runs already, for whoever develops: its address, and its token if it is not that of `make review`."""
DEVELOPERS = ("admin@local.test", "adminpass1", "0123456789abcdef0123456789abcdef01234567")
OURS = ROOT / ".venv-review"
TABLES = OURS / "tables"
"""A database whose tables are made: they take most of a first start, so `make review` keeps some for all sessions."""
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
        _lay_tables(home)
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


def keep_tables() -> None:
    """Make what a first start makes, once."""
    with temporary_home() as home:
        up(wanted(home), lambda _: None)
        down(home, lambda _: None)
        shutil.rmtree(TABLES, ignore_errors=True)
        TABLES.mkdir()
        shutil.copy(home.secrets, TABLES)
        _copy(Cluster(home.folder).folder, TABLES / "postgres")
        (TABLES / "of").write_text(_made_of(), encoding="utf-8")


def _lay_tables(home: Home) -> None:
    """Where they fit what is installed; without them all is made anew."""
    if (TABLES / "of").exists() and (TABLES / "of").read_text(encoding="utf-8") == _made_of():
        home.prepare()
        shutil.copy(TABLES / "secrets.json", home.secrets)
        Cluster(home.folder).folder.parent.mkdir(mode=0o711, parents=True, exist_ok=True)
        _copy(TABLES / "postgres", Cluster(home.folder).folder)


def _copy(cluster: Path, into: Path) -> None:
    """With its owner, who is not us where we are root, and not the port that it had."""
    subprocess.run(["cp", "-a", str(cluster), str(into)], check=True)
    (into / "postmaster.opts").unlink(missing_ok=True)


def _made_of() -> str:
    return f"{programs()} {os.geteuid()} {hashlib.sha256(REQUIREMENTS.read_bytes()).hexdigest()}"


if __name__ == "__main__":
    keep_tables()
