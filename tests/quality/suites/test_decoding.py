"""Media are decoded of a few samples, the same whatever files they lie in."""

from collections.abc import Sequence
from pathlib import Path

import pytest
from support.suite_world import clip, sid, stored

from affectory.quality.suites.decoding import TRIED, decode_check, decoded
from affectory.quality.suites.result import Counted
from affectory.schemas.parquet import Part

CHECKS = [decode_check("video")]


def tried(parts: Sequence[Part], broken: str = "") -> tuple[list[str], Counted]:
    opened: list[str] = []

    def open_media(medium: str, asset: str, form: str) -> None:
        opened.append(f"{medium} {asset} {form}")
        if asset == broken:
            raise OSError(asset)

    [found] = decoded(parts, CHECKS, open_media)
    return opened, found


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    made = [clip(str(n), video={"asset": f"a{n}", "format": "mp4"}) for n in range(80)]
    return stored(tmp_path, {"samples": [*made, clip("none", video=None)]}, 3)["samples"]


def test_a_few_are_tried_and_the_same_in_any_order_of_files(files: list[Path], monkeypatch: pytest.MonkeyPatch) -> None:
    opened, found = tried(files)
    assert len(opened) == found.elements == TRIED
    monkeypatch.setattr("affectory.quality.suites._lots.ROWS", 7)
    assert tried(files[::-1])[0] == opened


def test_what_does_not_open_is_named(files: list[Path]) -> None:
    broken = tried(files)[0][0].split()[1]
    _, found = tried(files, broken)
    assert found.rows == (sid(broken.removeprefix("a")),)
    assert found.status == "blocks"
