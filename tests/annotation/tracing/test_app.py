"""What the page's server gives and takes, and from whom."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.testclient import TestClient
from support.tracing import FRAME_US, task

from affectory.annotation.tracing.app import STATIC, make_app
from affectory.annotation.tracing.tasks import write_task
from affectory.annotation.tracing.traces import read_traces

CLIP = bytes(range(256)) * 40
SAVE = {"session": "page-one", "revision": 0, "seq": 0, "samples": [[0, 0.1], [FRAME_US, 0.2]]}
Client = Callable[..., TestClient]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    write_task(tmp_path, task())
    write_task(tmp_path, task("anns", raters=("ann",)))
    (tmp_path / "media").mkdir()
    (tmp_path / "media" / "clip.mp4").write_bytes(CLIP)
    (tmp_path / "secret.mp4").write_bytes(b"secret")
    return tmp_path


@pytest.fixture
def client(home: Path) -> Iterator[Client]:
    opened: list[TestClient] = []

    def of(name: str = "ann", **how: Any) -> TestClient:
        headers = {"X-Affectory-Rater": name} if name else {}
        opened.append(TestClient(make_app(home, **how), base_url="http://127.0.0.1", headers=headers))
        return opened[-1]

    yield of
    for one in opened:
        one.close()


def put(client: TestClient, uid: str = "video", *, scale: str = "valence", **more: Any) -> Any:
    return client.put(f"/api/traces/{uid}/{scale}", json={**SAVE, **more})


def test_a_save_is_taken_and_gone_on_from(client: Client, home: Path) -> None:
    ann = client()
    assert put(ann).json() == {"seq": 1}
    assert put(ann).json() == {"seq": 1}
    scales = ann.get("/api/tasks/video").json()["scales"]
    assert (scales[0]["state"], scales[0]["seq"], scales[0]["samples"]) == ("draft", 1, SAVE["samples"])
    assert (scales[1]["state"], scales[1]["seq"], scales[1]["samples"]) == ("none", 0, [])
    put(ann, seq=1, samples=[], finished=True)
    scales = ann.get("/api/tasks/video").json()["scales"]
    assert (scales[0]["state"], scales[0]["samples"]) == ("finished", [])
    assert [trace.rater for trace in read_traces(home)] == ["ann"]


def test_nobody_sees_or_changes_what_another_traced(client: Client, home: Path) -> None:
    ann, ben = client("ann"), client("ben")
    put(ann)
    assert "0.1" not in ben.get("/api/tasks/video").text
    assert ben.get("/api/tasks").json()[0]["scales"] == {"valence": "none", "arousal": "none"}
    put(ben, samples=[[0, -1], [FRAME_US, -1]])
    assert sorted((t.rater, t.samples[0][1]) for t in read_traces(home)) == [("ann", 0.1), ("ben", -1.0)]


@pytest.mark.parametrize("path", ["/api/tasks/anns", "/media/anns"])
def test_a_clip_is_only_there_for_those_who_are_asked(client: Client, path: str) -> None:
    assert client("ann").get(path).status_code == 200
    assert client("ben").get(path).status_code == 404
    assert [one["uid"] for one in client("ben").get("/api/tasks").json()] == ["video"]
    assert put(client("ben"), "anns").status_code == 404


@pytest.mark.parametrize("path", ["/api/tasks", "/api/tasks/video", "/media/video"])
def test_who_says_no_name_gets_nothing(client: Client, path: str) -> None:
    assert client("").get(path).status_code == 401
    assert client("").get("/api/me").json() == {"rater": "", "asks": False}
    assert put(client("")).status_code == 401


def test_names_come_from_the_page_only_where_it_asks(client: Client) -> None:
    assert client("").get("/media/anns?rater=ann").status_code == 401
    assert client("", asks=True).get("/media/anns?rater=ann").status_code == 200
    assert client("J%C3%B6rg", asks=True).get("/api/me").json() == {"rater": "Jörg", "asks": True}
    assert client("ben", rater="ann").get("/api/me").json() == {"rater": "ann", "asks": False}


@pytest.mark.parametrize(
    ("given", "status", "bytes_"),
    [("bytes=0-9", 206, CLIP[:10]), ("bytes=100-", 206, CLIP[100:]), ("", 200, CLIP), ("bytes=99999-", 416, None)],
)
def test_clips_are_given_in_parts(client: Client, given: str, status: int, bytes_: bytes | None) -> None:
    answer = client().get("/media/video", headers={"Range": given} if given else {})
    assert answer.status_code == status
    assert status == 416 or answer.headers["content-type"] == "video/mp4"
    assert bytes_ is None or answer.content == bytes_


@pytest.mark.parametrize(
    "path",
    [
        "/media/..%2Fsecret.mp4", "/media/clip.mp4", "/media/%2Fetc%2Fpasswd", "/static/..%2Fapp.py", "/static/app.py",
        "/api/tasks/..%2Ftasks%2Fvideo", "/api/tasks/%00", "/static/", "/traces/tasks/video.json",
    ],
)  # fmt: skip
def test_no_other_file_is_given(client: Client, path: str) -> None:
    assert client().get(path).status_code == 404


@pytest.mark.parametrize("media", ["../secret.mp4", "/etc/passwd", ".hidden", "a\\b", ""])
def test_a_task_names_no_file_elsewhere(home: Path, client: Client, media: str) -> None:
    path = home / "traces" / "tasks" / "video.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "media": media}))
    assert client().get("/media/video").status_code == 404


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"seq": -1}, 422), ({"session": "<b>"}, 422), ({"samples": [[0.5, 1]]}, 422), ({"samples": [[0, "x"]]}, 422),
        ({"samples": [[n * 20_000, 0] for n in range(4001)]}, 422), ({"samples": [[-1, 0]]}, 422), ({"who": 1}, 422),
        ({"samples": [[0, 2]]}, 422), ({"seq": 1}, 409), ({"session": "x" * 600_000}, 413), ({"gaps": [1]}, 422),
    ],
)  # fmt: skip
def test_other_saves_are_refused(client: Client, home: Path, change: dict[str, Any], status: int) -> None:
    answer = put(client(), **change)
    assert (answer.status_code, bool(answer.json()["error"])) == (status, True)
    assert not list(read_traces(home))


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"session": NaN}', b"\xff"])
def test_what_is_no_save_is_refused(client: Client, body: bytes) -> None:
    answer = client().put("/api/traces/video/valence", content=body, headers={"content-type": "application/json"})
    assert answer.status_code == 422


def test_other_pages_cannot_save(client: Client) -> None:
    other = {"sec-fetch-site": "cross-site", "content-type": "application/json"}
    assert client().put("/api/traces/video/valence", json=SAVE, headers=other).status_code == 403
    form = {"content-type": "text/plain"}
    assert client().put("/api/traces/video/valence", content=json.dumps(SAVE), headers=form).status_code == 415
    named = client(hosts=("127.0.0.1",)).get("/api/tasks", headers={"host": "evil.example"})
    assert named.status_code == 400


@pytest.mark.parametrize("path", ["/", "/api/tasks", "/media/video", "/static/main.js", "/nothing"])
def test_every_answer_says_what_a_browser_may_do(client: Client, path: str) -> None:
    headers = client().get(path).headers
    assert headers["content-security-policy"].startswith("default-src 'none'")
    assert "unsafe" not in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("path", ["/", "/static/main.js", "/api/tasks/anns", "/media/anns"])
def test_it_can_be_mounted_below_a_path(home: Path, path: str) -> None:
    below = TestClient(Starlette(routes=[Mount("/trace", make_app(home))]), headers={"X-Affectory-Rater": "ann"})
    assert below.get(f"/trace{path}").status_code == 200


def test_the_page_asks_for_nothing_elsewhere() -> None:
    texts = [path.read_text("utf-8").replace("http://www.w3.org/2000/svg", "") for path in STATIC.iterdir()]
    assert len(texts) > 5
    assert not [text for text in texts if "http:" in text or "https:" in text or "//cdn" in text]
    assert not [text for text in texts if '"/' in text.replace('"/>', "") or "'/" in text], (
        "an address that leaves the mount"
    )
