"""Label Studio's environment: named or our own, every file by its hash, and told nothing it need not know."""

import re
from pathlib import Path

import pytest

from affectory.annotation.server.environment import RELEASE, REQUIREMENTS, VARIABLE, Environment, environment
from affectory.annotation.server.home import Home
from affectory.annotation.server.label_studio import Start, variables
from affectory.annotation.server.ports import free_port
from affectory.annotation.server.postgres import Database
from affectory.annotation.server.private import Secrets
from affectory.annotation.server.teams import PASSWORD, read_database
from affectory.schemas.errors import UserError

DATABASE = Database("127.0.0.1", 5432, "reviews", "label", "hush")


def script(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)


def test_every_line_pins_one_release_by_hash_and_names_no_address() -> None:
    lines = REQUIREMENTS.read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if not re.match(r"#|    --hash=sha256:[0-9a-f]{64}|[\w.-]+==[\w.]+", line)] == []
    assert f"label-studio=={RELEASE} \\" in lines


def test_the_one_that_is_named_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("python", "label-studio"):
        script(tmp_path / "bin" / name, "true")
    monkeypatch.setenv(VARIABLE, str(tmp_path))
    assert environment(pytest.fail) == Environment(tmp_path)


def test_a_named_one_without_label_studio_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, str(tmp_path))
    with pytest.raises(UserError, match="where there is no Label Studio"):
        environment(pytest.fail)


def test_an_installation_that_fails_says_why_and_is_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    script(tmp_path / "uv", "echo no route to the registry >&2; exit 2")
    monkeypatch.setattr("affectory.annotation.server.environment._uv", lambda: str(tmp_path / "uv"))
    for _ in range(2):
        told: list[str] = []
        with pytest.raises(UserError, match=r"could not be installed:\n  \| no route to the registry"):
            environment(told.append)
        assert len(told) == 1


def test_it_hears_nothing_of_our_environment_that_it_need_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It takes `DEBUG` or `CI` for its own settings."""
    for name in ("DEBUG", "CI", "PORT", "USERNAME", "AWS_SECRET_ACCESS_KEY", "PYTHONPATH", "LABEL_STUDIO_DEBUG"):
        monkeypatch.setenv(name, "1")
    given = variables(Home(tmp_path), DATABASE, Secrets.make())
    assert not {"DEBUG", "CI", "PORT", "USERNAME", "AWS_SECRET_ACCESS_KEY", "PYTHONPATH", "LABEL_STUDIO_DEBUG"} & {
        *given
    }
    assert given["COLLECT_ANALYTICS"] == "false" and given["SENTRY_DSN"] == "" and given["DJANGO_DB"] == "default"
    assert given["LABEL_STUDIO_DISABLE_SIGNUP_WITHOUT_LINK"] == "true" and given["POSTGRE_PASSWORD"] == "hush"


def test_one_that_does_not_start_says_its_last_words(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    home.prepare()
    script(tmp_path / "bin" / "python", "echo django.db.utils.OperationalError: no such role; exit 1")
    begun = Start(home, Environment(tmp_path), DATABASE, Secrets.make(), free_port())
    with pytest.raises(UserError, match=r"Label Studio ended as it started:\n  \| django.*no such role\n  see .*log"):
        begun.wait(begun.process(), lambda _: None)


@pytest.mark.parametrize("words", ["Port 8391 is in use.", "Error: That port is already in use."])
def test_one_that_lost_its_port_to_another_is_stopped(tmp_path: Path, words: str) -> None:
    """It would go on at the next port, and whoever answers at the first one would be taken for it."""
    home = Home(tmp_path / "home")
    home.prepare()
    script(tmp_path / "bin" / "python", f"echo '{words}'; exec sleep 60")
    begun = Start(home, Environment(tmp_path), DATABASE, Secrets.make(), free_port())
    process = begun.process()
    assert not begun.wait(process, lambda _: None) and not process.alive()


def test_one_that_takes_too_long_is_ended(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    home.prepare()
    script(tmp_path / "bin" / "python", "exec sleep 60")
    begun = Start(home, Environment(tmp_path), DATABASE, Secrets.make(), free_port())
    process = begun.process()
    with pytest.raises(UserError, match="did not answer within 0 s"):
        begun.wait(process, lambda _: None, patience_s=0.1)
    assert not process.alive()


def test_a_teams_database_is_read_and_its_password_never_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(PASSWORD, "hush")
    found = read_database("postgresql://label@db.example:6543/reviews")
    assert found == Database("db.example", 6543, "reviews", "label", "hush") and "hush" not in repr(found)
    assert read_database("postgres://l%40x@h/n").port == 5432


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("postgresql://label:hush@db/reviews", "read by everybody"),
        ("mysql://label@db/reviews", "no address of a PostgreSQL"),
        ("postgresql://db/reviews", "no address of a PostgreSQL"),
        ("postgresql://label@db", "does not end with the name"),
        ("postgresql://label@db:port/reviews", "has no port"),
        ("reviews", "no address of a PostgreSQL"),
    ],
)
def test_an_address_that_is_none_is_refused_in_a_sentence(url: str, said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(PASSWORD, "hush")
    with pytest.raises(UserError, match=said):
        read_database(url)


def test_a_password_comes_from_a_private_file_or_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(PASSWORD, raising=False)
    file = tmp_path / "password"
    file.write_text("hush\n")
    with pytest.raises(UserError, match="password is not known"):
        read_database("postgresql://l@db/n")
    file.chmod(0o644)
    with pytest.raises(UserError, match="others on this machine can read it\n  chmod 600"):
        read_database("postgresql://l@db/n", file)
    file.chmod(0o600)
    assert read_database("postgresql://l@db/n", file).password == "hush"
