"""The server of `affectory review up`, for real: who can log in, and what a kill and a stop leave behind."""

import os
import signal
import stat
from pathlib import Path

import httpx
import pytest
from support.label_studio import OTHERS, LabelStudio

from affectory.annotation.client.server import Server
from affectory.annotation.proxy.home import read_raters
from affectory.annotation.server.accounts import ensure_raters, known, read_passwords
from affectory.annotation.server.home import Home
from affectory.annotation.server.ports import free_port
from affectory.annotation.server.up import require_running, running
from affectory.pipelines.cli import serving
from affectory.schemas.errors import UserError

pytestmark = pytest.mark.xdist_group("label-studio")
ours = pytest.mark.skipif(OTHERS in os.environ, reason="somebody else's server is not stopped")


def logs_in(url: str, email: str, password: str) -> bool:
    """Whether the form of the login page lets them in."""
    with httpx.Client(base_url=url, trust_env=False, timeout=60) as session:
        assert session.get("/user/login/").status_code == 200
        form = {"email": email, "password": password, "csrfmiddlewaretoken": session.cookies["csrftoken"]}
        return session.post("/user/login/", data=form, headers={"Referer": f"{url}/user/login/"}).status_code == 302


def test_annotators_log_in_with_the_password_they_were_given(label_studio: LabelStudio) -> None:
    made = label_studio.annotator("ada")
    assert logs_in(label_studio.url, made.email, made.password)
    assert not logs_in(label_studio.url, made.email, "guess")


def test_who_has_no_invitation_cannot_sign_up(label_studio: LabelStudio) -> None:
    with httpx.Client(base_url=label_studio.url, trust_env=False, timeout=60) as session:
        session.get("/user/signup/")
        form = {
            "email": "mallory@x.test",
            "password": "long-enough-9",
            "csrfmiddlewaretoken": session.cookies["csrftoken"],
        }
        answer = session.post("/user/signup/", data=form, headers={"Referer": label_studio.url})
    with Server.at(label_studio.url, label_studio.token) as server:
        assert answer.status_code == 403 and "mallory@x.test" not in known(server)


@ours
def test_accounts_are_made_once_and_first_passwords_lie_in_a_private_file(label_studio: LabelStudio) -> None:
    home = Home(label_studio.home)
    there = require_running(home)
    assert ensure_raters(there, home, ["Eve@x.test", "eve@x.test ", "fay@x.test"]) == 2
    kept = read_passwords(home.passwords)
    assert ensure_raters(there, home, ["eve@x.test"]) == 0 and read_passwords(home.passwords) == kept
    assert stat.S_IMODE(home.passwords.stat().st_mode) == 0o600
    assert logs_in(label_studio.url, "eve@x.test", kept["eve@x.test"])


@ours
def test_an_account_that_broke_off_is_made_with_the_password_that_was_written(label_studio: LabelStudio) -> None:
    home = Home(label_studio.home)
    ensure_raters(require_running(home), home, ["gil@x.test"])
    home.passwords.write_text(home.passwords.read_text() + "hal@x.test,written-before-9\r\n")
    assert ensure_raters(require_running(home), home, ["hal@x.test"]) == 1
    assert logs_in(label_studio.url, "hal@x.test", "written-before-9")


@ours
def test_after_a_kill_and_a_stop_it_comes_back_with_all_logins(
    label_studio: LabelStudio, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    home, ivy = Home(label_studio.home), label_studio.annotator("ivy")
    os.kill(home.state()["label_studio"]["pid"], signal.SIGKILL)
    serving.down(home.folder)
    serving.down(home.folder)
    assert capsys.readouterr().out.splitlines() == [
        f"stopped; data stay in {home.folder}",
        f"nothing runs from {home.folder}",
    ]
    with pytest.raises(UserError, match=r"no review server runs from .*\n  start it: affectory review up --home /"):
        require_running(home)
    list_of_raters = tmp_path / "raters.csv"
    list_of_raters.write_text("email,role\nkim@x.test,\nlea@x.test,lead\n")
    port = free_port()
    serving.up(home.folder, port, lead=["boss@x.test"], raters=list_of_raters)
    said = capsys.readouterr().out
    there = require_running(home)
    assert there.url == label_studio.url and there.public == f"http://127.0.0.1:{port}"
    assert f"Raters come to {there.public}" in said and f"{there.public}/review/status" in said
    passwords = read_passwords(home.passwords)
    assert not any(secret in said for secret in (there.token, there.password, *passwords.values()))
    for email, password in (
        (ivy.email, ivy.password),
        *((who, passwords[who]) for who in ("kim@x.test", "lea@x.test")),
    ):
        assert logs_in(there.public, email, password)
    Server.at(there.url, ivy.token).close()
    roles = {email: rater.role for email, rater in read_raters(home.folder).items()}
    assert roles == dict.fromkeys(("admin@review.local", "boss@x.test", "lea@x.test"), "lead")


@ours
def test_one_that_does_not_listen_yet_is_said_to_start(label_studio: LabelStudio) -> None:
    home = Home(label_studio.home)
    part = home.state()["label_studio"]
    home.remember(label_studio={**part, "port": free_port()})
    try:
        with pytest.raises(UserError, match=r"is still starting\n  wait for it; its log is .*label-studio.log"):
            require_running(home)
    finally:
        home.remember(label_studio=part)


@ours
def test_started_twice_it_runs_once_and_goes_where_it_is_asked(label_studio: LabelStudio) -> None:
    home, port = Home(label_studio.home), free_port()
    serving.up(home.folder, port)
    before = home.state()
    serving.up(home.folder, port)
    assert home.state() == before
    serving.up(home.folder, port, public="https://review.example")
    assert home.state()["label_studio"] == before["label_studio"] and home.state()["proxy"] != before["proxy"]
    found = running(home)
    assert found and found.public == "https://review.example"
    serving.up(home.folder)
    assert running(home) == found and home.state()["proxy"]["port"] == port


@ours
def test_a_port_that_another_has_is_said(label_studio: LabelStudio) -> None:
    taken = int(label_studio.url.rpartition(":")[2])
    with pytest.raises(UserError, match=rf"port {taken} for raters is taken.*\n.*--port"):
        serving.up(label_studio.home, taken)
