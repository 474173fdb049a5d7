"""The engine on Beam's runners: what goes wrong in a partition costs that partition, and Beam is not heard of."""

import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pyarrow as pa
import pytest
from support import steps
from support.partitions import EKMAN, GOOD, Build, counts
from support.project import COMMAND, Project, texts
from support.steps import Counting, Faulty, FaultyByRow, LethalView, NeverStarts, Opines

from affectory.pipelines.engines import _beam_work, beam
from affectory.pipelines.engines._mail import Mail, decoded, encoded
from affectory.pipelines.engines.base import Choice, Notice, PartitionKillsWorkers, opened
from affectory.pipelines.engines.beam import Beam, BeamFailed, engine
from affectory.pipelines.engines.local import workers_for
from affectory.pipelines.runner.child import RaisedInChild
from affectory.pipelines.runner.execute import SetUpFailed
from affectory.pipelines.runner.partition import PartitionReport
from affectory.pipelines.runner.ruled import Ruled
from affectory.pipelines.store.commits import Counts
from affectory.pipelines.store.workspace import Workspace
from affectory.schemas.errors import AffectoryError, NotConserved, UserError

ELSEWHERE = (
    "--runner=PortableRunner",
    "--job_endpoint=embed",
    "--environment_type=beam:env:harness_subprocess_python:v1",
    f"--environment_config={sys.executable} -m apache_beam.runners.worker.sdk_worker_main",
)
"""Beam's job server in Python with workers in processes of their own: all that a remote runner has, but no network."""


