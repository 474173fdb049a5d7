"""Action units come from a backend, which is installed with another package, and are checked before they are noted."""

import json
import sys
from pathlib import Path
from typing import Any

import pytest
from support.media import SHARED, needs_shared, write_picture
from support.running import run, samples

from affectory.pipelines.runner.stage import asked_by
from affectory.schemas.errors import UserError
from affectory.transforms.base import Asking, Reply
from affectory.transforms.models.action_units import ActionUnits

PORTRAIT = Path(__file__).resolve().parents[3] / "pipelines" / "recipes" / "demo" / "media" / "portrait.jpg"
BACKENDS = Path(__file__).resolve().parents[2] / "support" / "backends"


@pytest.fixture(autouse=True)
def _installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The package that brings the backend of these tests."""
    monkeypatch.syspath_prepend(str(BACKENDS))
    monkeypatch.delitem(sys.modules, "mouth_width", raising=False)


def image(path: Path) -> dict[str, Any]:
    return {"kind": "image", "image": {"path": str(path)}}


def units(*rows: dict[str, Any], **parameters: Any) -> list[list[dict[str, Any]]]:
    result = run(ActionUnits(**{"backend": "mouth-width", **parameters}), rows)
    assert not result.rejected and not result.failed
    return list(result.rows.column("action_units").to_pylist())


def test_a_smiling_portrait(tmp_path: Path) -> None:
    [[unit], nothing] = units(image(PORTRAIT), image(write_picture(tmp_path / "a.png")))
    x, y, width, height = unit["box"]
    assert unit["kind"] == "AU12" and 0 < unit["score"] <= 5
    assert 0 <= x < x + width <= 320 and 0 <= y < y + height <= 320
    assert nothing == []


def test_frames_have_their_times(tmp_path: Path) -> None:
    frames = [{"at_us": at, "path": str(PORTRAIT)} for at in (0, 40_000)]
    [found] = units({"kind": "video", "frames": frames})
    assert [(u["kind"], u["start_us"]) for u in found] == [("AU12", 0), ("AU12", 40_000)]


def reading(reply: Any) -> Any:
    step = ActionUnits(backend="mouth-width")
    return step.reader()(samples(step, [image(PORTRAIT)]), [Reply(json.dumps(reply))])


def test_units_are_named_alike_and_faces_go_from_left_to_right() -> None:
    faces = [
        {"box": [60, 0, 90, 20], "units": {"au1": 0, "AU012": 5.0}},
        {"box": [-5, 2, 25, 10], "units": {"AU14l": 1.25}},
    ]
    [noted] = reading([{"size": [100, 50], "found": faces}]).rows["action_units"].to_pylist()
    assert [(u["kind"], u["score"], u["box"]) for u in noted] == [
        ("AU14L", 1.25, [0, 2, 20, 10]),
        ("AU01", 0.0, [60, 0, 40, 20]),
        ("AU12", 5.0, [60, 0, 40, 20]),
    ]


@pytest.mark.parametrize(
    ("face", "wrong"),
    [
        ({"box": [0, 0, 5, 5], "units": {"smile": 1}}, "AU and its number in FACS"),
        ({"box": [0, 0, 5, 5], "units": {"AU100": 1}}, "AU and its number in FACS"),
        ({"box": [0, 0, 5, 5], "units": {"AU12": 5.1}}, "less than or equal to 5"),
        ({"box": [0, 0, 5, 5], "units": {"AU12": -1}}, "greater than or equal to 0"),
        ({"box": [0, 0, 5, 5], "units": {"AU12": None}}, "valid number"),
        ({"box": [0, 0, 5], "units": {}}, "box.3: Field required"),
        ({"box": [0, 0, 5, 5], "aus": {}}, "units: Field required"),
    ],
)
def test_an_answer_that_is_none_fails_its_row(face: Any, wrong: str) -> None:
    [failed] = reading([{"size": [100, 50], "found": [face]}]).failed
    assert failed.error == "UnreadableReply"
    assert "the backend mouth-width answered what cannot be read: found.0" in failed.detail and wrong in failed.detail


def test_whom_it_asks_is_part_of_every_question(tmp_path: Path) -> None:
    (tmp_path / "weights.bin").write_bytes(b"1")
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "weights.bin").write_bytes(b"2")
    places = [{}, {"hub": "a", "revision": "1"}, {"hub": "a", "revision": "2"}]
    places += [{"path": tmp_path / "weights.bin"}, {"path": tmp_path / "other" / "weights.bin"}]
    stages = [ActionUnits(backend="mouth-width", **place) for place in places]
    assert len({asked_by(stage) for stage in stages}) == len(stages)
    assert all(isinstance(stage, Asking) for stage in stages)


def test_the_model_is_handed_to_the_backend() -> None:
    [[unit]] = units(image(PORTRAIT), hub="AU25", revision="main")
    assert unit["kind"] == "AU25"


@pytest.mark.parametrize("name", ["py-feat", "openface"])
def test_a_backend_that_is_not_installed_is_told_when_planning(name: str) -> None:
    with pytest.raises(UserError) as caught:
        ActionUnits(backend=name)
    assert f"action_units knows no backend named {name!r}" in str(caught.value)
    assert "backends for it: mouth_width; another can come with a package" in str(caught.value)


@needs_shared
def test_a_photograph_of_five() -> None:
    [found] = units(image(SHARED / "pyfeat_multi_face.jpg"))
    assert [u["kind"] for u in found] == ["AU12"] * 5
    assert [u["box"][0] for u in found] == sorted(u["box"][0] for u in found)
