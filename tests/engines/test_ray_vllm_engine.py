"""A build past Ray's own LLM stage with a real engine of vLLM in it: the same commits as by an engine in a child.

It needs vLLM, of which there is a build for processors (`make llm`); Ray is told that a GPU is here.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from support import smollm, steps

pytest.importorskip("vllm", reason="no vLLM: `make llm` installs it elsewhere and runs this there")


def test_answers_past_ray_are_those_of_an_engine_in_a_child_and_a_bad_question_is_alone(tmp_path: Path) -> None:
    """In a process of its own, with a Ray that takes a CPU for a GPU."""
    script = "from support.steps_vllm import both_ways as run; import sys; run(*sys.argv[1:])"
    offline = {"VLLM_CPU_KVCACHE_SPACE": "1", "HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1"}
    environment = {**os.environ, **offline, "PYTHONPATH": os.pathsep.join([*sys.path, steps.PYTHON_PATH])}
    command = [sys.executable, "-c", script, str(tmp_path), str(smollm.folder())]
    told = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert told.returncode == 0, told.stderr[-6000:]
    found = json.loads(told.stdout.splitlines()[-1])
    assert found["alike"], found
    assert found["counts"] == {"rows_in": 6, "kept": 5, "out": 5, "rejected": 0, "failed": 1}
    assert found["reasons"] == ["TooLong"]
    assert found["asked"] == 0, "no task asked anything itself"
    assert [n for n in found["notices"] if n.startswith("wonders")] == ["wonders: 15 answers of small came in"]
