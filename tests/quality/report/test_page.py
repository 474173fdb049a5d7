"""The page of a release: the same for the same release, complete without what is not there, and safe to open."""

import json
import re
import shutil
from html import unescape
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from support.released import released

from affectory.quality.report import write_report
from affectory.quality.report.embedding import CHUNK
from affectory.schemas.errors import UserError

NASTY = "</script><img src=http://x.test/a onerror=alert(1)><!--'\"&\u202e"


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return released(tmp_path_factory.mktemp("release") / "v1.0.0")


@pytest.fixture(scope="module")
def html(release: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    return report(release, tmp_path_factory.mktemp("report"))


def report(release: Path, folder: Path, **options: Any) -> str:
    write_report(release, folder / "report.html", **options)
    return (folder / "report.html").read_text(encoding="utf-8")


def data(html: str, name: str) -> Any:
    found = re.search(rf'<script type="application/json" id="{name}">(.*?)</script>', html, re.DOTALL)
    assert found
    return json.loads(found[1])


class Tags(HTMLParser):
    """What a browser takes for elements, and what these are given."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.names: set[str] = set()
        self.given: list[tuple[str, str | None]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.add(tag)
        self.given += attrs


def test_the_same_release_gives_the_same_bytes_wherever_it_lies(release: Path, html: str, tmp_path: Path) -> None:
    elsewhere = shutil.copytree(release, tmp_path / "elsewhere" / "v9.9.9")
    (tmp_path / "again").mkdir()
    assert report(elsewhere, tmp_path / "again") == html
    assert [path.name for path in (tmp_path / "again").iterdir()] == ["report.html"]


def test_it_tells_all_that_is_known(html: str) -> None:
    headings = re.findall(r'<h2 id="([\w-]+)"', html)
    assert headings == ["labels", "plane", "agreement", "raters", "holdings", "left-out", "gate", "samples"]
    for word in ("Voices and faces", "cc-by-4.0", "too_short", "words give 31 % away", "known and told in the card",
                 "media: no consent to publish", "writer@1", "letters", "valence"):  # fmt: skip
        assert word in html, word
    assert len(data(html, "chunk-0")) == 60
    assert data(html, "about") == {
        "labels": ["anger", "disgust", "fear", "joy", "sadness", "surprise", "neutral"],
        "total": 60, "shown": 60, "chunk": CHUNK, "served": False,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("gone", "section"),
    [
        ("data/opinions", 'id="raters"'),
        ("gate.json", 'id="gate"'),
        ("rejects.parquet", 'id="left-out"'),
        ("lineage.parquet", "letters"),
        ("recipe.yaml", "What people hear"),
        ("README.md", "cc-by-4.0"),
    ],
)
def test_what_a_release_does_not_have_is_left_out(tmp_path: Path, gone: str, section: str) -> None:
    poorer = released(tmp_path / "poorer", 8)
    target = poorer / gone
    shutil.rmtree(target) if target.is_dir() else target.unlink()
    html = report(poorer, tmp_path)
    assert section not in re.sub(r"<(script|style).*?</\1>", "", html, flags=re.DOTALL)
    assert data(html, "about")["shown"] == 8


def test_a_folder_that_is_no_release_is_said_to_be_none(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="holds no release"):
        write_report(tmp_path, tmp_path / "report.html")
    assert list(tmp_path.iterdir()) == []


def test_what_others_wrote_is_text_and_nothing_else(tmp_path: Path) -> None:
    html = report(released(tmp_path / "v1.0.0", 12, nasty=NASTY), tmp_path)
    tags = Tags(html)
    assert not {"img", "iframe", "object", "base"} & tags.names
    assert not [name for name, _ in tags.given if name.startswith("on")]
    assert html.count("</script>") == len(re.findall("<script[ >]", html))
    assert NASTY in data(html, "chunk-0")[0]["opinions"][0]["rater"]


def test_it_runs_its_own_script_alone_and_asks_nobody(html: str) -> None:
    found = re.search(r'Content-Security-Policy" content="([^"]+)"', html)
    assert found
    policy = dict(rule.split(" ", 1) for rule in unescape(found[1]).split("; "))
    assert policy["default-src"] == policy["connect-src"] == "'none'"
    assert policy["img-src"] == policy["media-src"] == "data:"
    assert re.fullmatch(r"'sha256-[\w+/]{43}='", policy["script-src"])
    addresses = [value or "" for name, value in Tags(html).given if name in ("src", "href")]
    assert not [address for address in addresses if not address.startswith(("#", "data:"))]


def test_of_many_samples_it_holds_some_and_says_so(release: Path, html: str, tmp_path: Path) -> None:
    some = report(release, tmp_path, samples=10)
    whole = [sample["id"] for sample in data(html, "chunk-0")]
    assert [sample["id"] for sample in data(some, "chunk-0")] == whole[:10]
    assert "This page holds 10 of 60 samples" in some
    assert "60</dd>" in some, "figures are of all"


@pytest.mark.parametrize("budget", [0, 0.02, 24])
def test_media_go_in_as_far_as_they_fit(release: Path, tmp_path: Path, budget: float) -> None:
    html = report(release, tmp_path, media_mb=budget)
    bodies = re.findall(r'<script type="text/plain" id="m-\d+-0">([^<]*)</script>', html)
    inside = [sample for sample in data(html, "chunk-0") if sample.get("inside")]
    assert len(bodies) == len(inside)
    assert sum(map(len, bodies)) * 3 / 4 <= budget * 1e6
    with_media = [sample for sample in data(html, "chunk-0") if sample.get("media")]
    assert len(with_media) == 24
    assert (len(inside) == 24) is (budget == 24)
    assert bool(inside) is (budget > 0)
