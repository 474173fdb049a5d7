"""A PostgreSQL of one's own: found, made, and started whatever a killed one left behind."""

import os
import shutil
import signal
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.label_studio import missing, temporary_home

from affectory.annotation.server.postgres import NEEDED, Cluster, programs
from affectory.annotation.server.private import Secrets
from affectory.schemas.errors import UserError

SECRETS = Secrets.make()
real = pytest.mark.skipif("postgresql" in missing().lower(), reason=missing() or "there is one")


def install(folder: Path, release: str) -> Path:
    for name in NEEDED:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(f"#!/bin/sh\necho 'postgres (PostgreSQL) {release}.3'\n")
        (folder / name).chmod(0o755)
    return folder


@pytest.fixture
def nothing_on_path(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path / "none"))


@pytest.mark.usefixtures("nothing_on_path")
def test_without_one_it_is_said_what_to_install(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"there is no PostgreSQL.*\n  install it .*apt install postgresql.*--database"):
        programs(places=(f"{tmp_path}/*/bin",))


@pytest.mark.usefixtures("nothing_on_path")
def test_the_newest_release_is_taken_and_half_a_one_is_not(tmp_path: Path) -> None:
    kept = [install(tmp_path / number / "bin", number) for number in ("9", "15", "17")]
    (install(tmp_path / "18" / "bin", "18") / "psql").unlink()
    assert programs(places=(f"{tmp_path}/*/bin",)) == kept[-1]
    assert programs("15", (f"{tmp_path}/*/bin",)) == kept[1]
    with pytest.raises(UserError, match="made by PostgreSQL 16, which is not on this machine any more"):
        programs("16", (f"{tmp_path}/*/bin",))


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    with temporary_home() as home:
        home.prepare()
        made = Cluster(home.folder, durable=False)
        assert made.start(SECRETS, lambda _: None)
        yield made
        made.stop()


def ask(cluster: Cluster, text: str, password: str = SECRETS.database_password) -> "subprocess.CompletedProcess[str]":
    database = cluster.database(SECRETS)
    where = f"host={database.host} port={database.port} user={database.user} dbname={database.name}"
    command = [str(programs() / "psql"), "-XAtc", text, where]
    return subprocess.run(command, env={"PGPASSWORD": password}, capture_output=True, text=True, check=False)


def postmaster(cluster: Cluster) -> int:
    return int((cluster.folder / "postmaster.pid").read_text().split()[0])


@real
def test_it_opens_to_its_password_only_and_gives_no_power_over_the_machine(cluster: Cluster) -> None:
    assert ask(cluster, "select rolsuper from pg_roles where rolname = current_user").stdout == "f\n"
    assert ask(cluster, "show listen_addresses").stdout == "127.0.0.1\n"
    assert "password authentication failed" in ask(cluster, "select 1", password="guess").stderr
    assert cluster.folder.stat().st_mode & 0o077 == 0 and cluster.folder.stat().st_uid != 0


@real
def test_started_twice_it_runs_once(cluster: Cluster) -> None:
    before = postmaster(cluster)
    assert not cluster.start(SECRETS, pytest.fail) and postmaster(cluster) == before


@real
def test_after_a_kill_it_starts_on_its_port_with_all_that_was_kept(cluster: Cluster) -> None:
    port = cluster.port()
    assert ask(cluster, "create table kept as select 7 as seven").returncode == 0
    os.kill(postmaster(cluster), signal.SIGKILL)
    assert cluster.start(SECRETS, pytest.fail) and cluster.port() == port
    assert ask(cluster, "select seven from kept").stdout == "7\n"


@real
def test_where_its_port_was_taken_meanwhile_it_takes_another(cluster: Cluster) -> None:
    port = cluster.port()
    assert port and cluster.stop() and not cluster.stop() and cluster.port() is None
    with socket.create_server(("127.0.0.1", port)):
        assert cluster.start(SECRETS, pytest.fail) and cluster.port() not in (port, None)
    assert ask(cluster, "select seven from kept").stdout == "7\n"


@real
@pytest.mark.parametrize("runs", [True, False])
def test_one_that_other_secrets_open_is_told_from_one_that_fails(cluster: Cluster, runs: bool) -> None:
    """Of root it lies elsewhere than the home, and outlives that."""
    if not runs:
        cluster.stop()
    told = rf"{cluster.folder} was made with other secrets than those in .*secrets.json\n.*: rm -r {cluster.folder}"
    with pytest.raises(UserError, match=told):
        cluster.start(Secrets.make(), pytest.fail)
    assert (cluster.port() is not None) == runs
    assert cluster.start(SECRETS, pytest.fail) != runs


@real
def test_one_that_does_not_start_says_its_last_words(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("affectory.annotation.server.postgres.PAUSES_S", ())
    settings = cluster.folder / "postgresql.conf"
    cluster.stop()
    kept = shutil.copy(settings, settings.with_name("kept"))
    settings.write_text(settings.read_text() + "no_such_setting = 1\n")
    with pytest.raises(UserError, match=r"PostgreSQL did not start:\n(.*\n)*.*no_such_setting"):
        cluster.start(SECRETS, pytest.fail)
    settings.write_text(Path(kept).read_text())
    assert cluster.start(SECRETS, pytest.fail)
