"""What a run says: a log that survives it, lines for people, JSON for machines."""

import io
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from affectory.pipelines.events import Event, KeptLog, Lines, Run, as_json, duration, progress_line, size
from affectory.pipelines.store.files import LocalFiles


class Clock:
    """Seconds that pass when a test says so."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def progress(done: int, total: int = 400, **more: Any) -> Event:
    return {"event": "progress", "what": "build", "done": done, "total": total, "unit": "rows", **more}


def test_events_go_to_the_log_and_to_all_who_listen(tmp_path: Path) -> None:
    heard: list[Event] = []
    log = tmp_path / "runs" / "a.jsonl"
    with Run(log, (heard.append, heard.append)) as run:
        run.tell("start", what="build", path=Path("ü"))
        run.tell("progress", done=1)
        run.tell("stage", stage="probe")
        assert len(log.read_text(encoding="utf-8").splitlines()) == 2, (
            "what a killed run said can be read, its progress apart"
        )
    assert [e["event"] for e in heard] == ["start", "start", "progress", "progress", "stage", "stage"]
    logged = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
    assert (logged[0]["event"], logged[0]["what"], logged[0]["path"]) == ("start", "build", "ü")
    assert all("at" in event for event in logged)


def test_a_log_is_added_to(tmp_path: Path) -> None:
    for _ in range(2):
        with Run(tmp_path / "log") as run:
            run.tell("start")
    assert len((tmp_path / "log").read_text().splitlines()) == 2


def test_a_run_that_fails_closes_its_log_and_hides_nothing(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), Run(tmp_path / "log") as run:
        raise ZeroDivisionError
    with pytest.raises(ValueError, match="closed"):
        run.tell("late")


def test_machines_get_one_object_a_line() -> None:
    stream = io.StringIO()
    listener = as_json(stream)
    for event in ({"event": "say", "text": "two\nlines ☕"}, {"event": "start", "path": Path("a")}):
        listener(event)
    lines = stream.getvalue().splitlines()
    assert [json.loads(line)["event"] for line in lines] == ["say", "start"]
    assert "☕" in lines[0]


def lines(stream: io.StringIO) -> tuple[Lines, Clock]:
    clock = Clock()
    told = Lines(stream, clock)
    told({"event": "start", "what": "build"})
    return told, clock


def test_elsewhere_than_on_a_terminal_a_line_is_written_now_and_then() -> None:
    stream = io.StringIO()
    told, clock = lines(stream)
    for second in range(1, 11):
        clock.now = float(second)
        told(progress(10 * second))
    assert len(stream.getvalue().splitlines()) == 5
    assert "\r" not in stream.getvalue()
    assert stream.getvalue().splitlines()[0] == "build 20/400 rows (5 %), 10.0 rows/s, 38 s left"


def test_on_a_terminal_one_line_is_rewritten_and_cleared_before_what_is_said() -> None:
    stream = Terminal()
    told, clock = lines(stream)
    for step in range(1, 4):
        clock.now = step * 0.2
        told(progress(step))
    told({"event": "say", "text": "done"})
    assert stream.getvalue().count("\r\x1b[2Kbuild") == 3
    assert stream.getvalue().endswith("\r\x1b[2Kdone\n")
    told({"event": "say", "text": "again"})
    assert stream.getvalue().endswith("done\nagain\n")


def test_a_new_start_counts_from_there() -> None:
    stream = io.StringIO()
    told, clock = lines(stream)
    clock.now = 100.0
    told({"event": "start", "what": "publish"})
    clock.now = 110.0
    told(progress(20))
    assert "2.0 rows/s" in stream.getvalue()


def test_a_part_that_begins_is_seen_at_once_on_a_terminal() -> None:
    stream = Terminal()
    told, _ = lines(stream)
    told({"event": "start", "what": "load test"})
    told({"event": "progress", "what": "load test", "done": 0, "total": 3, "unit": "steps"})
    assert "load test 0/3 steps" in stream.getvalue()


def test_what_people_need_not_see_is_not_shown() -> None:
    stream = io.StringIO()
    told, _ = lines(stream)
    told({"event": "stage", "stage": "cut"})
    assert stream.getvalue() == ""


@pytest.mark.parametrize(
    ("event", "seconds", "line"),
    [
        (progress(0), 0.0, "build 0/400 rows (0 %), 0.0 rows/s, time left unknown"),
        (progress(0), 9.0, "build 0/400 rows (0 %), 0.0 rows/s, time left unknown"),
        (progress(400), 4.0, "build 400/400 rows (100 %), 100.0 rows/s, 0 s left"),
        (progress(0, total=0), 1.0, "build 0/0 rows, 0.0 rows/s, time left unknown"),
        (
            progress(120, kept=110, rejected=8, failed=2),
            10.0,
            "build 120/400 rows (30 %), 12.0 rows/s, 23 s left, 110 kept, 8 rejected, 2 failed",
        ),
        (
            {"what": "upload", "done": 1_500_000, "total": 6_000_000, "unit": "bytes"},
            3.0,
            "upload 1.5 MB/6.0 MB (25 %), 500.0 kB/s, 9 s left",
        ),
        (progress(5000, total=1_000_000), 1.0, "build 5,000/1,000,000 rows (0 %), 5,000.0 rows/s, 3 min 19 s left"),
    ],
)
def test_progress_says_rate_and_rest(event: Event, seconds: float, line: str) -> None:
    assert progress_line(event, seconds) == line


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 s"), (7.6, "8 s"), (59.4, "59 s"), (59.6, "1 min 0 s"), (200, "3 min 20 s"),
        (3599.4, "59 min 59 s"), (3599.6, "1 h 0 min"), (7500, "2 h 5 min"), (360_000, "100 h 0 min"),
    ],
)  # fmt: skip
def test_durations_can_be_read(seconds: float, text: str) -> None:
    assert duration(seconds) == text


@pytest.mark.parametrize(
    ("count", "text"),
    [(0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (3_400_000, "3.4 MB"), (2e9, "2.0 GB"), (5e15, "5000.0 TB")],
)
def test_sizes_can_be_read(count: float, text: str) -> None:
    assert size(count) == text


@given(st.integers(0, 10**15))
def test_a_size_is_told_within_a_twentieth(count: int) -> None:
    number, unit = size(count).split()
    told = float(number) * 1000 ** ("B", "kB", "MB", "GB", "TB").index(unit)
    assert told == pytest.approx(count, rel=0.05)


def test_a_log_elsewhere_is_copied_now_and_then_and_at_the_end(tmp_path: Path) -> None:
    log, clock, runs = tmp_path / "a.jsonl", Clock(), LocalFiles(tmp_path / "elsewhere")
    with Run(log, (KeptLog(log, runs, 60.0, clock),), kept_at="s3://bucket/runs/a.jsonl") as run:
        run.tell("start", what="build")
        assert not runs.exists("a.jsonl")
        clock.now = 61.0
        run.tell("stage", stage="probe")
        assert runs.read("a.jsonl").count(b"\n") == 2
        clock.now = 62.0
        run.tell("stage", stage="clips")
        assert runs.read("a.jsonl").count(b"\n") == 2
        assert run.kept_at == "s3://bucket/runs/a.jsonl"
    assert runs.read("a.jsonl") == log.read_bytes()


def test_a_log_that_cannot_be_copied_stops_nothing(tmp_path: Path) -> None:
    log, runs = tmp_path / "a.jsonl", LocalFiles(tmp_path / "elsewhere")
    (tmp_path / "elsewhere").write_bytes(b"in the way")
    with Run(log, (KeptLog(log, runs, 0.0),)) as run:
        run.tell("start", what="build")
    assert log.exists()
