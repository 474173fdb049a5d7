"""A real Label Studio behind the real proxy, a process of its own: a project of ours with two raters, and another's."""

import hashlib
import math
import os
import socket
import struct
import subprocess
import sys
import time
import wave
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import httpx
from support.label_studio import Annotator, LabelStudio

from affectory.annotation.proxy.home import Assigned, Rater, write_assigned, write_raters

CONFIG = (
    '<View><Text name="text" value="$text"/><Audio name="sound" value="$audio"/>'
    '<Choices name="emotion" toName="text" choice="single" required="true" showInline="true">'
    '<Choice value="joy" hotkey="1"/><Choice value="sadness" hotkey="2"/></Choices></View>'
)
SADNESS = [{"id": "e", "from_name": "emotion", "to_name": "text", "type": "choices", "value": {"choices": ["sadness"]}}]
SECRET = "a word of the other rater"


@dataclass
class Live:
    """Where all is, and who there is."""

    studio: LabelStudio
    url: str
    home: Path
    project: int
    foreign: int
    tasks: list[int]
    foreign_task: int
    media: str
    ann: Annotator
    bob: Annotator

    def admin(self, method: str, path: str, **given: Any) -> Any:
        """What the administrator gets, past the proxy."""
        headers = {"Authorization": f"Token {self.studio.token}"}
        found = httpx.request(method, f"{self.studio.url}{path}", headers=headers, timeout=60, **given)
        found.raise_for_status()
        return found.json() if found.content else None

    def session(self, who: Annotator) -> AbstractContextManager[httpx.Client]:
        """Somebody logged in through the proxy."""
        return logged_in(self.url, who.email, who.password)

    def asked(self, task: int) -> Any:
        """A task as the administrator sees it."""
        return self.admin("GET", f"/api/tasks/{task}/")


@contextmanager
def logged_in(url: str, email: str, password: str) -> Iterator[httpx.Client]:
    """A session as a browser has it."""
    with httpx.Client(base_url=url, timeout=60) as client:
        page = client.get("/user/login/")
        assert page.status_code == 200, page.text[:300]
        form = {"email": email, "password": password, "csrfmiddlewaretoken": client.cookies["csrftoken"]}
        found = client.post("/user/login/", data=form, headers={"Origin": url, "Referer": f"{url}/user/login/"})
        assert found.status_code == 302, found.text[:300]
        yield client


@contextmanager
def living(studio: LabelStudio, home: Path) -> Iterator[Live]:
    """The world, and the proxy before it."""
    (home / "media").mkdir()
    sound = tone()
    name = f"{hashlib.sha256(sound).hexdigest()}.wav"
    (home / "media" / name).write_bytes(sound)
    ann, bob = studio.annotator("proxy-ann"), studio.annotator("proxy-bob")
    live = Live(studio, "", home, 0, 0, [], 0, name, ann, bob)
    live.project, live.tasks = project(live, "Voices", 4)
    live.foreign, (live.foreign_task,) = project(live, "Another's", 1)
    write_raters(home, {studio.admin_email: Rater("L", "lead"), ann.email: Rater("A"), bob.email: Rater("B")})
    one, two, three, _ = live.tasks  # Ann is asked the third and then the first
    plan = Assigned(title="Voices", raters={"A": (three, one), "B": (one, two, three)}, media={name: live.tasks})
    write_assigned(home, live.project, plan)
    with _proxy(studio.url, home) as live.url:
        yield live


def tone() -> bytes:
    """Four seconds of a sound."""
    file = BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(8000)
        out.writeframes(
            b"".join(struct.pack("<h", int(9000 * math.sin(i / 6) * (i % 4000) / 4000)) for i in range(32000))
        )
    return file.getvalue()


def project(live: Live, title: str, count: int) -> tuple[int, list[int]]:
    """A project and its tasks, each with what a model said."""
    settings = {
        "title": title,
        "label_config": CONFIG,
        "expert_instruction": "Say what you hear.",
        "maximum_annotations": 9,
    }
    number = live.admin("POST", "/api/projects/", json=settings)["id"]
    said = [{"result": SADNESS, "model_version": "m"}]
    rows = [
        {
            "data": {"uid": f"u{i}", "text": f"Line {i} of {title}", "audio": f"/affectory/media/{live.media}"},
            "predictions": said,
        }
        for i in range(count)
    ]
    found = live.admin("POST", f"/api/projects/{number}/import?return_task_ids=true", json=rows)
    return number, found["task_ids"]


@contextmanager
def _proxy(upstream: str, home: Path) -> Iterator[str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    given = ["--home", str(home), "--upstream", upstream, "--host", "127.0.0.1", "--port", str(port)]
    process = subprocess.Popen([sys.executable, "-m", "affectory.annotation.proxy", *given], env=dict(os.environ))
    try:
        _wait(f"http://127.0.0.1:{port}/review/", process)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(20)


def _wait(url: str, process: "subprocess.Popen[bytes]") -> None:
    for _ in range(600):
        assert process.poll() is None, "the proxy ended"
        try:
            httpx.get(url, timeout=5)
        except httpx.TransportError:
            time.sleep(0.1)
        else:
            return
    raise AssertionError("the proxy does not answer")
