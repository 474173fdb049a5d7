"""Shots and measures of all pictures, in one pass."""

from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from support.media import COLOURS, write_video
from support.running import run

from affectory.transforms.image._measures import look, mean
from affectory.transforms.video.frames import Frames
from affectory.transforms.video.shots import Shots


def noted(path: Path, start_us: int | None = None, end_us: int | None = None, **parameters: Any) -> dict[str, Any]:
    anchor = {"start_us": start_us, "end_us": end_us}
    result = run(Shots(**parameters), [{"original": {"path": str(path)}, "anchor": anchor}])
    assert not result.rejected and not result.failed
    return {name: result.rows[name][0].as_py() for name in Shots().writes()}


def spans(found: dict[str, Any]) -> list[tuple[int, int]]:
    assert {shot["kind"] for shot in found["shots"]} == {"shot"}
    return [(shot["start_us"], shot["end_us"]) for shot in found["shots"]]


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_video(tmp_path_factory.mktemp("film") / "a.mp4", 120, cuts=[30, 75], sound=False)


def test_shots_and_their_statistics(film: Path) -> None:
    found = noted(film)
    assert spans(found) == [(0, 1_000_000), (1_000_000, 2_500_000), (2_500_000, 4_000_000)]
    assert (found["shot_count"], found["shot_mean_s"]) == (3, pytest.approx(4 / 3))


def test_times_are_those_of_the_record(film: Path) -> None:
    assert spans(noted(film, 500_000, 2_000_000)) == [(500_000, 1_000_000), (1_000_000, 2_000_000)]


def test_short_shots_join_the_one_before(film: Path) -> None:
    assert noted(film, min_s=1.2)["shot_count"] == 2


def test_light_and_colour_are_what_stills_of_it_have(film: Path) -> None:
    found = noted(film, 1_000_000, 2_500_000)
    stills = run(Frames(), [{"original": {"path": str(film)}, "anchor": {"start_us": 1_000_000, "end_us": 2_500_000}}])
    pixels = [np.asarray(Image.open(BytesIO(f["bytes"]))) for f in stills.rows["frames"][0].as_py()]
    expected = mean(look(p) for p in pixels).values()
    tolerances = {"brightness": 0.02, "saturation": 0.03, "hue": 5.0, "colorfulness": 6.0}
    for name, within in tolerances.items():
        assert found[f"film_{name}"] == pytest.approx(expected[name], abs=within), name
    assert found["film_hue"] == pytest.approx(130, abs=5), f"{COLOURS[1]} is green"


def test_a_cut_is_no_motion(tmp_path: Path) -> None:
    still = noted(write_video(tmp_path / "a.mp4", 20, times=[k * 200 for k in range(20)], sound=False), fps=1)
    numbers_change = still["motion"]
    assert 0 < numbers_change < 0.1 and still["motion_peak"] >= numbers_change
    cut = noted(write_video(tmp_path / "b.mp4", 30, cuts=[15], sound=False), fps=None)
    assert cut["shot_count"] == 2 and cut["motion_peak"] < 0.1


def test_one_picture_does_not_move(tmp_path: Path) -> None:
    found = noted(write_video(tmp_path / "a.mp4", 1, sound=False))
    assert (found["shot_count"], found["motion"], found["motion_peak"]) == (1, None, None)


def test_the_same_numbers_each_time(film: Path) -> None:
    assert noted(film) == noted(film)


def test_what_cannot_be_decoded_is_rejected(tmp_path: Path) -> None:
    (tmp_path / "a.mp4").write_bytes(b"nothing like a video")
    assert [r.reason for r in run(Shots(), [{"original": {"path": str(tmp_path / "a.mp4")}}]).rejected] == [
        "unreadable"
    ]
