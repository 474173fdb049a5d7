"""A real annotator's session and token before a real Label Studio, and what comes of all that they try."""

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import httpx
import pytest
from support.attempts import HEADERS, REFUSED
from support.chromium import ARGUMENTS, CHROMIUM
from support.label_studio import LabelStudio
from support.proxied_live import SADNESS, SECRET, Live, living, logged_in, project

from affectory.annotation.proxy.home import Assigned, link_secret, write_assigned
from affectory.annotation.proxy.links import signed_link

pytestmark = pytest.mark.xdist_group("label-studio")
SHOTS = "AFFECTORY_SCREENSHOTS"
PATIENCE_MS = 120_000

SPELLINGS = (
    "/static/../api/annotations/{}/", "/static/..%2fapi/annotations/{}/", "/static/%2e%2e/api/annotations/{}/",
    "//api/annotations/{}/", "/api/annotations/{}/;x", "/static//../../api/annotations/{}/",
    "/api\\annotations\\{}/", "http://127.0.0.1/api/annotations/{}/",
    "/affectory/media/../../api/annotations/{}/", "/review/../api/annotations/{}/",
    "/trace/../api/annotations/{}/", "/static/x?/../../api/annotations/{}/",
    "/static/x#/../../api/annotations/{}/",
)  # fmt: skip


