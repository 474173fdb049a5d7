"""The page: one file that asks for nothing, escapes what others wrote, and can be read by all."""

import os
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from support.reviewing import MOODS, Review

from affectory.annotation.status.figures import Status
from affectory.annotation.status.page import MOST_ROWS, page

NASTY = '<img src="http://x.test/a.png" onerror="alert(1)">\u202e'


def reviewed(why: str = "answered in 0.2 s, and it takes 0.7 s at least") -> Status:
    review = Review()
    for place in range(48):
        for number in range(4):
            ask = review.ask(f"s_{place}", f"p_{number:024x}", kind=("text", "audio", "video")[place % 3])
            if (place + number) % 11 == 0:
                review.back(ask, verdict="refused", why=why, spent_s=0.2)
            elif place < 40:
                moment = f"2026-11-{2 + place // 4:02}T10:{number:02}:00Z"
                word = MOODS.labels[(place + (number == 3) * (place % 2)) % 3]
                review.says(ask, word, spent_s=5.0 + number + place % 5, updated=moment)
    gold = {f"s_{place}": [MOODS.labels[place % 3]] for place in range(0, 40, 4)}
    projects = {("main", kind, False): "http://127.0.0.1:8080/projects/3" for kind in ("text", "audio", "video")}
    return review.status(title=f"hello {why[:5]}", gold=gold, draws=100, projects=projects)


def test_what_others_wrote_is_text_and_nothing_else() -> None:
    html = page(reviewed(NASTY))
    assert "<img" not in html
    assert "&lt;img src=" in html
    assert "<script" not in html.lower()


@pytest.mark.parametrize("address", ["javascript:alert(1)", "data:text/html,x", ""])
def test_links_lead_to_web_addresses_only(address: str) -> None:
    review = Review()
    review.back(review.ask("s_1", "p_1"), verdict="refused", why="too quick")
    assert "href" not in page(review.status(projects={("main", "text", False): address}))


def test_of_very_many_answers_put_aside_the_page_lists_the_first() -> None:
    review = Review()
    for place in range(MOST_ROWS + 3):
        review.back(review.ask(f"s_{place}", "p_1"), verdict="refused", why="too quick")
    html = page(review.status())
    assert html.count("<li>too quick") == MOST_ROWS
    assert "And 3 more" in html


def test_before_anybody_answered_there_is_a_page_too() -> None:
    assert "Nobody has answered yet" in page(Review().status())


FAINT = """() => {
  const parts = color => color.match(/[\\d.]+/g).map(Number);
  const curved = c => c <= .03928 ? c / 12.92 : ((c + .055) / 1.055) ** 2.4;
  const light = ([r, g, b]) => .2126 * curved(r / 255) + .7152 * curved(g / 255) + .0722 * curved(b / 255);
  const ground = e => { for (; e; e = e.parentElement) { const c = parts(getComputedStyle(e).backgroundColor);
    if (c.length === 3 || c[3] > 0) return c; } return [255, 255, 255]; };
  const written = e => [...e.childNodes].some(n => n.nodeType === 3 && n.data.trim());
  return [...document.querySelectorAll('body *')].filter(written)
    .map(e => [light(parts(getComputedStyle(e).color)), light(ground(e)), e.outerHTML.slice(0, 80)])
    .filter(([a, b]) => (Math.max(a, b) + .05) / (Math.min(a, b) + .05) < 4.5).map(found => found[2]);
}"""
"""Texts whose contrast with what lies behind them is below 4.5."""
UNNAMED = """() => [...document.querySelectorAll('svg:not([aria-hidden=true])')]
  .filter(e => !e.getAttribute('aria-label'))
  .map(e => e.outerHTML.slice(0, 80))"""
HEADINGS = "() => [...document.querySelectorAll('h1, h2, h3')].map(e => Number(e.tagName[1]))"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_can_be_read_on_a_phone_and_a_desk_by_day_and_by_night(browser: Any, scheme: str, tmp_path: Path) -> None:
    file, kept = tmp_path / "status.html", Path(os.environ.get("AFFECTORY_SCREENSHOTS") or tmp_path)
    file.write_text(page(reviewed()), encoding="utf-8")
    with browser.new_context(color_scheme=scheme) as context:
        view, asked, said = context.new_page(), [], []
        view.on("request", lambda request: asked.append(request.url))
        view.on("console", lambda message: said.append(message.text))
        view.goto(file.as_uri())
        for width in (360, 820, 1280):
            view.set_viewport_size({"width": width, "height": 900})
            view.screenshot(path=kept / f"status-{width}-{scheme}.png", full_page=True)
            assert view.evaluate("document.documentElement.scrollWidth") <= width
            assert view.evaluate(FAINT) == []
        levels = view.evaluate(HEADINGS)
        assert (asked, said, view.evaluate(UNNAMED)) == ([file.as_uri()], [], [])
        assert (levels[0], levels.count(1)) == (1, 1)
        assert all(later - level <= 1 for level, later in pairwise(levels))
        view.keyboard.press("Tab")
        assert view.evaluate("document.activeElement.textContent").startswith("Look at task")
