"""A process in a container uses what the container may, not what the machine has."""

from pathlib import Path

import pytest

from affectory.pipelines.engines import _machine
from affectory.pipelines.engines.local import workers_for

GB = 1 << 30
V2 = {"proc/self/cgroup": "0::/batch/job\n"}
V1 = {"proc/self/cgroup": "5:memory:/job\n3:cpu,cpuacct:/job\n1:name=systemd:/\n0::/\n"}
UNBOUND = {
    "cpu.cfs_quota_us": "-1\n",
    "cpu.cfs_period_us": "100000\n",
    "memory.limit_in_bytes": "9223372036854771712\n",
}


@pytest.fixture
def large(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine of 64 cores and 512 GB."""
    monkeypatch.setattr(_machine.os, "sched_getaffinity", lambda _: set(range(64)), raising=False)
    monkeypatch.setattr(_machine.os, "sysconf", {"SC_PAGE_SIZE": 4096, "SC_PHYS_PAGES": 512 * GB // 4096}.get)


def machine(root: Path, *files: dict[str, str]) -> Path:
    for name, text in ((name, text) for some in files for name, text in some.items()):
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


def below(folder: str, files: dict[str, str]) -> dict[str, str]:
    return {f"sys/fs/cgroup/{folder}/{name}": text for name, text in files.items()}


CASES = {
    "no groups": ([], 64, 512),
    "no limits": ([V2, below("batch/job", {"cpu.max": "max 100000\n", "memory.max": "max\n"})], 64, 512),
    "its own group": ([V2, below("batch/job", {"cpu.max": "350000 100000\n", "memory.max": f"{9 * GB}\n"})], 3, 9),
    "a group around it": ([V2, below("batch", {"cpu.max": "200000 100000\n", "memory.max": f"{6 * GB}\n"})], 2, 6),
    "the tightest": (
        [V2, below("batch", {"cpu.max": "200000 100000"}), below("batch/job", {"cpu.max": "9 1"})],
        2,
        512,
    ),
    "the outermost": ([{"proc/self/cgroup": "0::/\n"}, below("", {"memory.max": f"{4 * GB}"})], 64, 4),
    "half a core": ([V2, below("batch/job", {"cpu.max": "50000 100000"})], 1, 512),
    "named from outside": ([{"proc/self/cgroup": "0::/../../other\n"}, below("", {"cpu.max": "400 100"})], 4, 512),
    "version 1": (
        [
            V1,
            below("cpu,cpuacct/job", {"cpu.cfs_quota_us": "150000\n", "cpu.cfs_period_us": "50000\n"}),
            below("memory/job", {"memory.limit_in_bytes": f"{8 * GB}\n"}),
        ],
        3,
        8,
    ),
    "version 1 under one name": ([V1, below("cpu", {"cpu.cfs_quota_us": "5", "cpu.cfs_period_us": "1"})], 5, 512),
    "version 1 without limits": ([V1, below("cpu/job", UNBOUND), below("memory/job", UNBOUND)], 64, 512),
}


@pytest.mark.usefixtures("large")
@pytest.mark.parametrize(("files", "cores", "memory"), CASES.values(), ids=CASES)
def test_limits_of_groups_are_kept(tmp_path: Path, files: list[dict[str, str]], cores: int, memory: int) -> None:
    root = machine(tmp_path, *files)
    assert _machine.cores(root) == cores
    assert _machine.memory(root) == memory * GB


@pytest.mark.parametrize(("cores", "memory", "workers"), [(3, 64 * GB, 3), (64, 9 * GB, 4), (1, GB, 1)])
def test_workers_fit_into_both(monkeypatch: pytest.MonkeyPatch, cores: int, memory: int, workers: int) -> None:
    monkeypatch.setattr(_machine, "cores", lambda: cores)
    monkeypatch.setattr(_machine, "memory", lambda: memory)
    assert workers_for() == workers


def test_this_machine_has_something() -> None:
    assert _machine.cores() >= 1
    assert _machine.memory(Path("/nowhere")) >= _machine.memory() > 0
