"""The page of a comparison: whatever it tells is escaped, and it can be read by everybody."""

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from support.project import Project

from affectory.pipelines.comparing.compared import Comparison, compared
from affectory.pipelines.comparing.page import MOST_ROWS, page
from affectory.pipelines.release import ReleaseDiff

NASTY = "<script>alert(1)</script>"


@pytest.fixture(scope="module")
def found(versions: Project) -> Comparison:
    return compared(versions.releases / "v1.0.0", versions.releases / "v1.1.0", draws=100)


def test_names_are_escaped(found: Comparison) -> None:
    shift = found.shifts[0]
    shares = (replace(shift.shares[0], label=NASTY),)
    diff = replace(found.diff, b=NASTY, labels={NASTY: 1}, columns={NASTY: 1}, schema={NASTY: (NASTY,)}, files=(NASTY,))
    agreement = tuple(replace(one, question=NASTY, about=NASTY) for one in found.agreement)
    said = page(replace(found, diff=diff, shifts=(replace(shift, split=NASTY, shares=shares),), agreement=agreement))
    assert "<script" not in said and said.count("&lt;script&gt;") >= 8


def test_two_that_hold_the_same_have_a_page_too() -> None:
    assert "Both hold the same." in page(Comparison(ReleaseDiff("v1.0.0", "v1.0.1")))


def test_of_very_many_names_some_are_listed() -> None:
    many = {f"a{n} -> b": 1 for n in range(MOST_ROWS + 7)}
    assert "and 7 more" in page(Comparison(ReleaseDiff("v1", "v2", labels=many, files=("x",))))


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_can_be_read_at_every_width_by_day_and_by_night(
    browser: Any, found: Comparison, scheme: str, tmp_path: Path
) -> None:
    from axe_playwright_python.sync_playwright import Axe

    file, kept = tmp_path / "diff.html", Path(os.environ.get("AFFECTORY_SCREENSHOTS") or tmp_path)
    file.write_text(page(found), encoding="utf-8")
    with browser.new_context(color_scheme=scheme, bypass_csp=True) as context:
        view, asked, said = context.new_page(), [], []
        view.on("request", lambda request: asked.append(request.url))
        view.on("console", lambda message: said.append(message.text))
        view.goto(file.as_uri())
        for width in (360, 820, 1280):
            view.set_viewport_size({"width": width, "height": 900})
            view.screenshot(path=kept / f"diff-{width}-{scheme}.png", full_page=True)
            assert view.evaluate("document.documentElement.scrollWidth") <= width
        assert (asked, said) == ([file.as_uri()], [])
        faults = Axe().run(view).response["violations"]
        assert [(fault["id"], fault["nodes"][0]["html"][:90]) for fault in faults] == []
