"""Faces are followed through a video: each look finds them where they are, and they keep their names."""

from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from support.media import SHARED, needs_shared, turn
from support.running import run

from affectory.transforms.base import Rejected
from affectory.transforms.video._following import Follower, overlap
from affectory.transforms.video.face_tracks import FaceTracks

PORTRAIT = Path(__file__).resolve().parents[3] / "pipelines" / "recipes" / "demo" / "media" / "portrait.jpg"
SIDE = 120
SIZE = (400, 144)
Scene = Sequence[tuple[int, int]]
"""Where the portrait is pasted into a picture, once for each."""


def film(path: Path, scenes: Sequence[Scene], *, sideways: bool = False, aspect: Fraction | None = None) -> Path:
    """A video of ten pictures a second."""
    with Image.open(PORTRAIT) as opened, av.open(str(path), "w") as container:
        portrait = opened.resize((SIDE, SIDE))
        stream = container.add_stream("libx264", rate=10, options={"crf": "16", "preset": "ultrafast"})
        stream.width, stream.height = SIZE[::-1] if sideways else SIZE
        stream.pix_fmt, stream.codec_context.thread_count = "yuv420p", 1
        if aspect:
            stream.codec_context.sample_aspect_ratio = aspect
        for scene in scenes:
            canvas = Image.new("RGB", SIZE, (190, 190, 190))
            for place in scene:
                canvas.paste(portrait, place)
            pixels = np.asarray(canvas.transpose(Image.Transpose.ROTATE_90) if sideways else canvas)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(np.ascontiguousarray(pixels), format="rgb24")))
        container.mux(stream.encode(None))
    return path


def tracks(path: Path, anchor: dict[str, Any] | None = None, **parameters: Any) -> list[dict[str, Any]]:
    result = run(FaceTracks(**parameters), [{"original": {"path": str(path)}, "anchor": anchor or {}}])
    assert not result.rejected and not result.failed
    return list(result.rows["face_tracks"][0].as_py())


def middle(box: Sequence[float]) -> float:
    return box[0] + box[2] / 2


def test_two_who_move_apart_keep_their_names(tmp_path: Path) -> None:
    path = film(tmp_path / "a.mp4", [[(140 - 6 * n, 10), (270 + n, 20)] for n in range(20)])
    found = tracks(path)
    looks = range(0, 2_000_000, 200_000)
    assert [(f["start_us"], f["end_us"]) for f in found] == [(at, at + 200_000) for at in looks for _ in range(2)]
    for who, start, speed in (("face-1", 140, -6), ("face-2", 270, 1)):
        mine = [f for f in found if f["who"] == who]
        assert len(mine) == 10
        expected = [start + SIDE / 2 + speed * f["start_us"] / 100_000 for f in mine]
        assert [middle(f["box"]) for f in mine] == pytest.approx(expected, abs=12)
        assert all(f["kind"] == "face" and len(f["points"]) == 10 for f in mine)


@pytest.mark.parametrize(("gap_s", "names"), [(1.0, {"face-1"}), (0.2, {"face-1", "face-2"})])
def test_a_face_may_be_lost_for_a_while(gap_s: float, names: set[str], tmp_path: Path) -> None:
    scenes: list[Scene] = [[(20, 10)] if n < 6 or n >= 12 else [] for n in range(20)]
    result = run(FaceTracks(gap_s=gap_s), [{"original": {"path": str(film(tmp_path / "a.mp4", scenes))}}])
    assert {f["who"] for f in result.rows["face_tracks"][0].as_py()} == names
    assert result.rows["face_share"][0].as_py() == pytest.approx(0.7)


def test_looks_are_as_many_as_asked_and_within_the_stretch(tmp_path: Path) -> None:
    path = film(tmp_path / "a.mp4", [[(20, 10)]] * 20)
    assert [f["start_us"] for f in tracks(path, fps=2.5)] == [0, 400_000, 800_000, 1_200_000, 1_600_000]
    assert len(tracks(path, fps=100)) == 20
    part = tracks(path, anchor={"start_us": 500_000, "end_us": 1_100_000})
    assert [f["start_us"] for f in part] == [500_000, 700_000, 900_000]


