"""`affectory view` says what is wrong instead of serving nothing."""

import json
import socket
import sys
from pathlib import Path

import pytest
from support.project import Project
from support.released import released


def test_a_folder_that_holds_no_release(tmp_path: Path) -> None:
    done = Project(tmp_path).told("view", str(tmp_path))
    assert done.returncode == 2
    assert "name the folder of one version" in done.stdout + done.stderr


def test_a_port_that_is_taken(tmp_path: Path) -> None:
    release = released(tmp_path / "v1.0.0", 8)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        done = Project(tmp_path).told("view", str(release), "--port", str(taken.getsockname()[1]))
    assert done.returncode == 2
    assert "choose another with --port" in done.stdout + done.stderr


def test_what_is_not_installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    done = Project(tmp_path).told("view", str(tmp_path))
    assert done.returncode == 2
    assert "pip install 'affectory[annotation]'" in done.stdout + done.stderr


def test_machines_are_told_where_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("uvicorn.Server.run", lambda _, sockets: [listener.close() for listener in sockets])
    release = released(tmp_path / "v1.0.0", 8)
    done = Project(tmp_path).told("view", str(release), "--port", "0", "--json")
    told = json.loads(done.stdout)
    assert (told["event"], told["release"]) == ("serving", str(release))
    assert told["url"].startswith("http://127.0.0.1:")
