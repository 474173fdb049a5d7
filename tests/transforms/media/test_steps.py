"""What holds for every step that reads media."""

import subprocess
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError
from support.running import run

from affectory.schemas.derived import SAMPLES
from affectory.transforms.base import Transform
from affectory.transforms.looking import Looked, Looking

STEPS = {
    "media.probe": "Probe",
    "video.scenes": "Scenes",
    "video.clips": "Clips",
    "video.frames": "Frames",
    "video.shots": "Shots",
    "image.load_image": "LoadImage",
    "image.brightness": "Brightness",
    "image.sharpness": "Sharpness",
    "image.faces": "Faces",
    "video.face_tracks": "FaceTracks",
    "models.persons": "Persons",
    "audio.load_audio": "LoadAudio",
    "audio.loudness": "Loudness",
    "audio.audio_track": "AudioTrack",
    "audio.speech": "Speech",
    "audio.prosody": "Prosody",
    "audio.sound_events": "SoundEvents",
}


def step(name: str) -> Any:
    return getattr(import_module(f"affectory.transforms.{name}"), STEPS[name])


@pytest.mark.parametrize("name", STEPS)
def test_it_is_a_transform_that_works_in_a_child_process(name: str) -> None:
    transform = step(name)()
    assert isinstance(transform, Transform)
    assert transform.resources.isolated and transform.resources.timeout_s > 0
    for column, dtype in {**transform.reads(), **transform.writes()}.items():
        if column in SAMPLES.schema.names:
            assert dtype == SAMPLES.schema.field(column).type


@pytest.mark.parametrize("name", STEPS)
def test_who_looks_at_pictures_can_do_so_with_others(name: str) -> None:
    transform = step(name)()
    assert isinstance(transform, Looking) == isinstance(transform.setup(), Looked)
    if isinstance(transform, Looking):
        assert {"original", "anchor"} <= set(transform.reads())


@pytest.mark.parametrize("name", STEPS)
def test_its_parameters_are_strict_and_described(name: str) -> None:
    adapter = TypeAdapter(step(name))
    assert all(field.get("description") for field in adapter.json_schema().get("properties", {}).values())
    with pytest.raises(ValidationError, match="surprise"):
        adapter.validate_python({"surprise": 1})


@pytest.mark.parametrize("name", STEPS)
def test_no_rows_make_no_rows(name: str) -> None:
    transform = step(name)()
    result = run(transform, [])
    assert result.rows.num_rows == 0 and set(transform.writes()) <= set(result.rows.column_names)


def test_a_plan_loads_no_decoder() -> None:
    modules = ", ".join(f"affectory.transforms.{name}" for name in STEPS)
    code = f"import sys, {modules}; print({{'av', 'cv2', 'PIL'}} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


@pytest.mark.parametrize("name", STEPS)
@pytest.mark.parametrize(
    "content", [b"", b"\0" * 999, b"RIFF\xff\xff\xff\xffWAVEfmt ", b"\x1aE\xdf\xa3" * 50, b"ftypmp42" * 9]
)
def test_nonsense_is_rejected_in_silence(
    name: str, content: bytes, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "a.mp4"
    path.write_bytes(content)
    transform = step(name)()
    media = {"path": str(path)}
    rows = [
        {"kind": kind, "original": media, "image": media, "frames": [{"at_us": 0, **media}]}
        for kind in sorted(transform.on)
    ]
    result = run(transform, rows)
    assert {r.reason for r in result.rejected} <= {"empty", "unreadable", "unsupported"}
    assert len(result.rejected) == len(rows)
    assert capfd.readouterr() == ("", "")
