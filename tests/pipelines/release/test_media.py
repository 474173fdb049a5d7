"""Decoding what was published: with PyAV and Pillow, and natively where torch and torchcodec are installed."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from affectory.pipelines.release import write, write_release
from affectory.pipelines.release.media import decode_audio, decode_image, decode_video


@pytest.fixture
def published(world: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(write, "run_load_test", lambda *_: None)
    return write_release(world.inputs(tmp_path / "in"), tmp_path / "releases").path


def value(world: Any, column: str, number: int) -> dict[str, Any]:
    return {"bytes": world.assets[world.rows["samples"][number][column]["asset"]], "path": None}


def test_sound_is_samples_by_channel(world: Any, tmp_path: Path) -> None:
    samples, rate = decode_audio(value(world, "audio", 2))
    assert (samples.dtype, samples.shape, rate) == (np.float32, (1, 2000), 8000)
    assert 0.45 < np.abs(samples).max() < 0.5
    path = tmp_path / "sound.wav"
    path.write_bytes(value(world, "audio", 2)["bytes"])
    assert np.array_equal(decode_audio({"bytes": None, "path": str(path)})[0], samples)


def test_a_clip_is_pictures_in_order(world: Any) -> None:
    pictures = list(decode_video(value(world, "video", 3)))
    assert [p.shape for p in pictures] == [(16, 32, 3)] * 6
    brightness = [int(p.mean()) for p in pictures]
    assert brightness == sorted(brightness) and brightness[-1] > 90
    third = list(decode_video(value(world, "video", 3), every=3))
    assert [np.array_equal(a, b) for a, b in zip(third, pictures[::3], strict=True)] == [True, True]


def test_a_picture_is_rgb(world: Any) -> None:
    assert decode_image(value(world, "image", 1))[0, 0].tolist() == [1, 40, 90]


def test_torchcodec_reads_audio_and_video_natively(
    published: Path, world: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("torch")
    pytest.importorskip("torchcodec", exc_type=(ImportError, OSError, RuntimeError))
    from datasets import load_dataset

    data = load_dataset(str(published), split="train", cache_dir=str(tmp_path / "cache"))
    rows = {row["record_id"]: row for row in data}
    sound = rows["r_000002"]["audio"].get_all_samples()
    own, rate = decode_audio(value(world, "audio", 2))
    assert sound.sample_rate == rate
    assert np.allclose(sound.data.numpy(), own, atol=1e-4)
    clip = rows["r_000003"]["video"]
    pictures = np.stack(list(decode_video(value(world, "video", 3))))
    found = np.stack([clip[n].permute(1, 2, 0).numpy() for n in range(len(clip))])
    assert found.shape == pictures.shape
    assert np.abs(found.astype(int) - pictures).mean() < 3
    assert rows["r_000000"]["audio"] is None and rows["r_000000"]["video"] is None
