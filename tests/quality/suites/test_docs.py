"""Data docs: pages of Great Expectations that stand alone, and in which what the data say is text."""

import re
from pathlib import Path
from typing import Any

import pytest
from support.suite_world import about, sample, stored
from support.suites import warm_examiner

from affectory.quality.suites.docs import alone
from affectory.quality.suites.validate import validate

pytestmark = pytest.mark.xdist_group("suites")

EVIL = "<img src=x onerror=alert(1)>"
FETCHED = re.compile(
    r"<(?:script|link|iframe|img|object|embed)\b|@import|url\(|(?:src|href)=[\"']?(?:https?:)?//", re.I
)


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Of a dataset whose ids and texts are markup, by name."""
    folder, docs = tmp_path_factory.mktemp("evil"), tmp_path_factory.mktemp("docs") / "gate"
    rows = [sample("one"), sample("two", sample_id=EVIL, source=EVIL, extra=[(EVIL, EVIL)])]
    own: list[dict[str, Any]] = [
        {"expect": "column_distinct_values_to_be_in_set", "column": "source", "value_set": ["talks", f"{EVIL}$x"]},
        {"expect": "column_values_to_be_null", "column": f"extra.{EVIL}", "means": EVIL, "severity": "warns"},
    ]
    recipe = about(expect=[{"table": "samples", **given} for given in own])
    validate(stored(folder, {"samples": rows, "notes": []}), recipe, docs=docs, examiner=warm_examiner())
    return {str(page.relative_to(docs)): page.read_text() for page in docs.rglob("*.html")}


def test_each_table_has_a_page_and_the_first_leads_there(pages: dict[str, str]) -> None:
    [samples] = [name for name in pages if name.endswith("/samples.html")]
    assert len(pages) == 3
    assert f"href='{samples}'" in pages["index.html"]


def test_checks_are_told_with_their_names_and_rows(pages: dict[str, str]) -> None:
    [page] = [page for name, page in pages.items() if name.endswith("/samples.html")]
    assert "samples.id: column values to match regex" in page
    assert "It blocks where sample_id is not one that affectory makes" in page
    assert "&lt;img src=x onerror=alert(1)&gt;" in page


def test_nothing_is_fetched_and_nothing_of_the_data_is_markup(pages: dict[str, str]) -> None:
    assert [(name, FETCHED.findall(page)) for name, page in pages.items() if FETCHED.search(page)] == []


def test_pages_do_not_hang_on_when_they_were_made(pages: dict[str, str]) -> None:
    assert not [name for name, page in pages.items() if re.search(r"20[2-9]\d-?\d\d-?\d\d", page)]


@pytest.mark.parametrize(
    "outside",
    [
        "<script src='https://a.b/c.js'></script>",
        "<script>\nalert(1)\n</script>",
        '<LINK rel="stylesheet" href="https://a.b/c.css">',
        '<img src="https://a.b/c.png">',
        "<iframe src='https://a.b'></iframe>",
        "<style>@import url(https://a.b/c.css);</style>",
        "<a href=https://a.b/c>there</a>",
    ],
)
def test_what_lies_elsewhere_is_left_out(outside: str) -> None:
    assert not FETCHED.search(alone(f"<html><head></head><body>{outside}kept</body></html>"))
    assert "kept" in alone(f"<html><body>{outside}kept</body></html>")


def test_the_pages_of_a_folder_that_is_there_are_written_anew(tmp_path: Path) -> None:
    docs = tmp_path / "docs"
    for count in (1, 2):
        files = stored(tmp_path, {"samples": [sample(str(n)) for n in range(count)]})
        validate(files, about(), docs=docs, examiner=warm_examiner())
    assert len(list(docs.rglob("samples.html"))) == 1
    assert "<td>2</td>" in (docs / "index.html").read_text()
