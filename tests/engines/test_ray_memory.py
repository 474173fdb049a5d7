"""Ray's own monitor ends a worker whose node runs out of memory: that costs the partition in flight, and no row."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from support import steps

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="memory is read from /proc"),
    pytest.mark.alone,  # it is the memory of the machine that Ray's monitor looks at
    pytest.mark.xdist_group("ray"),
]

ROOM_KB = 4_000_000
"""Far more than Ray itself and what else grows meanwhile take, less than what leaks."""
RUN = """
import sys
from dataclasses import replace
from pathlib import Path
from support import steps
from support.partitions import Build
from support.steps_hard import LeakyOnce
from affectory.pipelines.engines import base
from affectory.pipelines.runner.execute import Allowance
folder = Path(sys.argv[1])
build = Build(folder / "w", (steps.stage(LeakyOnce(leaked=str(folder / "leaked"), most_mb=7000), "hard"),))
wide = Allowance(memory_mb=20_000, retries=1)  # so that it is Ray who ends it
partitions = [replace(p, allowance=wide) for p in build.partitions([["a", "leak", "bb"], ["c"], ["dd"]])]
with base.opened(base.Choice("ray", 2)) as engine:
    for report in engine.run(partitions):
        if isinstance(report, base.Notice):
            print(report.text, file=sys.stderr)
for _, (counts, _) in sorted(build.commits().items()):
    print(counts.rows_in, counts.kept, counts.failed)
"""


def test_a_node_out_of_memory_costs_the_partition_in_flight(tmp_path: Path) -> None:
    lines = (line.split() for line in Path("/proc/meminfo").read_text().splitlines())
    memory = {words[0]: int(words[1]) for words in lines}
    threshold = 1 - (memory["MemAvailable:"] - ROOM_KB) / memory["MemTotal:"]
    monitor = {"RAY_memory_usage_threshold": f"{threshold:.4f}", "RAY_memory_monitor_refresh_ms": "100"}
    env = {**os.environ, **monitor, "PYTHONPATH": steps.PYTHON_PATH}
    done = subprocess.run([sys.executable, "-c", RUN, str(tmp_path)], env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "partition 00-root runs again (its node was out of memory; 1 of 4 times)" in done.stderr
    rows = [line for line in done.stdout.splitlines() if line[0].isdigit()]
    assert rows == ["3 3 0"] * 3 + ["1 1 0"] * 6
