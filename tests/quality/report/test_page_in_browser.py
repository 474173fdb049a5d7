"""The page as people use it: by mouse, by keys, by ear, on a phone, by night."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.released import released
from support.watching import Watched

from affectory.quality.report import write_report

NASTY = "</script><img src=http://x.test/a onerror=alert(1)>'\"&"
LOOKED_AT = [(1280, "light"), (768, "dark"), (360, "light")]


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("report")
    write_report(released(folder / "v1.0.0", 120), folder / "report.html")
    return (folder / "report.html").as_uri()


@pytest.mark.parametrize(("width", "scheme"), LOOKED_AT)
def test_it_is_readable_and_usable_by_all(browser: Any, address: str, tmp_path: Path, width: int, scheme: str) -> None:
    with Watched(browser, address, width=width, scheme=scheme) as seen:
        seen.open("audio")
        seen.picture(tmp_path, f"report-{width}-{scheme}")
        assert seen.faults() == []
        assert seen.page.evaluate("document.documentElement.scrollWidth") <= width
        assert (seen.said, seen.asked) == ([], [])


FOUND = [
    ({"label": "joy"}, "", 17),
    ({"label": "none"}, "", 17),
    ({"split": "train"}, "", 60),
    ({"kind": "text", "source": "letters"}, "", 36),
    ({}, "BIRTHDAY", 0),
    ({}, "wunderbar ehrlich", 24),
    ({}, "wunderbar birthday", 0),
    ({"split": "test"}, "train", 6),
    ({}, "k17", 1),
]


@pytest.mark.parametrize(("facets", "words", "many"), FOUND)
def test_filters_and_search_find_what_is_there(page: Watched, facets: dict[str, str], words: str, many: int) -> None:
    seen, view = page, page.page
    view.get_by_role("button", name="Clear").click()
    for name, value in facets.items():
        view.select_option(f"select[name={name}]", f"={value}")
    view.fill("#find", words)
    expected = "None of 120 samples" if not many else f"{many} of 120 samples"
    seen.until("told => document.getElementById('told').textContent === told", expected)
    assert view.locator("button.entry").count() == min(many, 50)


@pytest.fixture(scope="module")
def page(browser: Any, address: str) -> Iterator[Watched]:
    with Watched(browser, address) as seen:
        yield seen


def test_it_is_walked_by_keys_alone(browser: Any, address: str) -> None:
    with Watched(browser, address) as seen:
        view, active = seen.page, "document.activeElement.dataset.id"
        ids = view.eval_on_selector_all("button.entry", "all => all.map(one => one.dataset.id)")
        view.keyboard.press("/")
        assert view.evaluate("document.activeElement.id") == "find"
        seen.until("innerHeight - document.querySelector('#list').getBoundingClientRect().top > 300")
        view.keyboard.press("ArrowDown")
        view.keyboard.press("j")
        assert view.evaluate(active) == ids[1]
        view.keyboard.press("Enter")
        view.wait_for_selector("#sample:not([hidden])")
        assert view.locator("#sample h3").inner_text() == ids[1]
        view.keyboard.press("j")
        seen.until("id => document.querySelector('#sample h3')?.textContent === id", ids[2])
        view.keyboard.press("k")
        assert view.evaluate(active) == ids[1]
        seen.until("id => document.querySelector('#sample h3')?.textContent === id", ids[1])
        view.keyboard.press("ArrowRight")
        assert view.evaluate("document.activeElement.id") == "sample"
        assert view.locator("#opened").inner_text().startswith(f"Sample {ids[1]} is open")
        view.keyboard.press("Escape")
        assert view.locator("#sample").is_hidden()
        assert view.evaluate(active) == ids[1]
        view.keyboard.press("Tab")
        assert view.evaluate(active) == ids[2]


def test_pages_of_fifty_are_turned(browser: Any, address: str) -> None:
    with Watched(browser, address) as seen:
        for expected in ("51 to 100 of 120", "101 to 120 of 120"):
            seen.page.get_by_role("button", name="Next").click()
            seen.until("told => document.getElementById('where').textContent === told", expected)
        assert seen.page.locator("button.entry").count() == 20
        assert seen.page.get_by_role("button", name="Next").is_disabled()


def test_evidence_is_marked_in_time_text_and_picture(browser: Any, address: str) -> None:
    with Watched(browser, address) as seen:
        view = seen.page
        seen.open("missed the last train")
        assert view.locator("#sample mark").inner_text() == "missed"
        seen.open("image from")
        view.wait_for_selector("#sample .stage rect", state="attached")
        assert view.locator("#sample .stage svg").get_attribute("viewBox") == "0 0 64 48"
        assert view.locator("#sample .stage rect").count() == 2, "one of a rater, one of a step"
        seen.open("audio of")
        spot = view.locator("#sample .way button")
        assert re.fullmatch(r"\w+ by p_0+, 0:00.5 to 0:01.0", spot.get_attribute("aria-label") or "")
        seen.until("document.querySelector('audio').duration > 1.9")
        spot.click()
        seen.until("document.querySelector('audio').currentTime >= .5")
        assert view.locator("#sample .opinions > li").count() >= 4


def test_a_link_opens_its_sample(browser: Any, address: str) -> None:
    with Watched(browser, address) as seen:
        link = seen.page.locator(".findings a").first
        wanted = link.inner_text()
        link.click()
        seen.until("id => document.querySelector('#sample h3')?.textContent === id", wanted)


def test_on_a_phone_a_sample_opens_where_it_was_touched(browser: Any, address: str) -> None:
    with Watched(browser, address, width=360) as seen:
        seen.open("audio")
        assert seen.page.locator("#list > li:has(button[aria-expanded=true]) #sample").count() == 1


def test_without_script_the_figures_are_there(browser: Any, address: str) -> None:
    context = browser.new_context(java_script_enabled=False)
    view = context.new_page()
    view.goto(address)
    assert view.get_by_role("heading", name="Agreement", exact=True).is_visible()
    assert view.get_by_text("needs JavaScript").is_visible()
    context.close()


def test_what_others_wrote_does_nothing(browser: Any, tmp_path: Path) -> None:
    write_report(released(tmp_path / "v1.0.0", 12, nasty=NASTY), tmp_path / "report.html")
    with Watched(browser, (tmp_path / "report.html").as_uri(), width=360) as seen:
        assert seen.page.evaluate("document.documentElement.scrollWidth") <= 360, "however long names are"
        for kind in ("missed", "image", "audio"):
            seen.open(kind)
            assert NASTY in seen.page.locator("#sample .opinions").inner_text()
            for details in seen.page.locator("#sample details").all():
                details.evaluate("one => one.open = true")
        assert seen.page.locator("img[onerror], iframe").count() == 0
        assert (seen.said, seen.asked) == ([], [])
