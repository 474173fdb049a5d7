"""Processes and ports: known again, never mistaken for others, and said to be taken where they are."""

import os
import socket
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from affectory.annotation.server.ports import LOOPBACK, answers, free_port, is_free, listens, require_free
from affectory.annotation.server.processes import Process, born, last_words, start
from affectory.schemas.errors import UserError

DEAF = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('ready', flush=True); time.sleep(60)"
WITH_CHILD = "import subprocess, sys; subprocess.run([sys.executable, '-c', 'import time; time.sleep(60)'])"


def run(code: str, tmp_path: Path) -> Process:
    return start([sys.executable, "-c", code], {"PATH": os.environ["PATH"]}, tmp_path / "x.log", tmp_path)


@pytest.fixture
def listening() -> Iterator[int]:
    with socket.create_server((LOOPBACK, 0)) as there:
        yield there.getsockname()[1]


def test_a_process_is_known_again_until_it_ends(tmp_path: Path) -> None:
    process = run("import time; time.sleep(60)", tmp_path)
    remembered = {"pid": process.pid, "born": process.born}
    assert Process.remembered(remembered) == process
    process.stop()
    assert Process.remembered(remembered) is None and born(process.pid) == ""


@pytest.mark.parametrize(
    "found",
    [
        None,
        {},
        [],
        5,
        {"pid": "1"},
        {"pid": 1, "born": "x"},
        {"pid": -1, "born": "x"},
        {"pid": os.getpid(), "born": ""},
    ],
    ids=["none", "empty", "list", "number", "text", "not-ours", "negative", "no-birth"],
)
def test_what_is_no_process_of_ours_is_none(found: object) -> None:
    assert Process.remembered(found) is None


def test_a_number_that_was_given_again_is_another_process() -> None:
    assert Process.remembered({"pid": os.getpid(), "born": "yesterday"}) is None
    assert Process.remembered({"pid": os.getpid(), "born": born(os.getpid())}) is not None


def test_one_that_does_not_listen_is_ended_all_the_same(tmp_path: Path) -> None:
    process = run(DEAF, tmp_path)
    while "ready" not in (tmp_path / "x.log").read_text():
        time.sleep(0.01)
    process.stop(patience_s=0.2)
    assert not process.alive()


def test_what_it_started_ends_with_it(tmp_path: Path) -> None:
    process = run(WITH_CHILD, tmp_path)
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    while not (found := children.read_text().split()):
        time.sleep(0.01)
    process.stop()
    until = time.monotonic() + 5
    while born(int(found[0])) and time.monotonic() < until:
        time.sleep(0.01)
    assert born(int(found[0])) == ""


def test_a_log_is_private_and_the_one_before_is_kept(tmp_path: Path) -> None:
    for word in ("one", "two"):
        process = run(f"print({word!r})", tmp_path)
        while process.alive():
            time.sleep(0.01)
    assert (tmp_path / "x.log").read_text() == "two\n" and (tmp_path / "x.log.1").read_text() == "one\n"
    assert (tmp_path / "x.log").stat().st_mode & 0o077 == 0


def test_last_words_are_the_last_lines(tmp_path: Path) -> None:
    (tmp_path / "log").write_text("\n".join(str(n) for n in range(100)) + "\n\n")
    assert last_words(tmp_path / "log").splitlines()[-1] == "  | 99" and last_words(tmp_path / "none") == ""


def test_a_port_that_is_taken_is_not_free_and_is_said(listening: int) -> None:
    assert answers(listening) and not is_free(listening)
    with pytest.raises(UserError, match=rf"port {listening} for raters is taken by another program\n.*--port \d+"):
        require_free(listening, "raters", "--port")


def test_a_port_taken_on_all_addresses_is_not_free() -> None:
    with socket.create_server(("", 0)) as there:
        assert not is_free(there.getsockname()[1])


def test_the_first_free_one_of_those_wanted_is_taken(listening: int) -> None:
    other = free_port()
    assert free_port([listening, other]) == other and is_free(free_port([listening]))


def test_who_listens_is_told_apart(listening: int) -> None:
    assert listens(os.getpid(), listening) and not listens(os.getppid(), listening)
    assert not listens(os.getpid(), free_port())


def test_one_that_ended_listens_nowhere_whoever_answers_there(listening: int, tmp_path: Path) -> None:
    process = run("pass", tmp_path)
    while process.alive():
        time.sleep(0.01)
    assert answers(listening) and not listens(process.pid, listening)