def test_a_stretch_in_which_no_picture_begins_is_empty(tmp_path: Path) -> None:
    path = film(tmp_path / "a.mp4", [[(20, 10)]] * 3)
    row = {"original": {"path": str(path)}, "anchor": {"start_us": 120_000, "end_us": 180_000}}
    assert run(FaceTracks(), [row]).rejected == (Rejected(0, "empty", "no picture begins in this stretch"),)


def test_what_is_required(tmp_path: Path) -> None:
    one, two = [(20, 10)], [(20, 10), (250, 10)]
    scenes: list[list[Scene]] = [[[]] * 4, [one] * 4, [one, one, one, two], [two] * 4]
    paths = [film(tmp_path / f"{n}.mp4", scene) for n, scene in enumerate(scenes)]
    rows = [{"original": {"path": str(path)}} for path in paths]
    any_face, one_face = (run(FaceTracks(require=r, fps=10), rows).rejected for r in ("any", "one"))  # type: ignore[arg-type]
    assert [(x.row, x.reason) for x in any_face] == [(0, "no_face")]
    assert [(x.row, x.reason) for x in one_face] == [(0, "no_face"), (3, "filtered")]
    assert {f["who"] for f in tracks(paths[2], fps=10, min_looks=1)} == {"face-1", "face-2"}


def test_a_video_that_is_to_be_turned_is_seen_upright(tmp_path: Path) -> None:
    scenes = [[(250, 10)]] * 3
    upright = tracks(film(tmp_path / "a.mp4", scenes))
    turned = tracks(turn(film(tmp_path / "b.mp4", scenes, sideways=True)))
    assert len(turned) == len(upright) == 2
    for a, b in zip(turned, upright, strict=True):
        assert a["box"] == pytest.approx(b["box"], abs=6)


def test_pixels_that_are_not_square_are_made_so(tmp_path: Path) -> None:
    scenes = [[(250, 10)]] * 3
    (plain, *_), (wide, *_) = (
        tracks(film(tmp_path / f"{float(n)}.mp4", scenes, aspect=n)) for n in (Fraction(1), Fraction(5, 4))
    )
    assert middle(wide["box"]) == pytest.approx(1.25 * middle(plain["box"]), abs=8)


BOX = st.tuples(*(st.integers(0, 300) for _ in range(2)), *(st.integers(1, 90) for _ in range(2)))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(BOX, max_size=4, unique=True), max_size=6))
def test_every_face_is_in_one_track_and_a_track_has_one_face_at_a_time(looks: list[list[Any]]) -> None:
    follower, seen = Follower(300_000), []
    for n, boxes in enumerate(looks):
        places = [{"start_us": n * 200_000, "box": list(box)} for box in sorted(boxes)]
        follower.see(n * 200_000, places)
        seen += places
    named = list(follower.named("face", 1))
    assert sorted((f["start_us"], f["box"]) for f in named) == sorted((f["start_us"], f["box"]) for f in seen)
    assert len({(f["start_us"], f["who"]) for f in named}) == len(named)
    for who in {f["who"] for f in named}:
        times = [f["start_us"] for f in named if f["who"] == who]
        assert all(later - earlier == 200_000 for earlier, later in pairwise(times))


@given(BOX, BOX)
def test_overlap_is_a_share_and_the_same_from_both_sides(a: Any, b: Any) -> None:
    assert 0 <= overlap(a, b) == overlap(b, a) <= 1
    assert overlap(a, a) == pytest.approx(1)


@needs_shared
@pytest.mark.parametrize(("name", "share"), [("pyfeat_single_face.mp4", 1.0), ("pyfeat_no_face.mp4", 0.0)])
def test_real_videos(name: str, share: float) -> None:
    result = run(FaceTracks(fps=2), [{"original": {"path": str(SHARED / name)}}])
    assert result.rows["face_share"][0].as_py() == share
    found = result.rows["face_tracks"][0].as_py()
    assert {f["who"] for f in found} == ({"face-1"} if share else set())
    assert all(abs(middle(f["box"]) - 292) < 15 for f in found)