@pytest.fixture(autouse=True)
def around(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Workers find the tests' steps; what Beam's job server leaves behind is not left on this machine."""
    monkeypatch.setenv("PYTHONPATH", steps.PYTHON_PATH)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path_factory.mktemp("beam")))


@pytest.fixture
def build(tmp_path: Path) -> Callable[..., Build]:
    def make(*transforms: Any, name: str = "w") -> Build:
        return Build(tmp_path / name, tuple(steps.stage(t, f"s{i}") for i, t in enumerate(transforms)))

    return make


def on_beam(workers: int | None, *options: str) -> Beam:
    return engine(Choice("beam", workers, "", options))


def reports(partitions: Any, workers: int | None = 1, *options: str) -> list[PartitionReport]:
    return [r for r in on_beam(workers, *options).run(partitions) if isinstance(r, PartitionReport)]


def mail_of(one: Build) -> list[str]:
    return list(Workspace(one.root).records().names("mail"))


def test_reports_say_what_each_stage_did_and_nothing_else_is_said(
    build: Callable[..., Build], capfd: pytest.CaptureFixture[str]
) -> None:
    one = build(FaultyByRow(), Faulty())
    found = reports(one.partitions(GOOD), 2)
    assert sorted(r.partition for r in found) == ["00-root", "01-root", "02-root", "03-root"]
    assert counts(found, "s0") == Counts(6, 4, 5, 1, 1)
    assert {s.stage for r in found for s in r.stages if s.seconds > 0} == {"s0", "s1", "label"}
    assert capfd.readouterr() == ("", "")
    assert mail_of(one) == []


def test_workers_in_processes_elsewhere_share_nothing_but_the_workspace(build: Callable[..., Build]) -> None:
    one = build(FaultyByRow())
    found = reports(one.partitions([["a", "twice"], ["segfault", "b"]]), None, *ELSEWHERE)
    assert counts(found, "s0") == Counts(4, 3, 4, 0, 1)
    assert mail_of(one) == []


def test_mail_goes_through_object_storage_too(bucket: str) -> None:
    one = Build(f"{bucket}/w", (steps.stage(FaultyByRow(), "s0"),))
    found = reports(one.partitions([["a", "twice"], ["b"]]), 2)
    assert counts(found, "s0") == Counts(3, 3, 4)
    assert mail_of(one) == []


def test_a_killed_worker_costs_only_the_row_that_killed_it(build: Callable[..., Build]) -> None:
    one = build(Faulty())
    said = list(on_beam(2).run(one.partitions([["a", "segfault", "b", "reject"], ["c"]])))
    [again] = [word for word in said if isinstance(word, Notice)]
    assert (again.kind, again.partition) == ("again", "00-root") and "ended by SIGSEGV" in again.text
    found = [word for word in said if isinstance(word, PartitionReport)]
    assert counts(found, "s0") == Counts(5, 3, 3, 1, 1)
    rejects = one.commits()["00-0-s0"][1]["rejects"]
    assert {(r["outcome"], r["reason"], r["uri"]) for r in rejects} == {
        ("failed", "Crashed", "1.txt"),
        ("rejected", "filtered", "3.txt"),
    }


def test_a_partition_that_kills_its_worker_even_so_stops_the_build(build: Callable[..., Build]) -> None:
    one = build(Opines())
    [partition] = one.partitions([["a"]])
    lethal = replace(partition, finish=replace(partition.finish, rules=(Ruled(LethalView(), EKMAN),)))
    with pytest.raises(PartitionKillsWorkers, match="partition 00-root ended its worker process 2 times"):
        reports([lethal])
    assert set(one.commits()) == {"00-root", "00-0-s0"}, "what was committed stays"
    assert mail_of(one) == []


@pytest.mark.parametrize(
    ("step", "error"), [(NeverStarts(), SetUpFailed), (NeverStarts(error="user"), UserError)], ids=["set-up", "user"]
)
def test_what_is_no_rows_fault_stops_the_build_as_itself(
    build: Callable[..., Build], step: Any, error: type[Exception], capfd: pytest.CaptureFixture[str]
) -> None:
    one = build(step)
    with pytest.raises(error):
        reports(one.partitions([["a"], ["b"]]), 2)
    assert set(one.commits()) == {"00-root", "01-root"}
    assert capfd.readouterr() == ("", "")


def test_a_build_that_is_given_up_ends_at_once(build: Callable[..., Build], tmp_path: Path) -> None:
    seen = tmp_path / "seen"
    seen.mkdir()
    one = build(Counting(folder=str(seen)), Faulty())
    running = on_beam(1).run(one.partitions([["hang"], ["a"], ["b"]]))
    while not list(seen.iterdir()):
        assert next(running) is None
    start = time.monotonic()
    running.close()
    assert time.monotonic() - start < 20, "the row hangs for a minute"
    assert [t.name for t in threading.enumerate() if t.name == "beam"] == []
    assert "01-0-s0" not in one.commits() and mail_of(one) == []


def test_a_heartbeat_comes_while_all_are_at_work(build: Callable[..., Build], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(beam, "_BEAT_S", 0.01)
    found = list(on_beam(1).run(build(Faulty()).partitions([["a"]])))
    assert found[0] is None and [r.partition for r in found if r is not None] == ["00-root"]


def test_nothing_to_do_imports_no_beam(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(beam, "_work", lambda: pytest.fail("Beam was imported"))
    with opened(Choice("beam", 1)) as chosen:
        assert list(chosen.run([])) == []
        chosen.exchange([], lambda part: pytest.fail("read"), lambda bucket, rows: pytest.fail("reduced"))


def test_mail_that_a_killed_driver_left_is_thrown_away(build: Callable[..., Build]) -> None:
    one = build(FaultyByRow())
    partitions = one.partitions([["a"]])
    Mail(str(one.root), "old").stop(UserError("of a build long ago"))
    assert [r.partition for r in reports(partitions)] == ["00-root"]
    assert mail_of(one) == []


def test_word_that_comes_twice_is_heard_once(build: Callable[..., Build]) -> None:
    """A runner may try again what was done already."""
    mail, seen, report = Mail(str(build().root)), set[str](), PartitionReport("p", ())
    mail.open()
    for heard in ([report], []):
        mail.post(report)
        assert list(mail.fresh(seen)) == heard
        assert [name.rpartition("/")[2] for name in mail_of(build())] == ["open"]


def test_a_child_outlives_the_thread_that_started_it(build: Callable[..., Build]) -> None:
    """Beam's threads come and go; the kernel ends a child with the thread that started it."""
    one = build(FaultyByRow())
    partitions = one.partitions([["a"], ["b"]])
    mail = Mail(str(one.root))
    mail.open()
    common, elements = _beam_work.packed(partitions)
    worker = _beam_work.RunPartition(mail, common)
    worker.setup()
    pids = []
    for element in elements:
        thread = threading.Thread(target=worker.process, args=(element,))
        thread.start()
        thread.join()
        time.sleep(0.05)
        pids.append(worker._child.pid)
    assert len(set(pids)) == 1
    assert [type(word) for word in mail.fresh(set())] == [PartitionReport, PartitionReport]
    worker.teardown()
    assert worker._child.pid == 0


def test_a_worker_that_sees_another_disk_is_told_of(build: Callable[..., Build], monkeypatch: Any) -> None:
    partitions = build(FaultyByRow()).partitions([["a"]])
    monkeypatch.setattr(Mail, "open", lambda mail: None)
    with pytest.raises(UserError, match="does not see the workspace"):
        reports(partitions)


def test_a_worker_elsewhere_that_sees_no_source_is_told_of(build: Callable[..., Build]) -> None:
    one = build(FaultyByRow())
    [partition] = one.partitions([["a"]])
    films = replace(partition, kinds=frozenset({"video"}), roots={"films": "/nowhere/films"})
    loopback = ("--runner=PortableRunner", "--job_endpoint=embed", "--environment_type=LOOPBACK")
    with pytest.raises(UserError, match=r"does not see the source films \(/nowhere/films\)"):
        reports([films], None, *loopback)


def test_a_job_that_ends_without_word_of_a_partition_has_failed(
    build: Callable[..., Build], monkeypatch: pytest.MonkeyPatch
) -> None:
    partitions = build(FaultyByRow()).partitions([["a"], ["b"]])
    monkeypatch.setattr(beam._work(), "run_all", lambda *_: None)
    with pytest.raises(BeamFailed, match="2 of 2 partitions not run"):
        reports(partitions)


def children_of(pid: int) -> list[str]:
    """Worker processes that a process started; each names it as its last argument."""
    found = [process.read_bytes().split(b"\0")[:-1] for process in Path("/proc").glob("[0-9]*/cmdline")]
    return [str(words) for words in found if words and words[-1] == str(pid).encode()]


def test_a_build_whose_driver_was_killed_leaves_no_process_and_goes_on(tmp_path: Path) -> None:
    made = texts(tmp_path, 60)
    arguments = ["build", "recipe.yaml", "--workspace", "ws", "--releases", "releases", "--engine", "beam"]
    command = [*COMMAND, *arguments, "--workers", "2", "--partition-rows", "3"]
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as driver:
        labelled = Workspace(made.workspace).commits
        while driver.poll() is None and sum("mail" in n and "done" in n for n in _records(made)) < 2:
            time.sleep(0.05)
        driver.send_signal(signal.SIGKILL)
    assert driver.returncode == -signal.SIGKILL
    time.sleep(0.3)
    assert children_of(driver.pid) == []
    before = labelled().keys()
    ended = made.build(engine="beam", workers=2, partition_rows=3)
    assert ended.kept == 60 and 0 < ended.partitions_run < 20 and before < labelled().keys()
    assert not [name for name in _records(made) if name.startswith("mail")]


def _records(made: Project) -> list[str]:
    return list(Workspace(made.workspace).records().names())


@dataclass(frozen=True)
class Rows:
    """Numbers of a part, each in the bucket of its last digit; or an error."""

    error: Exception | None = None

    def __call__(self, part: int) -> pa.Table:
        if self.error is not None:
            raise self.error
        numbers = list(range(part * 10, part * 10 + 15))
        return pa.table({"bucket": pa.array([n % 10 for n in numbers], pa.int64()), "number": numbers})


@dataclass(frozen=True)
class Noted:
    """Writes down every bucket's numbers, or raises."""

    folder: str
    error: Exception | None = None

    def __call__(self, bucket: int, rows: pa.Table) -> None:
        if self.error is not None:
            raise self.error
        Path(self.folder, str(bucket)).write_text(str(sorted(rows.column("number").to_pylist())))


@pytest.mark.parametrize("side", ["read", "reduce"])
@pytest.mark.parametrize("error", [UserError("no key", "set it"), ValueError("odd rows")], ids=["ours", "other"])
def test_an_error_in_an_exchange_arrives_as_itself(error: Exception, side: str, tmp_path: Path) -> None:
    read, reduce = Rows(error if side == "read" else None), Noted(str(tmp_path), error if side == "reduce" else None)
    with pytest.raises(AffectoryError) as caught:
        on_beam(1).exchange([1, 2], read, reduce)
    assert str(caught.value) == (str(error) if isinstance(error, UserError) else "ValueError: odd rows")
    assert type(caught.value) is (UserError if isinstance(error, UserError) else RaisedInChild)


def test_what_beam_itself_cannot_do_says_so() -> None:
    unsendable = (bucket for bucket in ())
    with pytest.raises(BeamFailed, match=r"FnApiRunner failed: .*generator.*\n  What is committed stays"):
        on_beam(1).exchange([1], Rows(), lambda bucket, rows: next(unsendable))


@pytest.mark.parametrize(
    "error",
    [UserError("a", "b"), NotConserved("s", "d", 3, 2), PartitionKillsWorkers("p", 2, "x"), SetUpFailed("s", "K", "d")],
    ids=lambda e: type(e).__name__,
)
def test_errors_of_ours_survive_as_text(error: AffectoryError) -> None:
    found = decoded(encoded(error))
    assert type(found) is type(error) and found.facts() == error.facts()


def test_other_errors_survive_by_type_and_text() -> None:
    assert str(decoded(encoded(KeyError("x")))) == "KeyError: 'x'"
    assert str(decoded(encoded(UserError("a", Path("b"))))) == "UserError: a\n  b"  # type: ignore[arg-type]


@pytest.mark.parametrize("text", ['["os", "system", {"command": "true"}]', '["affectory.schemas.ids", "digest", {}]'])
def test_nothing_but_errors_of_ours_is_made_from_text(text: str) -> None:
    with pytest.raises(ValueError, match=r"not an? (module|error) of ours"):
        decoded(text)


MISTAKES = {
    "unknown": (["--runner=FlinkRuner"], "did you mean FlinkRunner"),
    "no such runner": (["--runner=Mine"], "allowed: FnApiRunner, FlinkRunner"),
    "direct": (["--runner=DirectRunner"], "leave --runner out"),
    "prism": (["--runner=PrismRunner"], "needs --prism_location"),
    "prism gone": (["--runner=PrismRunner", "--prism_location=/nowhere/prism"], "no file /nowhere/prism"),
    "flink": (["--runner=FlinkRunner"], "needs --flink_job_server_jar"),
    "java": (["--runner=FlinkRunner", f"--flink_job_server_jar={__file__}"], "needs Java"),
    "dataflow": (["--runner=DataflowRunner"], r"pip install 'apache-beam\[gcp\]'"),
    "portable": (["--runner=PortableRunner"], "needs --job_endpoint"),
    "slip": (["--job_endpont=x"], "did you mean --job_endpoint"),
    "bare": (["runner=FnApiRunner"], "write --name=value"),
    "ours": (["--direct_num_workers=3"], "use --workers"),
    "session": (["--save_main_session"], "leave it out"),
    "value": (["--direct_runner_bundle_repeat=x"], "invalid int value"),
}


@pytest.mark.parametrize(("options", "told"), MISTAKES.values(), ids=MISTAKES)
def test_options_that_cannot_work_are_told_before_anything_starts(
    options: list[str], told: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(UserError, match=told):
        on_beam(None, *options)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("choice", "told"),
    [
        (Choice("beam", 0), "needs a worker"),
        (Choice("beam", 2, "", ELSEWHERE), "runner's own option"),
        (Choice("beam", 2, "host:1"), "for a Ray cluster"),
    ],
    ids=["none", "remote", "address"],
)
def test_what_other_engines_know_but_beam_does_not_is_told(choice: Choice, told: str) -> None:
    with pytest.raises(UserError, match=told):
        engine(choice)


def test_without_a_number_there_are_as_many_workers_as_the_machine_has_room_for() -> None:
    assert on_beam(None).workers == workers_for()
    assert on_beam(None, *ELSEWHERE).workers == 0, "the runner decides"


@pytest.mark.parametrize(
    ("options", "shipped"),
    [((), False), (ELSEWHERE, True), ((*ELSEWHERE, "--sdk_container_image=ours:1"), False)],
    ids=["here", "elsewhere", "image"],
)
def test_workers_elsewhere_get_our_code_as_a_wheel(options: tuple[str, ...], shipped: bool, tmp_path: Path) -> None:
    job = beam._Job(on_beam(None, *options).flags, lambda root: None)
    given = [a.partition("=")[2] for a in job._arguments() if a.startswith("--extra_package=")]
    assert len(given) == shipped
    with ZipFile(given[0]) if shipped else nullcontext() as wheel:
        assert wheel is None or "affectory/pipelines/engines/_beam_work.py" in wheel.namelist()
    job.end()
    assert not any(Path(path).exists() for path in given)
