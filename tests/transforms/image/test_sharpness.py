"""Blurred and blank pictures are told from others, and rejected where that is asked for."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageFilter
from support.media import write_picture
from support.running import run

from affectory.transforms.image.sharpness import Sharpness

PORTRAIT = Path(__file__).resolve().parents[3] / "pipelines" / "recipes" / "demo" / "media" / "portrait.jpg"


def image(path: Path) -> dict[str, Any]:
    return {"kind": "image", "image": {"path": str(path)}}


def measured(*rows: dict[str, Any]) -> list[dict[str, float]]:
    stage = Sharpness()
    result = run(stage, rows)
    assert not result.rejected and not result.failed
    return list(result.rows.select(list(stage.writes())).to_pylist())


def saved(path: Path, pixels: Any) -> Path:
    Image.fromarray(np.asarray(pixels, np.uint8)).save(path)
    return path


def test_a_blank_page(tmp_path: Path) -> None:
    assert measured(image(write_picture(tmp_path / "a.png"))) == [
        {"sharpness": 0.0, "entropy_bits": 0.0, "plain_share": 1.0}
    ]


def test_a_chessboard_by_hand(tmp_path: Path) -> None:
    """Each square of one pixel has four neighbours of the other colour: the Laplacian is 4 x 255 or -4 x 255."""
    board = (np.indices((64, 64)).sum(axis=0) % 2 * 255)[..., None].repeat(3, axis=2)
    (found,) = measured(image(saved(tmp_path / "a.png", board)))
    assert found == {"sharpness": pytest.approx(1020**2, rel=0.05), "entropy_bits": 1.0, "plain_share": 0.5}


def test_all_greys_alike_are_eight_bits(tmp_path: Path) -> None:
    ramp = np.arange(256).reshape(16, 16)[..., None].repeat(3, axis=2)
    (found,) = measured(image(saved(tmp_path / "a.png", ramp)))
    assert (found["entropy_bits"], found["plain_share"]) == (8.0, pytest.approx(8 / 256, abs=1e-4))


def test_the_more_blurred_the_less_sharp(tmp_path: Path) -> None:
    paths = []
    with Image.open(PORTRAIT) as portrait:
        for radius in (0, 1, 2, 4):
            paths.append(tmp_path / f"{radius}.png")
            portrait.filter(ImageFilter.GaussianBlur(radius)).save(paths[-1])
    found = [m["sharpness"] for m in measured(*map(image, paths))]
    assert found == sorted(found, reverse=True) and found[0] > 10 * found[2]


def test_a_large_picture_is_measured_as_one_of_512(tmp_path: Path) -> None:
    with Image.open(PORTRAIT) as portrait:
        portrait.resize((512, 512)).save(tmp_path / "a.png")
        portrait.resize((2048, 2048)).save(tmp_path / "b.png")
    small, large = measured(image(tmp_path / "a.png"), image(tmp_path / "b.png"))
    assert large["sharpness"] == pytest.approx(small["sharpness"], rel=0.3)


def test_a_video_is_the_mean_of_its_stills(tmp_path: Path) -> None:
    frames = [{"at_us": 0, "path": str(write_picture(tmp_path / "a.png"))}, {"at_us": 9, "path": str(PORTRAIT)}]
    clip, blank, portrait = measured(
        {"kind": "video", "frames": frames}, *(image(Path(str(f["path"]))) for f in frames)
    )
    assert clip == pytest.approx({name: (blank[name] + portrait[name]) / 2 for name in clip}, abs=2e-3)


@pytest.mark.parametrize(
    ("limit", "detail"),
    [
        ({"min_sharpness": 50}, "sharpness 0, at least 50 is wanted"),
        ({"min_entropy_bits": 1.5}, "0 bits of entropy, at least 1.5 are wanted"),
        ({"max_plain_share": 0.95}, "100.0% are of one colour, at most 95.0% are wanted"),
    ],
)
def test_what_is_rejected_and_why(limit: dict[str, float], detail: str, tmp_path: Path) -> None:
    result = run(Sharpness(**limit), [image(write_picture(tmp_path / "a.png")), image(PORTRAIT)])
    assert [(r.row, r.reason, r.detail) for r in result.rejected] == [(0, "filtered", detail)]
    assert result.origin.tolist() == [1]
