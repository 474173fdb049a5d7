"""eGeMAPS by openSMILE where it is installed; where it is not, what to do is told."""

import importlib.util
import math
from pathlib import Path

import numpy as np
import pytest
from support.media import tone, write_sound, write_video
from support.running import run

from affectory.schemas.errors import UserError
from affectory.transforms.audio.egemaps import Egemaps

needs_opensmile = pytest.mark.skipif(
    importlib.util.find_spec("opensmile") is None,
    reason="openSMILE is not installed: its licence allows research only (extra `egemaps`)",
)


@pytest.mark.skipif(importlib.util.find_spec("opensmile") is not None, reason="openSMILE is installed")
def test_without_opensmile_the_plan_says_what_to_install() -> None:
    with pytest.raises(UserError, match="opensmile") as told:
        Egemaps()
    assert "affectory[egemaps]" in told.value.hint


@needs_opensmile
@pytest.mark.filterwarnings("ignore")
def test_there_are_88_of_which_the_first_is_the_pitch(tmp_path: Path) -> None:
    buzz = sum(tone(1, hertz=200.0 * k, level=0.1) for k in range(1, 6))
    path = write_sound(tmp_path / "a.wav", np.asarray(buzz, np.float32))
    short = write_sound(tmp_path / "b.wav", tone(0.05))
    mute = write_video(tmp_path / "c.mp4", 5, sound=False)
    kinds = (("audio", path), ("audio", short), ("video", mute))
    result = run(Egemaps(), [{"kind": kind, "original": {"path": str(p)}} for kind, p in kinds])
    assert not result.rejected and not result.failed
    features, *others = result.rows["egemaps"].to_pylist()
    assert len(features) == 88 and others == [None, None]
    assert features[0] == pytest.approx(12 * math.log2(200 / 27.5), abs=0.1), "F0 in semitones from 27.5 Hz"
