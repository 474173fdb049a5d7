"""Scenes begin at the pictures where they begin, and tile their video."""

from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pytest
import scenedetect
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError
from support.media import SHARED, cut_off, damage, place_of, write_sound, write_video
from support.media import tone as a_tone
from support.running import run

from affectory.schemas import ids
from affectory.transforms.base import Result
from affectory.transforms.video._cuts import boundaries, split
from affectory.transforms.video.scenes import Scenes

Spans = list[tuple[int, int]]


def scenes(path: Path, anchor: dict[str, Any] | None = None, **parameters: Any) -> Result:
    return run(Scenes(**parameters), [{"original": {"path": str(path)}, "anchor": anchor or {}}])


def spans(result: Result) -> Spans:
    return [(a["start_us"], a["end_us"]) for a in result.rows["anchor"].to_pylist()]


@pytest.fixture(scope="module")
def three(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_video(tmp_path_factory.mktemp("three") / "a.mp4", 300, cuts=[90, 200])


def test_cuts_are_where_the_pictures_change(three: Path) -> None:
    assert spans(scenes(three)) == [(0, 3_000_000), (3_000_000, 6_666_667), (6_666_667, 10_000_000)]
    assert spans(scenes(three, detector="adaptive")) == spans(scenes(three))


def test_a_scene_is_a_new_sample_of_its_parent(three: Path) -> None:
    result = scenes(three, {"record": "r_film"})
    row = result.rows.slice(1, 1).to_pylist()[0]
    assert row["sample_id"] == ids.sample_id("r_film", "time", 3_000_000, 6_666_667)
    assert row["parent"] == ids.sample_id("r_film")
    assert (row["video"], row["frames"], row["duration_s"]) == (None, None, 3.666667)
    assert row["original"]["path"] == str(three)


def test_times_are_exact_at_a_varying_rate(tmp_path: Path) -> None:
    times = [i * 33 + (500 if i > 30 else 0) for i in range(60)]
    found = spans(scenes(write_video(tmp_path / "a.mp4", 60, times=times, cuts=[20, 45], sound=False), min_s=0.2))
    assert [start for start, _ in found] == [0, 1000 * times[20], 1000 * times[45]]
    assert found[-1][1] >= 1000 * times[-1]


@pytest.mark.parametrize(
    ("name", "codecs"), [("a.mkv", {}), ("a.webm", {"codec": "libvpx", "sound_codec": "libopus"}), ("a.ts", {})]
)
def test_other_containers(name: str, codecs: dict[str, str], tmp_path: Path) -> None:
    found = spans(scenes(write_video(tmp_path / name, 120, cuts=[60], **codecs)))
    assert len(found) == 2 and found[0][0] == 0
    assert found[0][1] == pytest.approx(2_000_000, abs=25_000)
    assert found[1][1] == pytest.approx(4_000_000, abs=25_000)


def test_the_record_begins_where_its_container_does(tmp_path: Path) -> None:
    late = write_video(tmp_path / "a.mp4", 120, cuts=[60], start=300, sound=False)
    assert spans(scenes(late)) == [(0, 2_000_000), (2_000_000, 4_000_000)]


def test_only_the_samples_own_stretch_is_cut(three: Path) -> None:
    found = spans(scenes(three, {"start_us": 1_010_000, "end_us": 5_000_000}))
    assert found == [(1_010_000, 3_000_000), (3_000_000, 5_000_000)]


def test_the_last_scene_ends_where_its_stretch_does(three: Path) -> None:
    """Not where the last picture's rounded duration does."""
    assert spans(scenes(three, {"start_us": 0, "end_us": 6_666_667}))[-1] == (3_000_000, 6_666_667)


def test_long_scenes_are_split_evenly(three: Path) -> None:
    found = spans(scenes(three, max_s=2))
    lengths = [end - start for start, end in found]
    assert lengths == pytest.approx([1.5e6, 1.5e6, 1.83e6, 1.83e6, 1.67e6, 1.67e6], abs=2e4)


def test_short_scenes_join_the_one_before(three: Path) -> None:
    assert spans(scenes(three, min_s=3.2)) == [(0, 6_666_667), (6_666_667, 10_000_000)]
    assert spans(scenes(three, min_s=3.5)) == [(0, 10_000_000)]


def test_a_video_shorter_than_the_shortest_scene_is_one(tmp_path: Path) -> None:
    assert spans(scenes(write_video(tmp_path / "a.mp4", 6), min_s=2)) == [(0, 200_000)]


def test_the_same_scenes_each_time(three: Path) -> None:
    assert scenes(three).rows.equals(scenes(three).rows)


def test_what_cannot_be_decoded_is_rejected(tmp_path: Path) -> None:
    damaged = write_video(tmp_path / "a.mp4", 90, sound=False)
    damage(damaged, place_of(damaged, 45), 800)
    paths = [damaged, cut_off(write_video(tmp_path / "b.mp4")), write_sound(tmp_path / "c.wav", a_tone(1))]
    result = run(Scenes(), [{"original": {"path": str(path)}} for path in paths])
    assert [r.reason for r in result.rejected] == ["unreadable", "unreadable", "unsupported"]


def test_parameters_that_contradict_each_other() -> None:
    with pytest.raises(ValidationError, match="at least twice min_s"):
        TypeAdapter(Scenes).validate_python({"min_s": 5, "max_s": 8})


TIMES = st.lists(st.integers(1, 3_000_000), min_size=1, max_size=60).map(lambda d: np.cumsum([0, *d]).astype(np.int64))


@given(TIMES, st.data(), st.integers(0, 4_000_000), st.integers(100_000, 9_000_000))
def test_scenes_tile_their_video(times: Any, data: st.DataObject, shortest: int, longest: int) -> None:
    cuts = np.array(data.draw(st.lists(st.booleans(), min_size=len(times) - 1, max_size=len(times) - 1)))
    joined = boundaries(times, cuts, shortest)
    found = split(times, joined, longest)
    assert found[0] == 0 and found[-1] == len(times) - 1
    assert np.all(np.diff(found) > 0) and set(joined) <= set(found)
    if len(joined) > 2:
        assert np.diff(times[joined]).min() >= shortest
    if np.diff(times).max() <= longest // 2:
        assert np.diff(times[found]).max() <= longest


def test_a_part_that_would_come_out_too_long_makes_one_more() -> None:
    times = np.array([0, 3, 6, 9, 12, 14])
    assert split(times, [0, 5], 7) == [0, 1, 3, 4, 5]


DETECTORS = {
    "content": ("ContentDetector", {}),
    "adaptive": ("AdaptiveDetector", {}),
    "threshold": ("ThresholdDetector", {"threshold": 12}),
    "hash": ("HashDetector", {}),
    "histogram": ("HistogramDetector", {}),
}


def fading(path: Path, frames: int = 120, dark: tuple[int, int] = (50, 64)) -> Path:
    """A picture of noise that moves, cuts to another at 90, and is black for a while."""
    rng = np.random.default_rng(7)
    worlds = [cv2.resize(rng.integers(40, 255, (9, 12, 3), np.uint8), (320, 200)) for _ in range(2)]
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=30, options={"x264-params": "threads=1:cpu-independent=1"})
        stream.width, stream.height, stream.pix_fmt = 192, 144, "yuv420p"
        for k in range(frames):
            view = worlds[k >= 90][20 : 20 + 144, k : k + 192]
            light = 0.0 if dark[0] <= k < dark[1] else 1.0
            picture = np.ascontiguousarray((view * light).astype(np.uint8))
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode(None))
    return path


