"""Secrets: made once, readable by their owner alone, and good for a restart."""

import json
import os
import stat
from dataclasses import asdict
from pathlib import Path

import pytest

from affectory.annotation.server.home import Home
from affectory.annotation.server.private import Secrets, read_private, write_private
from affectory.schemas.errors import UserError


def test_secrets_are_made_once_and_stay(tmp_path: Path) -> None:
    made = Secrets.of(tmp_path / "secrets.json")
    assert Secrets.of(tmp_path / "secrets.json") == made != Secrets.make()
    assert stat.S_IMODE((tmp_path / "secrets.json").stat().st_mode) == 0o600


def test_none_of_them_shows_in_what_is_printed() -> None:
    made = Secrets.make()
    shown = f"{made} {made!r}"
    assert not any(secret in shown for name, secret in asdict(made).items() if name != "email")


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o666])
def test_a_file_that_others_can_read_is_refused(tmp_path: Path, mode: int) -> None:
    Secrets.of(tmp_path / "s.json")
    (tmp_path / "s.json").chmod(mode)
    with pytest.raises(UserError) as refused:
        Secrets.of(tmp_path / "s.json")
    assert refused.value.hint == f"chmod 600 {tmp_path / 's.json'}"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file to another")
def test_a_file_of_another_user_is_refused(tmp_path: Path) -> None:
    write_private(tmp_path / "s", "x")
    os.chown(tmp_path / "s", 12345, -1)
    with pytest.raises(UserError, match="belongs to another user"):
        read_private(tmp_path / "s")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"secret_key": "$" + "a" * 63}, "keeps no login across a restart"),
        ({"secret_key": "short"}, "keeps no login across a restart"),
        ({"token": None}, "is not a file of secrets"),
    ],
    ids=["read as empty", "short", "incomplete"],
)
def test_secrets_that_would_not_work_are_refused(tmp_path: Path, change: dict[str, str | None], said: str) -> None:
    found = {name: value for name, value in {**asdict(Secrets.make()), **change}.items() if value is not None}
    write_private(tmp_path / "s.json", json.dumps(found))
    with pytest.raises(UserError, match=said):
        Secrets.of(tmp_path / "s.json")


def test_what_is_no_json_is_refused(tmp_path: Path) -> None:
    write_private(tmp_path / "s.json", "half a {")
    with pytest.raises(UserError, match="is not a file of secrets"):
        Secrets.of(tmp_path / "s.json")


def test_others_cannot_look_into_the_home_even_one_that_was_open(tmp_path: Path) -> None:
    (tmp_path / "home").mkdir(mode=0o755)
    Home(tmp_path / "home").prepare()
    kept = [tmp_path / "home", *(tmp_path / "home").iterdir()]
    assert {stat.S_IMODE(folder.stat().st_mode) for folder in kept} == {0o700} and len(kept) == 4


@pytest.mark.parametrize("text", ["", "{", "[]", '"a"', '{"label_studio": 5}', '{"proxy": {"pid": "1", "born": ""}}'])
def test_a_state_that_broke_off_says_that_nothing_runs(tmp_path: Path, text: str) -> None:
    from affectory.annotation.server.up import running

    home = Home(tmp_path)
    home.prepare()
    (tmp_path / "state.json").write_text(text)
    assert running(home) is None


def test_what_is_known_to_run_is_changed_part_by_part(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.remember(proxy={"pid": 1}, label_studio={"pid": 2})
    home.remember(proxy=None)
    assert home.state() == {"label_studio": {"pid": 2}}


def test_two_at_once_are_one_after_the_other(tmp_path: Path) -> None:
    with Home(tmp_path).alone(), pytest.raises(UserError, match="another `affectory review`"), Home(tmp_path).alone():
        pass
    with Home(tmp_path).alone():
        pass
