"""What keeps a review server whole in the foreground, and what it says of a server that is not ours."""

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest

from affectory.annotation.server import up as module
from affectory.annotation.server.home import Home
from affectory.annotation.server.up import Wanted, down, known_to, stay
from affectory.schemas.errors import UserError


@pytest.fixture
def old() -> Iterator[str]:
    """A server that answers as Label Studio 1.19 does."""

    class Old(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            said = json.dumps({"release": "1.19.0", "label-studio-os-package": {"version": "1.19.0"}}).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(said)))
            self.end_headers()
            self.wfile.write(said)

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Old) as server:
        thread = Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_an_old_release_is_refused_in_a_sentence(old: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"1\.19\.0.*1\.23 or newer"):
        known_to(Home(tmp_path), old, "0" * 40)


def test_what_ends_is_started_again_until_the_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    started, looks = [], iter((False, False, True))
    monkeypatch.setattr(module, "up", lambda wanted, tell: started.append(wanted))
    wanted, told = Wanted(Home(tmp_path)), list[str]()
    stay(wanted, told.append, lambda seconds: next(looks))
    assert started == [wanted, wanted] and len(told) == 2


def test_where_nothing_was_ever_started_there_is_nothing_to_stop(tmp_path: Path) -> None:
    assert not down(Home(tmp_path / "none"), pytest.fail) and not (tmp_path / "none").exists()
