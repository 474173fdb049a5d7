"""The examples of docs/consume.md, run as they stand."""

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
EXAMPLE = re.compile(r"^```python( torch)?\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def examples(*, torch: bool) -> str:
    return "\n".join(code for needs_torch, code in EXAMPLE.findall(PAGE.read_text()) if torch or not needs_torch)


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
    assert printed[-2:] == ["v1.0.0 -> v1.1.0: minor", "  1 row added"]
    assert ("torch.Size([1, 2000])" in printed) == torch


def test_every_column_is_described(world: Any, tmp_path: Path) -> None:
    from affectory.pipelines.release.write import write_content

    columns = write_content(world.inputs(tmp_path / "in"), tmp_path / "out", tmp_path / "gathered").features["default"]
    described = set(re.findall(r"`(\w+)`", PAGE.read_text()))
    assert {c for c in columns if not c.startswith("note_") and not c.endswith("_sha256")} <= described