@pytest.fixture(scope="module")
def fades(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return fading(tmp_path_factory.mktemp("fades") / "a.mp4")


def reference(path: Path, detector: str) -> list[float]:
    """Where PySceneDetect's own `detect`, which decodes by itself, begins scenes."""
    name, options = DETECTORS[detector]
    made = getattr(scenedetect.detectors, name)(min_scene_len=0, **options)
    found = scenedetect.detect(str(path), made, start_in_scene=True)
    return [start.seconds for start, _ in found]


@pytest.mark.parametrize("detector", DETECTORS)
@pytest.mark.parametrize("name", ["pyfeat_no_face.mp4", "pyfeat_single_face.mp4", "fades"])
def test_cuts_are_those_of_pyscenedetect(detector: str, name: str, fades: Path) -> None:
    path = fades if name == "fades" else SHARED / name
    if not path.exists():
        pytest.skip("the shared data is not on this machine")
    found = [start / 1e6 for start, _ in spans(scenes(path, detector=detector, min_s=0))]
    assert found == pytest.approx(reference(path, detector), abs=1e-3)
    assert len(found) > 1 or name != "fades"


def test_fades_cut_where_the_recipe_says(fades: Path) -> None:
    cut = {bias: spans(scenes(fades, detector="threshold", fade_bias=bias))[1][0] for bias in (-1.0, 0.0, 1.0)}
    assert [round(at * 30 / 1e6) for at in cut.values()] == [50, 57, 64]


@pytest.mark.parametrize(
    ("given", "error"),
    [
        ({"fade_bias": 0.5}, "detector content has no fade_bias: it belongs to threshold"),
        ({"detector": "hash", "luma_only": True}, "hash has no luma_only: it belongs to content and adaptive"),
        ({"detector": "histogram", "threshold": 27}, "threshold 27 is no share: detector histogram takes 0 to 1"),
        ({"detector": "best"}, "'content', 'adaptive', 'threshold', 'hash' or 'histogram'"),
    ],
)
def test_parameters_of_another_detector(given: dict[str, Any], error: str) -> None:
    with pytest.raises(ValidationError, match=error):
        TypeAdapter(Scenes).validate_python(given)


def test_adaptive_ignores_lasting_motion(fades: Path) -> None:
    lively = {"detector": "content", "threshold": 1.0, "min_s": 0}
    assert len(spans(scenes(fades, **lively))) > len(spans(scenes(fades, detector="adaptive", min_s=0)))
