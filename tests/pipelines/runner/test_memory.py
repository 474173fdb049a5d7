"""What processes hold is what only they can give back, with all that they started."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from affectory.pipelines.runner.memory import family, held, held_by_family

MB = 1_000_000
HOLDS = "x = b'x' * {size}; print('ready', flush=True); input()"
MAPS = """
import mmap
with open({path!r}, "rb") as file:
    mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    seen = sum(mapped[i] for i in range(0, len(mapped), 4096))
    print("ready", flush=True); input()
"""
STARTS = "import subprocess, sys; subprocess.run([sys.executable, '-c', {code!r}])"


@contextmanager
def process(code: str) -> Iterator[int]:
    """A process that is ready, and ends when it is told to."""
    command = [sys.executable, "-c", code]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as started:
        assert started.stdin is not None and started.stdout is not None
        try:
            assert started.stdout.readline() == "ready\n"
            yield started.pid
        finally:
            started.stdin.write("\n")
            started.stdin.flush()


def test_memory_that_is_filled_is_held() -> None:
    with process(HOLDS.format(size=80 * MB)) as pid:
        assert 80 * MB < held(pid) < 120 * MB


def test_pages_of_a_mapped_file_are_not(tmp_path: Path) -> None:
    path = tmp_path / "large"
    path.write_bytes(b"x" * 80 * MB)
    with process(MAPS.format(path=str(path))) as pid:
        assert held(pid) < 40 * MB


@pytest.mark.parametrize("lives", [True, False])
def test_a_worker_ends_for_memory_of_its_own_not_for_what_it_shares(lives: bool) -> None:
    code = "import mmap, time; from affectory.pipelines.runner.memory import no_more_than as most\n"
    code += "n = 100_000_000; shared = mmap.mmap(-1, 6 * n)\nfor i in range(6): shared.write(b'x' * n)\n"
    code += f"with most(300): own = b'' if {lives} else b'x' * 6 * n; time.sleep(0.6)"
    assert (subprocess.run([sys.executable, "-c", code], check=False).returncode == 0) is lives


def test_what_a_process_started_counts_for_it() -> None:
    inner = STARTS.format(code=HOLDS.format(size=80 * MB))
    with process(STARTS.format(code=inner)) as pid:
        assert len(family(pid)) == 3
        assert held(pid) < 40 * MB
        assert 80 * MB < held_by_family(pid) < 180 * MB


@pytest.mark.parametrize("pid", [2**22 + 1, 0])
def test_of_a_process_that_is_not_there_nothing_is_held(pid: int) -> None:
    assert held_by_family(pid) == 0