@pytest.fixture(scope="module")
def live(label_studio: LabelStudio, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    with living(label_studio, tmp_path_factory.mktemp("home")) as found:
        yield found


@pytest.fixture(scope="module")
def ann(live: Live) -> Iterator[httpx.Client]:
    with live.session(live.ann) as client:
        yield client


@pytest.fixture(scope="module")
def theirs(live: Live) -> int:
    """What Bob answered to the first task."""
    task, body = live.tasks[0], {"result": [*SADNESS, {"value": {"text": [SECRET]}}], "lead_time": 4}
    with live.session(live.bob) as bob:
        found = bob.post(f"/api/tasks/{task}/annotations?project={live.project}", json=body)
    assert found.status_code == 201
    return int(found.json()["id"])


def state(live: Live) -> list[Any]:
    """All that an annotator might spoil, as the administrator sees it."""
    project = live.admin("GET", f"/api/projects/{live.project}/")
    people = [row["email"] for row in live.admin("GET", "/api/users/")]
    tokens = live.admin("GET", "/api/jwt/settings")
    tasks = [live.asked(task)["annotations"] for task in (*live.tasks, live.foreign_task)]
    for row in (row for rows in tasks for row in rows):
        row.pop("created_ago")
    hooks = live.admin("GET", "/api/webhooks/")
    return [project["title"], project["maximum_annotations"], project["task_number"], people, tokens, tasks, hooks]


def numbers(live: Live, theirs: int) -> dict[str, object]:
    mine = {"project": live.project, "foreign": live.foreign, "task": live.tasks[0], "other_task": live.tasks[1]}
    return mine | {"foreign_task": live.foreign_task, "lead": 1, "me": live.ann.id, "theirs": theirs}


def test_nothing_that_annotators_try_does_anything(live: Live, ann: httpx.Client, theirs: int) -> None:
    """All attempts, with a session and with a token: each refused, and in the end nothing is other than before."""
    before, done = state(live), []
    with httpx.Client(base_url=live.url, headers={"Authorization": f"Token {live.ann.token}"}, timeout=60) as token:
        for attempt in (attempt.filled(numbers(live, theirs)) for attempt in REFUSED):
            for client in (ann, token):
                found = client.request(attempt.method, attempt.path, json=attempt.body)
                if found.status_code not in (400, 403, 404) or SECRET in found.text:
                    done.append((str(attempt), found.status_code))
    assert len(REFUSED) > 80
    assert done == []
    assert state(live) == before


def test_label_studio_itself_would_have_let_them(live: Live, theirs: int) -> None:
    """Without the proxy the same session reads the other's words: the refusals above are the proxy's doing."""
    with logged_in(live.studio.url, live.ann.email, live.ann.password) as past:
        assert SECRET in past.get(f"/api/annotations/{theirs}/").text


def test_what_is_theirs_shows_nothing_of_others(live: Live, ann: httpx.Client, theirs: int) -> None:
    task, project = live.tasks[0], live.project
    for path in (f"/api/tasks/{task}/", f"/api/tasks/{task}/annotations/", f"/api/tasks/{task}/drafts",
                 f"/api/projects/{project}/", f"/api/dm/project?project={project}", "/api/projects/", "/api/users",
                 f"/api/tasks?project={project}", f"/api/projects/{project}/next", "/review/",
                 f"/api/projects/{project}/label-stream-history", f"/projects/{project}/data?labeling=1"):  # fmt: skip
        found = ann.get(path)
        assert found.status_code == 200, path
        assert not any(word in found.text for word in (SECRET, live.bob.email, live.studio.admin_email)), path


@pytest.mark.parametrize("headers", HEADERS, ids=lambda headers: next(iter(headers)))
def test_headers_open_no_door(live: Live, ann: httpx.Client, theirs: int, headers: dict[str, str]) -> None:
    assert ann.get(f"/api/annotations/{theirs}/", headers=headers).status_code == 403


@pytest.mark.parametrize("path", SPELLINGS)
def test_no_spelling_of_a_path_opens_a_door(live: Live, ann: httpx.Client, theirs: int, path: str) -> None:
    """Sent as they stand here: clients put paths in order before they send them, attackers do not."""
    line = HTTPConnection(live.url.removeprefix("http://"), timeout=60)
    with closing(line):
        line.request("GET", path.format(theirs), headers={"Cookie": f"sessionid={ann.cookies['sessionid']}"})
        found = line.getresponse()
        assert SECRET not in found.read().decode("utf-8", "replace")
        assert found.status in (400, 403, 404)


def test_anyones_tasks_are_dealt_out(live: Live, ann: httpx.Client) -> None:
    """One answer each is wanted: two raters at once get different ones, and in the end nothing is left for either."""
    number, (first, second) = project(live, "Anyone's", 2)
    plan = Assigned(tasks={n: {"overlap": 1} for n in (first, second)}, anyone=(first, second))
    write_assigned(live.home, number, plan)
    path = f"/api/projects/{number}/next"
    with live.session(live.bob) as bob:
        assert [who.get(path).json()["id"] for who in (ann, bob, ann)] == [first, second, first]
        assert ann.get(f"/api/tasks/{second}/").status_code == 403
        assert ann.post(f"/api/tasks/{second}/annotations/", json={"result": SADNESS}).status_code == 409
        made = [ann.post(f"/api/tasks/{first}/annotations/", json={"result": SADNESS}),
                bob.post(f"/api/tasks/{second}/annotations/", json={"result": SADNESS})]  # fmt: skip
        assert [found.status_code for found in made] == [201, 201]
        assert [who.get(path).status_code for who in (ann, bob)] == [404, 404]
        assert "Nothing is left." in ann.get("/review/").text
    (live.home / "assigned" / f"{number}.json").unlink()


def test_two_answers_at_once_are_one(live: Live) -> None:
    task = live.tasks[2]
    with live.session(live.bob) as bob, ThreadPoolExecutor(4) as pool:
        path = f"/api/tasks/{task}/annotations?project={live.project}"
        found = [pool.submit(bob.post, path, json={"result": SADNESS}) for _ in range(4)]
        assert sorted(answer.result().status_code for answer in found) == [201, 409, 409, 409]
        (kept,) = [row for row in live.asked(task)["annotations"] if row["completed_by"]["id"] == live.bob.id]
        assert bob.delete(f"/api/annotations/{kept['id']}/").status_code == 204


def test_a_draft_is_its_authors(live: Live, ann: httpx.Client) -> None:
    task = live.tasks[2]
    with live.session(live.bob) as bob:
        made = bob.post(f"/api/tasks/{task}/drafts", json={"result": SADNESS}).json()["id"]
        assert bob.get(f"/api/drafts/{made}/").json()["result"] == SADNESS
        for method in ("GET", "PATCH", "DELETE"):
            assert ann.request(method, f"/api/drafts/{made}/", json={"result": []}).status_code == 403
        assert ann.get(f"/api/tasks/{task}/drafts").json() == []
        assert bob.delete(f"/api/drafts/{made}/").status_code == 204


def test_ones_own_answer_goes_all_its_ways(live: Live) -> None:
    """Bob answers, reads, changes, reopens and answers again, and takes it back; the administrator sees each."""
    task = live.tasks[1]
    with live.session(live.bob) as bob:
        path = f"/api/tasks/{task}/annotations"
        made = bob.post(path, json={"result": SADNESS, "completed_by": 1, "lead_time": 2}).json()["id"]
        assert [row["completed_by"]["id"] for row in live.asked(task)["annotations"]] == [live.bob.id]
        assert bob.post(path, json={"result": []}).status_code == 409
        assert bob.patch(f"/api/annotations/{made}/", json={"result": [], "completed_by": 1}).status_code == 200
        assert live.asked(task)["annotations"][0]["result"] == []
        draft = bob.post(f"/api/annotations/{made}/convert-to-draft").json()["id"]
        again = bob.post(path, json={"result": SADNESS, "draft_id": draft}).json()["id"]
        assert bob.delete(f"/api/annotations/{again}/").status_code == 204
    assert live.asked(task)["annotations"] == []


def test_leads_reach_all(live: Live, theirs: int) -> None:
    with logged_in(live.url, live.studio.admin_email, live.studio.admin_password) as lead:
        assert SECRET in lead.get(f"/api/annotations/{theirs}/").text
        assert live.bob.email in lead.get("/api/users/").text
        assert lead.patch(f"/api/projects/{live.project}/", json={"description": "seen"}).status_code == 200
        assert lead.get(f"/projects/{live.project}/data").status_code == 200
    assert live.admin("GET", f"/api/projects/{live.project}/")["description"] == "seen"


def test_media_need_a_login_or_a_link_that_holds(live: Live, ann: httpx.Client) -> None:
    path = f"/affectory/media/{live.media}"
    part = ann.get(path, headers={"Range": "bytes=100-199"})
    assert (part.status_code, len(part.content), part.headers["content-type"]) == (206, 100, "audio/wav")
    assert "private" in part.headers["cache-control"]
    assert httpx.get(f"{live.url}{path}").status_code == 401
    secret = link_secret(live.home)
    assert httpx.get(signed_link(secret, live.url, live.media, 9_999_999_999)).status_code == 200
    assert httpx.get(signed_link(secret, live.url, live.media, 1_000)).status_code == 401
    assert httpx.get(signed_link(b"guessed", live.url, live.media, 9_999_999_999)).status_code == 401


class Screen:
    """A page in Chromium, and where its pictures go."""

    def __init__(self, page: Any, folder: Path) -> None:
        self.page, self.folder = page, folder

    def enter(self, live: Live, email: str, password: str) -> None:
        self.page.goto(f"{live.url}/user/login/")
        self.page.fill("input[name=email]", email)
        self.page.fill("input[name=password]", password)
        self.page.keyboard.press("Enter")
        self.page.wait_for_url("**/review/")

    def shot(self, name: str) -> None:
        self.page.screenshot(path=self.folder / f"proxy-{name}.png")

    def stands(self, text: str) -> None:
        self.page.get_by_text(text, exact=True).first.wait_for()

    def ready(self) -> None:
        """The task can be answered."""
        self.page.get_by_test_id("bottombar-submit-button").wait_for()

    def saves(self, keys: str, method: str) -> Any:
        """Presses keys that send an answer, and waits until Label Studio has it."""
        sent = lambda r: "/api/" in r.url and "/annotations" in r.url and r.request.method == method  # noqa: E731
        with self.page.expect_response(sent) as found:
            self.page.keyboard.press(keys)
        return found.value


@pytest.fixture
def screen(tmp_path: Path) -> Iterator[Screen]:
    if not CHROMIUM.exists():
        pytest.skip("no Chromium: make review")
    from playwright.sync_api import sync_playwright

    folder = Path(os.environ.get(SHOTS, tmp_path))
    folder.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        browser = stack.enter_context(sync_playwright()).chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        stack.callback(browser.close)
        page = browser.new_page(viewport={"width": 1280, "height": 850})
        page.set_default_timeout(PATIENCE_MS)
        yield Screen(page, folder)


def test_a_rater_labels_by_keyboard_in_the_order_of_the_plan(live: Live, screen: Screen, theirs: int) -> None:
    """The third task and then the first, which Bob has answered; then back, to think better of one.

    Nothing of Bob's is on the screen, nothing outside is asked for, and no error is thrown.
    """
    page, three, one = screen.page, live.tasks[2], live.tasks[0]
    wrong = _watch(page, live.url)
    screen.enter(live, live.ann.email, live.ann.password)
    screen.shot("overview")
    page.get_by_role("link", name="Start").click()
    screen.stands("Line 2 of Voices")
    _plays(page)
    screen.shot("stream")
    _fits_a_phone(screen)
    page.keyboard.press("1")
    assert screen.saves("Control+Enter", "POST").status == 201
    screen.stands("Line 0 of Voices")
    screen.ready()
    assert SECRET not in page.content() and live.bob.email not in page.content()
    assert screen.saves("Control+Space", "POST").status == 201
    page.get_by_text("No More Tasks Left in Queue").wait_for()
    screen.shot("done")
    kept = {task: live.asked(task)["annotations"] for task in (three, one)}
    mine = {task: [a for a in rows if a["completed_by"]["id"] == live.ann.id] for task, rows in kept.items()}
    assert [a["was_cancelled"] for a in mine[three] + mine[one]] == [False, True]
    assert mine[three][0]["result"][0]["value"]["choices"] == ["joy"]
    page.get_by_role("link", name="Your work").click()
    page.get_by_text("2 of 2 done, 0 left.").wait_for()
    screen.shot("overview-done")
    assert wrong == {"errors": [], "outside": [], "refused": []}


def _fits_a_phone(screen: Screen) -> None:
    before = screen.page.viewport_size
    screen.page.set_viewport_size({"width": 390, "height": 844})
    submit = screen.page.get_by_test_id("bottombar-submit-button").bounding_box()
    screen.shot("phone")
    assert submit and submit["x"] >= 0 and submit["x"] + submit["width"] <= 390
    assert before is not None
    screen.page.set_viewport_size(before)


def test_a_rater_goes_back_and_thinks_better_of_it(live: Live, screen: Screen) -> None:
    """What Bob answered in the stream he finds again by the arrow and changes by keyboard."""
    page, one, two = screen.page, live.tasks[1], live.tasks[2]
    screen.enter(live, live.bob.email, live.bob.password)
    page.emulate_media(color_scheme="dark")
    screen.shot("overview-dark")
    page.get_by_role("link", name="Go on").click()
    screen.stands("Line 1 of Voices")
    screen.ready()
    page.keyboard.press("1")
    assert screen.saves("Control+Enter", "POST").status == 201
    screen.stands("Line 2 of Voices")
    screen.ready()
    page.get_by_test_id("prev-task").click()
    screen.stands("Line 1 of Voices")
    page.get_by_test_id("bottombar-update-button").wait_for()
    page.keyboard.press("2")
    assert screen.saves("Control+Enter", "PATCH").status == 200
    screen.shot("changed")
    assert [a["result"][0]["value"]["choices"] for a in live.asked(one)["annotations"]] == [["sadness"]]
    assert not [a for a in live.asked(two)["annotations"] if a["completed_by"]["id"] == live.bob.id]


def _watch(page: Any, url: str) -> dict[str, list[str]]:
    """What must not happen while somebody labels."""
    wrong: dict[str, list[str]] = {"errors": [], "outside": [], "refused": []}
    ours = (url, "data:", "blob:")
    page.on("pageerror", lambda error: wrong["errors"].append(str(error)))
    page.on("request", lambda r: None if r.url.startswith(ours) else wrong["outside"].append(r.url))
    last = "/api/dm/actions?id=next_task"  # says by 404 that there is no more
    page.on("response", lambda r: wrong["refused"].append(r.url) if r.status >= 400 and last not in r.url else None)
    return wrong


def _plays(page: Any) -> None:
    """The sound is there, is played and sought in."""
    page.get_by_test_id("playback-button:play").click()
    page.get_by_test_id("playback-button:pause").wait_for()
    page.get_by_test_id("playback-button:pause").click()
