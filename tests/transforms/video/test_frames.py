"""Stills are the pictures on display in the middle of equal parts."""

from io import BytesIO
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from support.media import damage, number_of, place_of, turn, write_video
from support.running import run

from affectory.transforms.video._stills import peaks
from affectory.transforms.video.frames import Frames


def stills(path: Path, start_us: int | None = None, end_us: int | None = None, **parameters: Any) -> list[Any]:
    anchor = {"start_us": start_us, "end_us": end_us}
    result = run(Frames(**parameters), [{"original": {"path": str(path)}, "anchor": anchor}])
    assert not result.rejected and not result.failed
    return list(result.rows["frames"][0].as_py())


def numbers(found: list[Any]) -> list[int]:
    return [number_of(np.asarray(Image.open(BytesIO(still["bytes"])))) for still in found]


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_video(tmp_path_factory.mktemp("film") / "a.mp4", 900, gop=200)


def test_middles_of_equal_parts(film: Path) -> None:
    found = stills(film, 3_000_000, 6_000_000)
    assert numbers(found) == [105, 135, 165]
    assert [still["at_us"] for still in found] == [3_500_000, 4_500_000, 5_500_000]
    assert {still["format"] for still in found} == {"jpeg"}


@pytest.mark.parametrize("mode", ["uniform", "scene", "motion", "keyframes"])
def test_a_stream_may_change_its_size(mode: str, tmp_path: Path) -> None:
    """Recordings of calls do, and broadcasts that are joined."""
    joined = tmp_path / "a.ts"
    parts = [write_video(tmp_path / f"{i}.ts", 15, size=(96 + 32 * i, 72), start=15 * i, sound=False) for i in (0, 1)]
    joined.write_bytes(b"".join(part.read_bytes() for part in parts))
    found = stills(joined, mode=mode, count=20, apart_s=0.0)
    sizes = {still["at_us"] < 480_000: Image.open(BytesIO(still["bytes"])).size for still in found}
    assert sizes == {True: (96, 72), False: (128, 72)}


def test_the_whole_of_a_record(film: Path) -> None:
    assert numbers(stills(film, count=2)) == [225, 675]
    assert numbers(stills(film, count=1)) == [450]


