"""The examples of docs/consume.md, run as they stand."""

import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from support.scripts import script

from affectory.pipelines.release import write, write_release

PAGE = Path(__file__).resolve().parents[3] / "docs" / "consume.md"
EXAMPLE = re.compile(r"^```python(| torch| tensors)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
TENSORS = importlib.util.find_spec("torch") is not None


def examples(*, torch: bool) -> str:
    """With torch those that make tensors run, with torchcodec besides those that decode by it."""
    wanted = ["", *([" tensors"] if TENSORS else []), *([" torch"] if torch else [])]
    return "\n".join(code for needs, code in EXAMPLE.findall(PAGE.read_text()) if needs in wanted)


@pytest.mark.parametrize("torch", [False, True], ids=["plain", "torch"])
def test_the_page_runs(world: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, torch: bool) -> None:
    if torch:
        pytest.importorskip("torchcodec", exc_type=(ImportError, OSError, RuntimeError))
    monkeypatch.setattr(write, "run_load_test", lambda *_: None)
    world.rows["samples"][4]["key"] = "t1"
    write_release(world.inputs(tmp_path / "in"), tmp_path / "releases")
    world.add(77)
    write_release(world.inputs(tmp_path / "in"), tmp_path / "releases")
    environment = {**os.environ, "HF_HOME": str(tmp_path / "home"), "HF_HUB_OFFLINE": "1"}
    run = [sys.executable, "-c", script(examples(torch=torch))]
    ended = subprocess.run(run, capture_output=True, text=True, check=False, cwd=tmp_path, env=environment)
    assert ended.returncode == 0, ended.stderr
    printed = [line for line in ended.stdout.splitlines() if "Generating" not in line]
    for line in ("[('human', 7), ('model', 7)]", "sound (1, 2000) 8000", "picture (16, 32, 3)", "[('t1', 'Tuesday')]"):
        assert line in printed
    assert "majority 8 ['sample_id', 'label', 'distribution']" in printed
    assert "two best of models ['joy']" in printed
    assert "wheels 0.857 1.0 0.75" in printed
    [asked] = [line for line in printed if line.startswith("asked (8, 7) ")]
    assert "'joy': 7" in asked and "'fear': 0" in asked, "the opinions of this release were asked for joy alone"
    assert printed[-2:] == ["v1.0.0 -> v1.1.0: minor", "  1 row added"]
    assert ("torch.Size([1, 2000])" in printed) == torch
    assert any(line.startswith("batch torch.Size([4, 4000])") for line in printed) == TENSORS


def test_every_column_is_described(world: Any, tmp_path: Path) -> None:
    from affectory.pipelines.release.write import write_content

    columns = write_content(world.inputs(tmp_path / "in"), tmp_path / "out", tmp_path / "gathered").features["default"]
    described = set(re.findall(r"`(\w+)`", PAGE.read_text()))
    assert {c for c in columns if not c.startswith("note_") and not c.endswith("_sha256")} <= described
