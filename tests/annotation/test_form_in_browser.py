"""Interfaces answered in a real Chromium, by keyboard as far as that goes, and what Label Studio stored of it read."""

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Page, expect, sync_playwright
from support.chromium import ARGUMENTS, CHROMIUM
from support.forms import FORMS, SECONDS, TEXT, served, weights, write_media
from support.label_studio import LabelStudio

from affectory.annotation.answered import Read
from affectory.annotation.shown import Shown
from affectory.schemas.recipe.review import Floors

pytestmark = pytest.mark.xdist_group("label-studio")
_ANY_SPEED = Floors(text=0, media=0)
_PATIENCE_MS = 120_000


@dataclass(frozen=True)
class Browsing:
    """A browser that is logged in, and the projects in which it answers."""

    page: Page
    server: LabelStudio
    api: httpx.Client
    media: str
    screenshots: Path

    def answer(self, name: str, act: Callable[[Page], None]) -> Read:
        """Opens an interface, answers, keeps a picture of it, submits, and reads what was stored."""
        form, about = FORMS[name]
        self.page.goto(f"{self.server.url}/projects/{self._project(name)}/data?labeling=1")
        self.page.get_by_test_id("bottombar-submit-button").wait_for()
        _settle(self.page, about)
        act(self.page)
        self.page.screenshot(path=self.screenshots / f"form-{name}.png")
        with self.page.expect_response(lambda r: "/annotations" in r.url and r.request.method == "POST") as stored:
            self.page.keyboard.press("Control+Enter")
        annotation = self.api.get(f"/api/annotations/{stored.value.json()['id']}/").json()
        return form.read(annotation["result"], about, annotation["lead_time"], _ANY_SPEED)

    def _project(self, name: str) -> int:
        form, about = FORMS[name]
        facts = {"title": f"form {name}", "label_config": form.config(), "expert_instruction": form.instructions()}
        project = self.api.post("/api/projects/", json=facts).raise_for_status().json()["id"]
        data = form.data(about, lambda file: f"{self.media}/{file.name}", trace=f"{self.server.url}/")
        self.api.post(f"/api/projects/{project}/import", json=[{"data": data}] * 2).raise_for_status()
        return int(project)


def _settle(page: Page, about: Shown) -> None:
    """What plays is there before keys are pressed."""
    if "video" in about.media:
        page.get_by_text("of 50").wait_for()
    if "audio" in about.media:
        expect(page.get_by_test_id("timebox-end-time").locator("input")).to_have_value(f"00:00:0{int(SECONDS)}:000")
    if "image" in about.media:
        page.locator(".aff-image canvas").first.wait_for()


