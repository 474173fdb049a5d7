"""What a build on a real cluster exports on the cluster's metrics port."""

import os
import re
import subprocess
import time
import urllib.request
from pathlib import Path

import pytest
from support.head import TOKEN, Head
from support.project import COMMAND, texts, write_lines

from affectory.pipelines.engines._ray_metrics import METRICS, NOTICES, QUESTIONS

SERIES = re.compile(r"^(ray_affectory_\w+)\{([^}]*)\} (\S+)$", re.MULTILINE)
PATIENCE_S = 60.0


def scraped(head: Head) -> dict[str, dict[tuple[str, ...], float]]:
    """Series of our own by name and by the values of their tags."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{head.metrics}/metrics", timeout=5) as answer:
            text = answer.read().decode()
    except OSError:  # the agent that exports starts after the head
        return {}
    found: dict[str, dict[tuple[str, ...], float]] = {}
    for name, labels, value in SERIES.findall(text):
        tags = dict(re.findall(r'(\w+)="([^"]*)"', labels))
        key = tuple(tags[k] for k in ("dataset", "stage", "outcome", "resource", "state") if k in tags)
        found.setdefault(name, {})[key] = float(value)
    return found


@pytest.mark.drill
def test_a_build_shows_rows_rejects_and_seconds_on_the_metrics_port(tmp_path: Path, head: Head) -> None:
    made = texts(tmp_path, 30)
    write_lines(
        tmp_path / "lines.jsonl", [{"id": f"l{n}", "who": "s", "body": "hello" if n else "x"} for n in range(30)]
    )
    mode = {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": TOKEN, "RAY_metrics_report_interval_ms": "300"}
    words = ["build", "--engine", "ray", "--address", f"127.0.0.1:{head.gcs}", "--partition-rows", "3"]
    where = ["--workspace", "ws", "--releases", "releases"]
    seen: set[str] = set()
    with subprocess.Popen([*COMMAND, *words, *where], cwd=tmp_path, env={**os.environ, **mode}) as build:
        while build.poll() is None:
            seen |= set(scraped(head))
            time.sleep(0.1)
    assert build.returncode == 0
    assert (made.folder / "releases" / "LATEST").exists()
    rows = {("texts", "clean_text", "in"): 30, ("texts", "clean_text", "rejected"): 1, ("texts", "label", "out"): 29}
    end = time.monotonic() + PATIENCE_S
    while (
        time.monotonic() < end
        and not rows.items() <= (now := scraped(head)).get("ray_affectory_rows_total", {}).items()
    ):
        time.sleep(0.3)
    assert rows.items() <= now["ray_affectory_rows_total"].items()
    assert now["ray_affectory_stage_seconds_total"][("texts", "lexicon", "cpu")] > 0
    wanted = {series for metric in METRICS if metric not in (QUESTIONS, NOTICES) for series in metric.series}
    assert wanted - seen - set(now) == set()
