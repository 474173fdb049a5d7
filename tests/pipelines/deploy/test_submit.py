"""Builds sent to a real Ray head with a token: what travels, what comes back, and how it ends."""

import io
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ServerDisconnectedError
from support.head import Head
from support.project import COMMAND, Project, texts

from affectory.pipelines.cli import deploying
from affectory.pipelines.deploy.bundle import read
from affectory.pipelines.deploy.site import Site
from affectory.pipelines.deploy.submit import Following, Submission
from affectory.pipelines.engines import _ray_jobs
from affectory.pipelines.engines._ray_jobs import Job, JobLost, Jobs, token
from affectory.pipelines.store.workspace import Workspace
from affectory.pipelines.wheel import write_wheel
from affectory.schemas.errors import UserError

SECRET = "value-of-the-key"
pytestmark = pytest.mark.filterwarnings("ignore:ssl=None is deprecated:DeprecationWarning")  # of Ray's client


@pytest.fixture(scope="module")
def jobs(head: Head) -> Jobs:
    return Jobs(head.address, head.token_file.read_text())


@pytest.fixture
def made(tmp_path: Path) -> Project:
    return texts(tmp_path, 8)


def submit(made: Project, head: Head, **options: Any) -> int:
    """Through the command, in this process; its exit code."""
    where = {"workspace": str(made.workspace), "releases": str(made.releases)}
    usual: dict[str, Any] = {"address": head.address, "token_file": head.token_file, **where}
    with pytest.raises(SystemExit) as ended:
        deploying.submit(made.recipe, **{**usual, "publishing": True, "follow": True, **options})
    return int(ended.value.code or 0)


def command(job: str, wheel: Path, *words: str, **env: str) -> Job:
    return Job(job, (sys.executable, *words), None, wheel, env)


