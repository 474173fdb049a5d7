"""A workspace on object storage is as good as one on a disk: the same releases, resumed, locked and kept as safely."""

import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from support.media import write_video
from support.project import COMMAND, Project, project, texts, write_image
from support.s3 import CREDENTIALS, Faults, Server, reached, serving
from support.talking import asks, backends, texts_with
from support.warm import warm_load_tests
from typer.testing import CliRunner, Result

from affectory.pipelines.build import Options, Summary, build
from affectory.pipelines.cli.app import app
from affectory.pipelines.engines.base import Choice
from affectory.pipelines.events import Run
from affectory.pipelines.process import BudgetSpent
from affectory.pipelines.release.manifest import SEALS
from affectory.pipelines.retry import mark_for_retry
from affectory.pipelines.store.budget import Limits
from affectory.pipelines.store.files import Files, files_at
from affectory.pipelines.store.lease import Lease, LeaseHeld, LeaseLost, Times
from affectory.pipelines.store.workspace import Workspace

__all__ = ["backends"]
MEDIA = {
    "dataset": "media",
    "taxonomy": "ekman-7",
    "sources": [{"kind": "folder", "path": "media"}],
    "ingest": ["probe", {"scenes": {"min_s": 0.3}}, {"clips": {"height": 96}}, {"frames": {"count": 2}}, "load_image"],
}
SUMMARY = ("found", "records", "kept", "rejected", "failed", "judgements", "attached", "release_hash")


@pytest.fixture(autouse=True)
def own_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a machine caches and brings over lies where a test can look."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    (tmp_path / "tmp").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "tmp"))


@dataclass(frozen=True)
class There:
    """A project built in a workspace elsewhere."""

    project: Project
    workspace: str
    releases: str = "elsewhere"

    def build(self, **options: Any) -> Summary:
        releases = self.project.folder / self.releases
        with warm_load_tests(), Run(self.project.folder / "log.jsonl") as run:
            chosen = Options(self.workspace, releases, Choice("local", 0), **options)
            return build(self.project.bound(), chosen, run)

    def contents(self) -> dict[str, bytes]:
        return contents(self.project.folder / self.releases)

    def command(self, *arguments: str) -> Result:
        return CliRunner().invoke(app, [arguments[0], str(self.project.recipe), *arguments[1:], *self.places()])

    def places(self) -> list[str]:
        return ["--workspace", self.workspace, "--releases", str(self.project.folder / self.releases)]


def contents(releases: Path) -> dict[str, bytes]:
    """Every file of the releases but manifests, which say when they were made."""
    files = (p for p in releases.rglob("*") if p.is_file() and p.name not in SEALS)
    return {p.relative_to(releases).as_posix(): p.read_bytes() for p in files}


def media(folder: Path) -> Project:
    """A video of two scenes and two pictures."""
    made = project(folder, MEDIA)
    (folder / "media").mkdir()
    write_video(folder / "media" / "a.mp4", 40, cuts=[20])
    for number in range(2):
        write_image(folder / "media" / f"{number}.png", number)
    return made


def told(summary: Summary) -> dict[str, Any]:
    return {name: getattr(summary, name) for name in SUMMARY}


@pytest.mark.parametrize("make", [texts, media])
def test_the_release_is_that_of_a_workspace_on_a_disk(tmp_path: Path, bucket: str, make: Any) -> None:
    here = make(tmp_path / "p")
    there = There(here, f"{bucket}/some/where")
    local, remote = here.build(), there.build()
    assert told(local) == told(remote)
    assert there.contents() == contents(here.releases)
    again = there.build()
    assert (again.unchanged, again.partitions_run) == (True, 0)
    assert list((tmp_path / "tmp").iterdir()) == [], "media that were brought here are gone"


@pytest.mark.usefixtures("backends")
def test_models_are_asked_within_a_budget_and_no_answer_is_asked_for_again(tmp_path: Path, bucket: str) -> None:
    (tmp_path / "asked").mkdir()
    bird = {"backend": "parrot", "options": {"folder": str(tmp_path / "asked")}, "local": False}
    assumed = {"people": {"assume": ["third_parties"]}}
    there = There(
        texts_with(tmp_path / "p", 6, {"bird": bird}, [{"caption": {"model": "bird"}}], **assumed), f"{bucket}/w"
    )
    with pytest.raises(BudgetSpent):
        there.build(limits=Limits(4), partition_rows=3)
    assert there.build(limits=Limits(2), partition_rows=3).kept == 6
    Workspace(there.workspace).clean()
    assert there.build().kept == 6
    assert len(asks(tmp_path / "asked")) == 6


