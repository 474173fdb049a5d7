"""People are found where they stand, and what a backend answers is paid for once and checked."""

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from PIL import Image, ImageDraw
from support.media import SHARED, needs_shared, write_picture
from support.running import run, samples

from affectory.pipelines.code_hash import code_hash
from affectory.pipelines.runner.stage import asked_by
from affectory.schemas.errors import UserError
from affectory.schemas.ids import digest
from affectory.transforms.base import Asking, Reply
from affectory.transforms.models.persons import Persons


def street(path: Path, *people: tuple[int, int, int], size: tuple[int, int] = (500, 400)) -> Path:
    """Dark figures on a light ground: the middle, the top and the height of each."""
    picture = Image.new("RGB", size, (205, 205, 200))
    draw, dark = ImageDraw.Draw(picture), (40, 40, 45)
    for x, y, height in people:
        u = height / 8
        draw.ellipse([x - 0.5 * u, y, x + 0.5 * u, y + 1.1 * u], fill=dark)
        draw.rounded_rectangle([x - u, y + 1.2 * u, x + u, y + 4.2 * u], radius=0.5 * u, fill=dark)
        for side in (-1, 1):
            draw.line([x + 0.9 * side * u, y + 1.5 * u, x + 1.2 * side * u, y + 4.2 * u], fill=dark, width=int(0.5 * u))
            draw.line([x + 0.4 * side * u, y + 4 * u, x + 0.6 * side * u, y + 8 * u], fill=dark, width=int(0.75 * u))
    picture.save(path)
    return path


def image(path: Path) -> dict[str, Any]:
    return {"kind": "image", "image": {"path": str(path)}}


def clip(*paths: Path) -> dict[str, Any]:
    return {"kind": "video", "frames": [{"at_us": 40_000 * i, "path": str(p)} for i, p in enumerate(paths)]}


def found(*rows: dict[str, Any], **parameters: Any) -> list[list[dict[str, Any]]]:
    result = run(Persons(**parameters), rows)
    assert not result.rejected and not result.failed
    return list(result.rows.column("persons").to_pylist())


@pytest.mark.parametrize("people", [[(130, 80, 140), (350, 60, 140)], [(120, 60, 260), (350, 60, 200)]])
def test_people_are_found_from_left_to_right(people: list[tuple[int, int, int]], tmp_path: Path) -> None:
    [persons] = found(image(street(tmp_path / "a.png", *people)))
    assert len(persons) == len(people)
    for person, (middle, top, height) in zip(persons, people, strict=True):
        x, y, wide, high = person["box"]
        assert (x + wide / 2, y, high) == pytest.approx((middle, top, height), abs=height / 12)
        assert (person["kind"], person["points"], person["score"] > 1) == ("person", None, True)


@pytest.mark.parametrize("corner", [(20, 60), (480, 60), (250, -30), (250, 230)])
def test_boxes_lie_in_the_picture(corner: tuple[int, int], tmp_path: Path) -> None:
    [persons] = found(image(street(tmp_path / "a.png", (*corner, 200))), min_score=0.0)
    for person in persons:
        x, y, wide, high = person["box"]
        assert 0 <= x < x + wide <= 500 and 0 <= y < y + high <= 400


def test_a_large_picture_has_boxes_in_its_own_pixels(tmp_path: Path) -> None:
    path = street(tmp_path / "a.png", (1000, 200, 1100), size=(2000, 1600))
    [[person]] = found(image(path))
    assert (person["box"][1], person["box"][3]) == pytest.approx((200, 1100), abs=80)
    assert found(image(path), min_size=600) == [[]]


def test_what_is_required(tmp_path: Path) -> None:
    none, one = write_picture(tmp_path / "none.png"), street(tmp_path / "one.png", (130, 80, 140))
    two = street(tmp_path / "two.png", (130, 80, 140), (350, 60, 140))
    rows = [image(none), image(one), image(two), clip(none, one)]
    rejected = [(r.row, r.reason) for r in run(Persons(require="one"), rows).rejected]
    assert rejected == [(0, "no_person"), (2, "filtered")]
    assert [p["start_us"] for p in found(rows[3])[0]] == [40_000]


def test_what_cannot_be_looked_at_says_why(tmp_path: Path) -> None:
    (tmp_path / "torn.png").write_bytes(b"no picture")
    result = run(Persons(), [{"kind": "video", "frames": []}, image(tmp_path / "torn.png")])
    assert [(r.row, r.reason) for r in result.rejected] == [(1, "unreadable"), (0, "unsupported")]


def test_only_what_the_model_sees_makes_another_question(tmp_path: Path) -> None:
    same = {asked_by(Persons(min_score=score, require=require)) for score in (0.5, 2.0) for require in ("none", "any")}
    assert len(same) == 1 and isinstance(Persons(), Asking)
    hashes = map(code_hash, ("affectory.transforms.models.backends.hog", "affectory.transforms.models._pictures"))
    assert {whom.revision for whom in same if whom} == {digest("", *hashes)[:16]}
    row = image(street(tmp_path / "a.png", (130, 80, 140)))
    assert Persons().sends(samples(Persons(), [row])) == Persons(min_score=3).sends(samples(Persons(), [row]))


@pytest.mark.parametrize(
    ("reply", "wrong"),
    [
        ([{"size": [9, 9], "found": [[[0, 0, 5], 1]]}], "found.0.0"),
        ([{"size": [9, 9], "found": [[[0, 0, 5, 5], "sure"]]}], "found.0.1"),
        ([{"found": []}], "size"),
        ([{"size": [9, 9], "found": []}] * 2, "2 answers to 1 pictures"),
        ([{"size": [9, 9], "found": [[[0, 0, 5, 5], float("nan")]]}], "finite number"),
        ("nobody", "valid dictionary"),
    ],
)
def test_a_reply_that_is_not_as_agreed_fails_its_row(reply: Any, wrong: str, tmp_path: Path) -> None:
    rows: pa.Table = samples(Persons(), [image(tmp_path / "a.png")] * 2)
    good = [{"size": [100, 100], "found": [[[10, 10, 200, 50], 2.0]]}]
    result = Persons().reader()(rows, [Reply(json.dumps(reply)), Reply(json.dumps(good))])
    [failed] = result.failed
    assert failed.row == 0 and wrong in failed.detail
    assert result.rows["persons"][0].as_py()[0]["box"] == [10, 10, 90, 50]


def test_an_unknown_backend_is_told_when_planning() -> None:
    with pytest.raises(UserError, match=r"persons knows no backend named 'yolo'\n  backends for it: hog"):
        Persons(backend="yolo")
    with pytest.raises(ValueError, match="not both"):
        Persons(path=Path("a"), hub="b")
    with pytest.raises(ValueError, match="`hub` and `revision` together"):
        Persons(hub="b")
    with pytest.raises(UserError, match="hog has one model only"):
        Persons(hub="b", revision="c").setup()


@needs_shared
def test_a_landscape_shows_nobody() -> None:
    assert found(image(SHARED / "pyfeat_free-mountain-vector-01.jpg")) == [[]]