@pytest.mark.parametrize(("start", "end"), [(0, 30_000_000), (12_345_678, 12_945_678), (29_000_000, 30_000_000)])
def test_seeking_finds_what_decoding_all_finds(film: Path, start: int, end: int) -> None:
    count = 7
    wanted = [start + (end - start) * (2 * k + 1) // (2 * count) for k in range(count)]
    assert numbers(stills(film, start, end, count=count)) == [int(at * 30 / 1e6 + 1e-5) for at in wanted]


def test_what_lies_far_between_is_not_even_decoded(tmp_path: Path) -> None:
    path = write_video(tmp_path / "a.mp4", 900, gop=30)
    damage(path, place_of(path, 460))
    assert numbers(stills(path, count=2)) == [225, 675]


def test_no_picture_twice(film: Path) -> None:
    assert numbers(stills(film, 3_000_000, 3_066_666, count=9)) == [90, 91]


def test_the_picture_on_display_is_taken_at_a_varying_rate(tmp_path: Path) -> None:
    path = write_video(tmp_path / "a.mp4", 30, times=[0, *range(2000, 4900, 100)], sound=False)
    found = stills(path, 0, 2_000_000, count=1)
    assert (numbers(found), found[0]["at_us"]) == ([0], 0)


def test_upright_and_not_too_large(tmp_path: Path) -> None:
    (still,) = stills(turn(write_video(tmp_path / "a.mp4", 3)), count=1, max_side=96)
    image = Image.open(BytesIO(still["bytes"]))
    assert image.size == (72, 96)
    assert number_of(np.rot90(np.asarray(image))) == 1


def test_the_same_bytes_each_time(film: Path) -> None:
    assert stills(film, 3_000_000, 6_000_000) == stills(film, 3_000_000, 6_000_000)
    assert len(stills(film, count=1, quality=20)[0]["bytes"]) < len(stills(film, count=1)[0]["bytes"])


def test_colours_are_kept(tmp_path: Path) -> None:
    (still,) = stills(write_video(tmp_path / "a.mp4", 5), count=1)
    pixel = np.asarray(Image.open(BytesIO(still["bytes"])))[120, 96]
    assert pixel == pytest.approx([200, 40, 40], abs=4)


def test_what_holds_no_picture_is_rejected(tmp_path: Path) -> None:
    (tmp_path / "a.mp4").write_bytes(b"nothing like a video")
    result = run(Frames(), [{"original": {"path": str(tmp_path / "a.mp4")}}])
    assert [r.reason for r in result.rejected] == ["unreadable"]


@pytest.fixture(scope="module")
def shots(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_video(tmp_path_factory.mktemp("shots") / "a.mp4", 120, cuts=[30, 90], gop=50)


def test_the_middle_of_each_shot(shots: Path) -> None:
    assert numbers(stills(shots, mode="scene", count=9)) == [15, 60, 105]
    assert numbers(stills(shots, 1_500_000, 3_500_000, mode="scene")) == [67, 97]
    assert numbers(stills(shots, mode="scene", count=1)) == [60], "evenly chosen where there are more shots"


def test_where_most_happens(shots: Path) -> None:
    assert numbers(stills(shots, mode="motion", count=2)) == [30, 90]
    apart = [still["at_us"] for still in stills(shots, mode="motion", count=4, apart_s=0.9)]
    assert len(apart) == 4 and np.diff(apart).min() >= 900_000 and {1_000_000, 3_000_000} <= set(apart)


def test_where_nothing_happens_the_middle_is_taken(tmp_path: Path) -> None:
    (still,) = stills(write_video(tmp_path / "a.mp4", 1, sound=False), mode="motion")
    assert still["at_us"] == 0


def test_key_pictures_of_the_stream(shots: Path) -> None:
    with av.open(str(shots)) as container:
        keys = [number for number, frame in enumerate(container.decode(video=0)) if frame.key_frame]
    assert len(keys) > 3
    assert numbers(stills(shots, mode="keyframes", count=99)) == keys
    inside = [key for key in keys if 10 <= key < 100]
    assert numbers(stills(shots, 333_000, 3_333_000, mode="keyframes", count=99)) == inside


def test_between_key_pictures_the_first_one_is_taken(shots: Path) -> None:
    assert numbers(stills(shots, 400_000, 500_000, mode="keyframes")) == [12]


@pytest.mark.parametrize("mode", ["scene", "motion", "keyframes"])
def test_other_modes_reject_what_holds_no_picture(mode: str, tmp_path: Path) -> None:
    (tmp_path / "a.mp4").write_bytes(b"nothing like a video")
    result = run(Frames(mode=mode), [{"original": {"path": str(tmp_path / "a.mp4")}}])  # type: ignore[arg-type]
    assert [r.reason for r in result.rejected] == ["unreadable"]


@given(
    st.lists(st.tuples(st.integers(1, 10**6), st.floats(0, 1)), max_size=40), st.integers(1, 9), st.integers(0, 10**6)
)
def test_peaks_are_the_greatest_changes_that_lie_apart(steps: list[tuple[int, float]], count: int, apart: int) -> None:
    times, moved = np.cumsum([0, *(step for step, _ in steps)]).tolist(), [0.0, *(change for _, change in steps)]
    found = peaks(times, moved, count, apart)
    assert found == sorted(set(found)) and len(found) <= count
    assert all(b - a >= apart for a, b in pairwise(found))
    moves = {at: change for at, change in zip(times, moved, strict=True) if change}
    assert set(found) <= set(moves) and (not moves or max(moves.values()) in {moves[at] for at in found})