def test_a_submitted_build_publishes_what_a_build_here_would(
    made: Project, head: Head, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRET_KEY_OF_PEOPLE", SECRET)
    title = f"title=$(touch {made.folder}/pwned)"
    key = 'people.pseudonym_key="${env:SECRET_KEY_OF_PEOPLE}"'
    assert submit(made, head, overrides=[title, key], env=["SECRET_KEY_OF_PEOPLE"], partition_rows=3) == 0
    out, err = capfd.readouterr()
    assert "texts v1.0.0 (first release)" in out and "16 attached" in out
    assert "ray job stop texts-" in err and SECRET not in out + err
    assert not (made.folder / "pwned").exists()
    here = texts(made.folder / "here", 8)
    here.build(title, key, partition_rows=3)
    assert contents(made.releases / "v1.0.0") == contents(here.releases / "v1.0.0")


def contents(release: Path) -> dict[str, bytes]:
    return {p.relative_to(release).as_posix(): p.read_bytes() for p in sorted(release.rglob("*.parquet"))}


def test_a_lease_that_is_held_is_told_and_the_exit_code_comes_through(
    made: Project, head: Head, capfd: pytest.CaptureFixture[str]
) -> None:
    with Workspace(made.workspace).lease():
        assert submit(made, head, json=True) == 3
    out, err = capfd.readouterr()
    event = json.loads(out.splitlines()[-1])
    assert (event["event"], event["error"]) == ("error", "LeaseHeld")
    assert f"process {os.getpid()} on" in event["holder"]
    assert "Running entrypoint" in err and not [line for line in out.splitlines() if not line.startswith("{")]


def test_interrupting_leaves_the_job_running(made: Project, head: Head, jobs: Jobs) -> None:
    where = ["--workspace", str(made.workspace), "--releases", str(made.releases), "--no-publish"]
    words = ["submit", str(made.recipe), "--address", head.address, "--token-file", str(head.token_file), *where]
    pipes = {"stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE}
    with subprocess.Popen([*COMMAND, *words], text=True, **pipes) as running:
        assert running.stderr is not None
        first = next(line for line in running.stderr if line.startswith("job "))
        time.sleep(0.5)
        running.send_signal(signal.SIGINT)
        rest = running.stderr.read()
    assert running.returncode == 130
    job = first.split()[1]
    assert f"job {job} goes on" in rest
    assert jobs.outcome(job).status == "succeeded", "".join(jobs.follow(job))
    assert made.workspace.exists() and not made.releases.exists()


def test_the_job_runs_our_code_from_the_wheel_and_ends_as_it_ends(jobs: Jobs, tmp_path: Path) -> None:
    code = "import affectory, os; print('from', affectory.__path__[0], os.environ['GIVEN']); raise SystemExit(4)"
    wheel = write_wheel(tmp_path)
    jobs.submit(command("which-code", wheel, "-c", code, GIVEN="as given"))
    said = "".join(jobs.follow("which-code"))
    assert (jobs.outcome("which-code").status, jobs.outcome("which-code").exit_code) == ("failed", 4)
    line = next(line for line in said.splitlines() if line.startswith("from "))
    assert "py_modules_files" in line and line.endswith("as given")


def test_a_stopped_job_is_no_success(jobs: Jobs, tmp_path: Path) -> None:
    jobs.submit(command("stopped", write_wheel(tmp_path), "-c", "import time; print('on', flush=True); time.sleep(60)"))
    assert any("on\n" in text for text in jobs.follow("stopped"))
    jobs._client.stop_job("stopped")
    ended = jobs.outcome("stopped")
    assert (ended.status, ended.exit_code) == ("stopped", 1)


@pytest.mark.parametrize("given", ["", "another token"])
def test_a_cluster_that_refuses_us_says_where_tokens_come_from(head: Head, given: str) -> None:
    with pytest.raises(UserError, match="refused us") as caught:
        Jobs(head.address, given)
    assert "--token-file" in caught.value.hint


def test_no_cluster_there() -> None:
    with pytest.raises(UserError, match="no Ray cluster answers"):
        Jobs("http://127.0.0.1:9", "")


def test_a_recipe_alone_sends_no_token_anywhere(made: Project, tmp_path: Path) -> None:
    (tmp_path / "token").write_text("hidden")
    where = {"workspace": str(made.workspace), "releases": str(made.releases), "token_file": tmp_path / "token"}
    with pytest.raises(UserError, match="which was not asked for"):
        deploying.submit(made.recipe, overrides=["deploy.address=http://127.0.0.1:9"], **where)


def test_an_address_that_is_given_wins_over_the_environment(head: Head, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAY_ADDRESS", "http://127.0.0.1:9")
    Jobs(head.address, head.token_file.read_text())
    assert os.environ["RAY_ADDRESS"] == "http://127.0.0.1:9"


class _Dropping:
    """A job server whose connection breaks in the middle of the output."""

    def __init__(self, breaks: int) -> None:
        self.breaks = breaks

    async def tail_job_logs(self, job: str) -> Any:
        yield "one\n"
        if self.breaks:
            self.breaks -= 1
            raise RuntimeError("closed unexpectedly") if self.breaks % 2 else ServerDisconnectedError
        yield "two\n"

    def get_job_status(self, job: str) -> Any:
        from ray.job_submission import JobStatus

        return JobStatus.SUCCEEDED


def following(breaks: int) -> Jobs:
    found = Jobs.__new__(Jobs)
    found.address, found._client = "http://head:8265", _Dropping(breaks)
    return found


def test_a_broken_connection_is_made_again_and_nothing_is_said_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_ray_jobs, "PAUSE_S", 0.0)
    assert "".join(following(3).follow("j")) == "one\ntwo\n"


def test_a_cluster_that_stays_away_ends_the_following(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_ray_jobs, "PAUSE_S", 0.0)
    with pytest.raises(JobLost, match="may still be running"):
        list(following(10_000).follow("j"))


def test_the_token_is_looked_for_where_ray_does(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("RAY_AUTH_TOKEN", "RAY_AUTH_TOKEN_PATH"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert token(None) == ""
    for name in ("own", "path"):
        (tmp_path / name).write_text(f"{name}\n")
    (tmp_path / ".ray").mkdir()
    (tmp_path / ".ray" / "auth_token").write_text("usual")
    assert token(None) == "usual"
    monkeypatch.setenv("RAY_AUTH_TOKEN_PATH", str(tmp_path / "path"))
    assert token(None) == "path"
    monkeypatch.setenv("RAY_AUTH_TOKEN", "direct")
    assert token(None) == "direct"
    assert token(tmp_path / "own") == "own"
    (tmp_path / "own").write_text(" \n")
    with pytest.raises(UserError, match="no token"):
        token(tmp_path / "own")


def submission(made: Project, **options: Any) -> Submission:
    site = Site(read(made.recipe), str(made.workspace), str(made.releases))
    return Submission(site, **options)


def test_the_recipe_travels_with_the_small_data_beside_it(made: Project) -> None:
    (made.folder / "other.jsonl").write_text("not named by the recipe")
    with submission(made, options=("--refit",)).job() as job:
        assert job.folder is not None and job.wheel.suffix == ".whl"
        assert {p.name for p in job.folder.rglob("*")} == {"recipe.yaml", "lines.jsonl", "ratings.csv"}
        assert job.command[3:5] == ("build", "recipe.yaml") and job.command[-1] == "--refit"
    assert not job.wheel.exists()


def test_what_is_too_large_to_travel_is_refused_with_what_to_do(made: Project) -> None:
    with (made.folder / "lines.jsonl").open("ab") as file:
        file.truncate(60_000_000)
    with pytest.raises(UserError, match=r"at most 50\.0 MB") as caught, submission(made).job():
        pass
    assert "shared volume or object storage" in caught.value.hint


def test_absolute_places_stay_and_that_is_said(made: Project) -> None:
    text = made.recipe.read_text().replace("path: lines.jsonl", f"path: {made.folder}/lines.jsonl")
    made.recipe.write_text(text)
    (note,) = submission(made).notes()
    assert note.startswith(f"{made.folder}/lines.jsonl does not travel")


def test_a_workspace_beside_the_recipe_is_refused(made: Project) -> None:
    with pytest.raises(UserError, match="every node of a cluster must see it"):
        Submission(Site(read(made.recipe))).job().__enter__()


@pytest.mark.parametrize(("name", "says"), [("NOT_SET_ANYWHERE", "is not set"), ("RAY_AUTH_TOKEN", "the cluster's")])
def test_variables_that_cannot_be_passed_on(
    made: Project, name: str, says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RAY_AUTH_TOKEN", "x")
    with pytest.raises(UserError, match=says), submission(made, env=(name,)).job():
        pass


def test_what_is_passed_on_is_not_shown_with_the_job(made: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("THE_KEY", SECRET)
    with submission(made, env=("THE_KEY",)).job() as job:
        assert job.env == {"THE_KEY": SECRET}
        assert SECRET not in repr(job)


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_progress_of_a_job_stays_on_one_line_of_a_terminal() -> None:
    out = _Terminal()
    show = Following(out)
    for text in ("hello\nbuild 1/8 rows (12 %), 1", ".0 rows/s\nbuild 8/8 rows (100 %), 2.0 rows/s\n", "done"):
        show(text)
    show.close()
    line = "\r\x1b[2Kbuild {} rows/s"
    first, second = line.format("1/8 rows (12 %), 1.0"), line.format("8/8 rows (100 %), 2.0")
    assert out.getvalue() == f"hello\n{first}{second}\r\x1b[2Kdone\n"


def test_events_for_machines_are_apart_from_what_ray_says() -> None:
    out, err = io.StringIO(), io.StringIO()
    show = Following(out, err, json=True)
    show('INFO ray\n{"event": "start"}\n')
    show.close()
    assert (out.getvalue(), err.getvalue()) == ('{"event": "start"}\n', "INFO ray\n")