@pytest.fixture(scope="module")
def browsing(label_studio: LabelStudio, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browsing]:
    folder = tmp_path_factory.mktemp("forms")
    kept = Path(os.environ.get("AFFECTORY_SCREENSHOTS") or folder)
    headers = {"Authorization": f"Token {label_studio.token}"}
    with (
        served(write_media(folder)) as media,
        httpx.Client(base_url=label_studio.url, headers=headers, timeout=60) as api,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        page = browser.new_page(viewport={"width": 1280, "height": 800})
        page.set_default_timeout(_PATIENCE_MS)
        page.goto(f"{label_studio.url}/user/login/")
        page.fill("input[name=email]", label_studio.admin_email)
        page.fill("input[name=password]", label_studio.admin_password)
        page.keyboard.press("Enter")
        page.wait_for_url(lambda url: "login" not in url)
        yield Browsing(page, label_studio, api, media, kept)
        browser.close()


Act = Callable[[Page], None]


def press(*keys: str) -> Act:
    return lambda page: [page.keyboard.press(key) for key in keys] and None


def drag(selector: str, start: tuple[float, float], end: tuple[float, float]) -> Act:
    """Over an element, from where to where in shares of its sides."""

    def act(page: Page) -> None:
        box = page.locator(selector).first.bounding_box()
        assert box is not None
        (x, y), (right, low) = ((box["x"] + box["width"] * x, box["y"] + box["height"] * y) for x, y in (start, end))
        page.mouse.move(x, y)
        page.mouse.down()
        page.mouse.move(right, low, steps=8)
        page.mouse.up()

    return act


def typed(element: str, text: str, *then: str) -> Act:
    """Goes to an element by Tab alone, and types."""

    def act(page: Page) -> None:
        for _ in range(80):
            if page.evaluate("what => document.activeElement.matches(what)", element):
                break
            page.keyboard.press("Tab")
        page.keyboard.type(text)
        press(*then)(page)

    return act


def found(word: str) -> Act:
    """Looks a word up in the tree, which is open."""

    def act(page: Page) -> None:
        expect(page.locator("[name=taxonomy-search-input]")).to_be_focused()
        page.keyboard.type(word)
        expect(page.locator(".ant-select-tree-treenode", has_text=word).nth(1)).to_be_visible()

    return act


def over(text: str) -> Act:
    """Draws over some words of the text that is shown."""

    def act(page: Page) -> None:
        box = page.evaluate(_WHERE, text)
        page.mouse.move(box["left"] + 2, box["top"] + box["height"] / 2)
        page.mouse.down()
        page.mouse.move(box["right"] - 2, box["top"] + box["height"] / 2, steps=8)
        page.mouse.up()

    return act


_WHERE = """text => {
  const lines = [...document.querySelectorAll(".aff-text .lsf-richtext__line")];
  const line = lines.find(line => line.textContent.includes(text)).firstChild;
  const range = document.createRange(), start = line.textContent.indexOf(text);
  range.setStart(line, start);
  range.setEnd(line, start + text.length);
  const {left, right, top, height} = range.getBoundingClientRect();
  return {left, right, top, height};
}"""


@dataclass(frozen=True)
class Case:
    """What a rater does, and what comes of it: answers by question, and what was marked."""

    acts: tuple[Act, ...]
    answers: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    marked: Mapping[str, Any] = field(default_factory=dict)
    said: str | None = None


CASES = {
    "text": Case(
        (press("4", "Shift+4", "Shift+4", "6", "Shift+6", *"yyy", "q"), over("he came")),
        {"main: categories": {"weights": weights(["joy", "surprise"]),
                              "intensities": [None, None, None, 2.0, None, 1.0, None]}},
        {"char_start": TEXT.index("he came"), "char_end": TEXT.index("he came") + len("he came")},
    ),
    "video": Case(
        (press("1", "Shift+1", *"vvvv", *"a" * 9, "d", *"yyyyy"),),
        {"main: categories": {"weights": weights("anger"), "intensities": [1.0, *[None] * 6]},
         "main: vad": {"vad": {"valence": 0.0, "arousal": -1.0, "dominance": -0.75}}},
    ),
    "audio": Case(
        (press("4", "8"), drag(".aff-audio canvas", (0.25, 0.5), (0.5, 0.6)),
         typed("textarea", "her voice rises", "Tab")),
        {"main: categories": {"weights": weights("joy")}},
        {"start_us": 1_500_000, "end_us": 2_000_000},
        "her voice rises",
    ),
    "image": Case(
        (press("8", "8", "a", "4"), drag(".aff-image img", (0.25, 0.25), (0.5, 0.5))),
        {"main: faces": {"weights": weights("joy")},
         "main: vad": {"vad": {"valence": -0.5, "arousal": -0.75, "dominance": None}}},
        {"box": [160, 120, 160, 120]},
    ),
    "pair": Case((press("2", *"yyyy"),), {"main: preference": {"preference": "right"}}),
    "tree": Case(
        (typed(".aff-tree input", "", "ArrowDown"), found("relief"), press(*["ArrowDown"] * 3, "Enter", "Escape"),
         typed(".aff-typed input", "gone", "Enter", "Tab")),
        {"main: tree": {"weights": weights("relief", FORMS["tree"][0].taxonomy.at(3))},
         "main: words": {"words": ["gone"]}},
    ),
    "timeline": Case(
        (press("t", "4"), drag(".lsf-timeline-frames", (238 / 703, 0.5), (398 / 703, 0.5))),
        {"main: times": {"weights": weights("joy")}, "main: transcript": {}},
        {"start_us": 1_200_000, "end_us": 1_640_000},
        TEXT,
    ),
}  # fmt: skip
_NEAR = {"start_us": 20_000, "end_us": 20_000, "char_start": 0, "char_end": 0, "box": 3}


@pytest.mark.parametrize("name", CASES)
def test_what_is_answered_in_the_page_is_what_is_read(browsing: Browsing, name: str) -> None:
    case = CASES[name]
    read = browsing.answer(name, lambda page: [act(page) for act in case.acts] and None)
    assert read.problems == ()
    assert {answer.question: answer.answer for answer in read.answers} == case.answers
    marks = [mark for answer in read.answers for mark in (answer.place, *answer.evidence)]
    found = [{key: value for key, value in mark.items() if key in case.marked} for mark in marks]
    assert not case.marked or any(_near(mark, case.marked) for mark in found), marks
    assert case.said is None or case.said in {answer.rationale for answer in read.answers}


def _near(mark: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
    return mark.keys() == wanted.keys() and all(mark[k] == pytest.approx(wanted[k], abs=_NEAR[k]) for k in wanted)


def test_one_key_leads_out_and_nothing_is_required_then(browsing: Browsing) -> None:
    assert browsing.answer("pair", press("1", "0", "x")) == Read(declined="harmful")