def test_new_rows_touch_nothing_that_was_built(tmp_path: Path, bucket: str) -> None:
    here = texts(tmp_path / "p", 12)
    there = There(here, f"{bucket}/w")
    there.build(partition_rows=6, publish=False)
    texts(here.folder, 18)
    summary = there.build(partition_rows=6, publish=False)
    assert (summary.partitions_run, summary.partitions, summary.kept) == (1, 3, 18)


@pytest.fixture(scope="module")
def faulty() -> Iterator[Server]:
    """A server that answers wrongly or not at all to one request in twenty, before or after it did as asked."""
    with serving(Faults(0.05)) as server:
        yield server


def test_a_storage_that_stumbles_changes_nothing(
    tmp_path: Path, faulty: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("botocore.retries.standard.ExponentialBackoff.delay_amount", lambda *_: 0.01)
    here = texts(tmp_path / "p", 60)
    local = here.build(partition_rows=10)
    with reached(faulty):
        there = There(here, faulty.bucket() + "/w")
        remote = there.build(partition_rows=10)
        assert there.build().unchanged
    assert told(local) == told(remote)
    assert there.contents() == contents(here.releases)
    met = faulty.app.faults.met
    assert sum(met.values()) >= 10
    assert {fault.partition(" ")[2] for fault in met} == {"before", "after"}


def test_a_write_is_never_taken_for_anothers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Half of all requests go wrong, most after they took effect; still every name is created once, by who says so."""
    monkeypatch.setattr("botocore.retries.standard.ExponentialBackoff.delay_amount", lambda *_: 0.0)
    with serving(Faults(0.3)) as server, reached(server):
        place = server.bucket() + "/w"
        one, other = files_at(place), files_at(place)
        for number in range(40):
            first, second = (one, other) if number % 2 else (other, one)
            assert first.create(str(number), b"first")
            assert not second.create(str(number), b"second")
        assert {one.read(name) for name in one.names()} == {b"first"}


class TestLease:
    def test_of_two_builds_one_is_told_who_is_at_work(self, tmp_path: Path, bucket: str) -> None:
        there = There(texts(tmp_path / "p"), f"{bucket}/w")
        with Workspace(there.workspace).lease():
            with pytest.raises(LeaseHeld):
                there.build()
            refused = there.command("build", "--no-publish")
        assert refused.exit_code == 3
        assert f"another build holds the lease of this workspace {bucket}/w: process " in refused.stderr
        assert there.command("build", "--no-publish").exit_code == 0

    def test_a_dead_holder_elsewhere_is_taken_over(self, tmp_path: Path, bucket: str) -> None:
        there = There(texts(tmp_path / "p"), f"{bucket}/w")
        before = there.build(publish=False)
        leave_behind(Workspace(there.workspace).files("lease"))
        with pytest.raises(LeaseHeld, match="another-machine"):
            there.build()
        with Lease(f"{there.workspace}/lease", Times(stale_s=-1)):
            pass
        assert there.build(publish=False).kept == before.kept

    def test_a_build_that_lost_its_lease_commits_nothing_more(
        self, tmp_path: Path, bucket: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        there = There(texts(tmp_path / "p"), f"{bucket}/w")
        workspace, enter = Workspace(there.workspace), Lease.__enter__

        def overtaken(self: Lease) -> Lease:
            held = enter(self)
            leave_behind(workspace.files("lease"), held.epoch + 1)
            return held

        monkeypatch.setattr(Lease, "__enter__", overtaken)
        with pytest.raises(LeaseLost):
            there.build()
        assert {name.split("/")[0] for name in files_at(there.workspace).names()} <= {"lease", "derived"}
        assert workspace.commits().keys() == set()
        assert [*workspace.records().names(), *workspace.fits().names()] == []


def leave_behind(lease: Files, epoch: int | None = None) -> None:
    """A lease whose holder, on another machine, was killed."""
    last = max(int(name[:8]) for name in lease.names())
    holder = b'{"pid": 1, "host": "another-machine", "since": "2026-01-01 00:00:00 +0000", "machine": "x"}'
    assert lease.create(f"{epoch or last + 1:08d}.json", holder)


def test_a_killed_build_is_taken_up_again(tmp_path: Path, bucket: str) -> None:
    here = texts(tmp_path / "p", 60)
    there = There(here, f"{bucket}/w")
    workspace = Workspace(there.workspace)
    command = [*COMMAND, "build", str(here.recipe), *there.places(), "--workers", "1", "--partition-rows", "5"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        deadline = time.monotonic() + 60
        while process.poll() is None and len(workspace.commits().keys()) < 20:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        process.send_signal(signal.SIGKILL)
    done = workspace.commits().keys()
    parts = set(workspace.files("derived").names("parts"))
    summary = there.build(partition_rows=5)
    assert workspace.commits().keys() >= done
    assert parts <= set(workspace.files("derived").names("parts")), "nothing that was written is written over"
    local = here.build(partition_rows=5)
    assert told(local) == told(summary)


class TestCommands:
    def test_each_takes_an_address(self, tmp_path: Path, bucket: str) -> None:
        there = There(texts(tmp_path / "p"), f"{bucket}/w")
        built = there.command("build", "--workers", "0")
        assert built.exit_code == 0, built.output
        assert f"log         {bucket}/w/runs/" in built.output
        status = there.command("status")
        assert f"workspace  {bucket}/w" in status.output
        assert "last run   2" in status.output
        planned = CliRunner().invoke(app, ["plan", str(there.project.recipe), "--workspace", there.workspace])
        assert f"0 of them new; workspace {bucket}/w" in planned.output
        traced = CliRunner().invoke(
            app, ["trace", "l1", "--recipe", str(there.project.recipe), "--workspace", there.workspace]
        )
        assert "record" in traced.output
        place = ["--workspace", there.workspace]
        assert "deleted 0 files" in CliRunner().invoke(app, ["gc", str(there.project.recipe), *place]).output
        assert "freed" in CliRunner().invoke(app, ["clean", str(there.project.recipe), *place, "--yes"]).output
        left = {name.split("/")[0] for name in files_at(there.workspace).names()}
        assert left == {"fits", "ledgers", "lease", "runs"}

    def test_the_recipe_may_name_one(self, tmp_path: Path, bucket: str) -> None:
        here = texts(tmp_path / "p")
        here.recipe.write_text(here.recipe.read_text() + f"workspace: {bucket}/all\n")
        built = CliRunner().invoke(app, ["build", str(here.recipe), "--root", bucket, "--workers", "0"])
        assert built.exit_code == 0, built.output
        assert any(files_at(f"{bucket}/all/texts").names("derived/commits"))

    def test_a_bucket_that_is_not_there_is_the_users_mistake(self, tmp_path: Path, bucket: str) -> None:
        there = There(texts(tmp_path / "p"), "s3://never-made/w")
        failed = there.command("build")
        assert failed.exit_code == 2
        assert "there is no bucket 'never-made'" in failed.stderr

    @pytest.mark.parametrize("address", ["hf://datasets/me/x", "https://example.org/w", "s3://user:secret@host/w"])
    def test_what_cannot_hold_a_workspace_is_refused(self, tmp_path: Path, address: str) -> None:
        failed = There(texts(tmp_path / "p"), address).command("build")
        assert failed.exit_code == 2
        assert "secret" not in failed.output
        assert "s3://bucket" in failed.output


def test_failed_rows_are_marked_there(tmp_path: Path, bucket: str) -> None:
    from affectory.schemas.errors import UserError

    there = There(texts(tmp_path / "p"), f"{bucket}/w")
    with pytest.raises(UserError, match="nothing was built"):
        mark_for_retry(there.workspace, "Crashed")
    there.build(publish=False)
    with pytest.raises(UserError, match="no row failed for 'Crashed'"):
        mark_for_retry(there.workspace, "Crashed")


def test_no_secret_is_written_down(tmp_path: Path, bucket: str) -> None:
    there = There(texts(tmp_path / "p"), f"{bucket}/w")
    output = there.command("build", "--json").output
    files = files_at(there.workspace)
    written = [files.read(name) for name in files.names()] + list(there.contents().values())
    secret = CREDENTIALS["AWS_SECRET_ACCESS_KEY"]
    assert secret not in output
    assert not any(secret.encode() in data for data in written)
