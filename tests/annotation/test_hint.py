"""A hint is taken from who knows the secret, carries nothing, and is asked for once."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import httpx
import pytest
import uvicorn
from support.label_studio import LabelStudio
from support.pushing import CONFIG

from affectory.annotation.client.server import Server
from affectory.annotation.hint import HEADER, PATH, app, ask_for_hints


@contextmanager
def serving(secret: str, touched: Path) -> Iterator[str]:
    server = uvicorn.Server(uvicorn.Config(app(secret, touched.touch), port=0, log_level="error"))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        thread.join(0.01)
    try:
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}{PATH}"
    finally:
        server.should_exit = True
        thread.join()


@pytest.mark.parametrize(
    ("headers", "status"), [({HEADER: "secret"}, 204), ({HEADER: "wrong"}, 403), ({HEADER: ""}, 403), ({}, 403)]
)
def test_who_knows_the_secret_gives_a_hint(tmp_path: Path, headers: dict[str, str], status: int) -> None:
    touched = tmp_path / "hint"
    with serving("secret", touched) as url:
        assert httpx.post(url, headers=headers, content=b"{no json").status_code == status
    assert touched.exists() == (status == 204)


def test_without_a_secret_there_is_no_app() -> None:
    with pytest.raises(ValueError, match="anybody"):
        app("", print)


@pytest.mark.xdist_group("label-studio")
def test_a_hint_is_asked_for_once(label_studio: LabelStudio) -> None:
    with Server.at(label_studio.url, label_studio.token) as server:
        project = server.post("/api/projects/", {"title": f"hint {uuid4().hex}", "label_config": CONFIG})["id"]
        for secret in ("first", "second"):
            ask_for_hints(server, project, "http://127.0.0.1:9/hint", secret)
        (hook,) = server.get("/api/webhooks/", project=project)
    assert hook["headers"] == {HEADER: "second"}
    assert not hook["send_payload"]
