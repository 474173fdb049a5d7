"""Releases on object storage: the bytes of a local one, whole or not at all, whatever stops the upload."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from support.s3 import Faults, reached, serving
from support.scripts import script

from affectory.pipelines.release import diff, latest, list_releases, verify, write, write_release
from affectory.pipelines.release.bucket import Bucket, ReleasesHeld, UploadBroken, etag
from affectory.pipelines.release.loading import load_line
from affectory.pipelines.store.files import files_at
from affectory.pipelines.store.filesystems import filesystem
from affectory.pipelines.store.lease import Lease, LeaseLost
from affectory.schemas.errors import UserError
from affectory.schemas.urls import Url

TIMED = ("manifest.json", "SHA256SUMS")


@pytest.fixture
def fast(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the load test, which has tests of its own."""
    monkeypatch.setattr(write, "run_load_test", lambda *_: None)


@pytest.fixture
def releases(bucket: str) -> Url:
    return Url(f"{bucket}/out/releases")


def objects(place: str) -> dict[str, bytes]:
    """All that lies below an address but leases, the manifest, which holds times, and the sums over it."""
    files = files_at(place)
    return {n: files.read(n) for n in files.names() if ".lease" not in n and not n.endswith(TIMED)}


def local(folder: Path) -> dict[str, bytes]:
    files = (p for p in folder.rglob("*") if p.is_file() and p.name not in (*TIMED, ".lock"))
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in files}


def test_versions_are_those_of_a_folder_byte_for_byte(world: Any, tmp_path: Path, releases: Url, fast: None) -> None:
    places = (tmp_path / "releases", releases)
    for number in range(3):
        if number == 1:
            world.add(77)
        if number == 2:
            world.rows["samples"][0]["text"] = "another line"
        here, there = (write_release(world.inputs(tmp_path / f"in{number}"), place) for place in places)
        assert (there.version, there.hash, there.bump, there.reasons) == (
            here.version,
            here.hash,
            here.bump,
            here.reasons,
        )
        assert there.path == releases / here.version
    assert objects(releases) == local(tmp_path / "releases")
    assert [r.version for r in list_releases(releases)] == ["v1.0.0", "v1.1.0", "v1.1.1"]
    assert verify(releases / "v1.1.0") == []
    both = [diff(*(p / v for v in ("v1.0.0", "v1.1.1"))) for p in places]
    assert both[0] == both[1]
    manifests = [json.loads(files_at(p / "v1.1.1").read("manifest.json")) for p in places]
    for manifest in manifests:
        del manifest["created"]
    assert manifests[0] == manifests[1]


def test_what_did_not_change_is_not_published_again(world: Any, tmp_path: Path, releases: Url, fast: None) -> None:
    first = write_release(world.inputs(tmp_path / "a"), releases)
    with pytest.raises(UserError, match="is a release of 'small', so 'other' cannot be its next version"):
        write_release(replace(world.inputs(tmp_path / "o"), dataset="other"), releases)
    before = set(files_at(releases).names("v1.0.0")), files_at(releases).modified("LATEST")
    again = write_release(world.inputs(tmp_path / "b"), releases)
    assert (again.version, again.unchanged, again.path) == (first.version, True, first.path)
    assert before == (set(files_at(releases).names("v1.0.0")), files_at(releases).modified("LATEST"))


def test_the_line_that_is_printed_loads_it(world: Any, tmp_path: Path, releases: Url, s3_server: Any) -> None:
    made = write_release(world.inputs(tmp_path / "in"), releases)
    show = "print({k: (v.num_rows, v.features['label'].names[:2]) for k, v in data.items()})"
    lines = f"{load_line(made.path)}\n{show}".replace("; ", "\n")
    environment = {**os.environ, **s3_server.environment, "HF_HOME": str(tmp_path / "hf")}
    ran = subprocess.run(
        [sys.executable, "-c", script(lines)], env=environment, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.strip() == "{'train': (7, ['anger', 'disgust']), 'test': (1, ['anger', 'disgust'])}"


def test_the_examples_for_users_run(world: Any, tmp_path: Path, bucket: str, s3_server: Any, fast: None) -> None:
    filesystem(bucket).call_s3("create_bucket", Bucket="bucket")
    write_release(world.inputs(tmp_path / "in"), Url("s3://bucket/releases"))
    page = (Path(__file__).resolve().parents[3] / "docs" / "consume.md").read_text()
    code = "\n".join(re.findall(r"^```python s3\n(.*?)^```$", page, re.MULTILINE | re.DOTALL))
    environment = {**os.environ, **s3_server.environment, "HF_HOME": str(tmp_path / "hf")}
    ran = subprocess.run(
        [sys.executable, "-c", script(code)], env=environment, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.splitlines() == ["7 ['anger', 'disgust']", "model", "8", "7 ['label', 'distribution']"]
    newest = latest("s3://bucket/releases")
    assert newest and verify(str(newest.path)) == []


def killed_at(folder: Path, kills: dict[int, Url]) -> None:
    """Publish a grown world to each address in a process that is killed: before the n-th file, or after it (-n)."""
    driver = Path(__file__).with_name("upload_driver.py")
    given = [f"{n}={url}" for n, url in kills.items()]
    ran = subprocess.run(
        [sys.executable, str(driver), str(folder), *given], capture_output=True, text=True, check=False
    )
    assert ran.stdout.split() == ["9"] * len(kills), ran.stderr


MOVED = 12
"""The step at which the pointer moves, after a step for each file but the manifest."""


@pytest.mark.parametrize(
    "steps",
    [
        pytest.param((3, 1 - MOVED, MOVED, -MOVED), id="some"),
        pytest.param([n for n in range(-MOVED, MOVED + 1) if n], id="all", marks=pytest.mark.drill),
    ],
)
def test_a_killed_upload_is_no_release_and_the_next_one_is_whole(
    world: Any, tmp_path: Path, releases: Url, fast: None, steps: list[int]
) -> None:
    """Before each step, and after it where it is negative."""
    first = write_release(world.inputs(tmp_path / "in1"), tmp_path / "releases")
    kills = {n: releases / f"at{n}" for n in steps}
    for place in kills.values():
        write_release(world.inputs(tmp_path / f"in{place.name}"), place)
    killed_at(tmp_path / "driver", kills)
    world.add(77)
    here = write_release(world.inputs(tmp_path / "in2"), tmp_path / "releases")
    for n, place in kills.items():
        done = abs(n) == MOVED
        assert [r.version for r in list_releases(place)] == ["v1.0.0", "v1.1.0"][: 1 + done]
        newest = latest(place)
        assert newest and newest.version == ("v1.1.0" if n == -MOVED else first.version)
        there = write_release(world.inputs(tmp_path / f"again{place.name}"), place)
        assert (there.version, there.hash, there.unchanged) == ("v1.1.0", here.hash, done)
        assert objects(place) == local(tmp_path / "releases")
    assert verify(there.path) == []


def test_what_a_kill_left_of_another_version_is_removed(world: Any, tmp_path: Path, releases: Url, fast: None) -> None:
    write_release(world.inputs(tmp_path / "in1"), releases)
    killed_at(tmp_path / "driver", {4: releases})
    assert list(files_at(releases).names("v1.1.0"))
    world.rows["samples"][0]["text"] = "another line"
    assert write_release(world.inputs(tmp_path / "in3"), releases).version == "v1.0.1"
    assert list(files_at(releases).names("v1.1.0")) == []


def test_a_broken_leftover_is_sent_again(world: Any, tmp_path: Path, releases: Url, fast: None) -> None:
    files_at(releases).create("v1.0.0/README.md", b"half of i")
    for name in ("00009", "3fa2b7"):
        files_at(releases).create(f"v1.0.0/data/default/train-{name}.parquet", b"old")
    made = write_release(world.inputs(tmp_path / "in1"), releases)
    assert verify(made.path) == []


def test_half_a_file_is_not_there(world: Any, tmp_path: Path, releases: Url, fast: None) -> None:
    """What a kill leaves of a file that is sent in parts: an upload that was begun and never completed."""
    fs = filesystem(releases)
    bucket, key, _ = fs.split_path(f"{releases}/v1.0.0/lineage.parquet")
    begun = fs.call_s3("create_multipart_upload", Bucket=bucket, Key=key)
    part = {"UploadId": begun["UploadId"], "PartNumber": 1, "Body": b"x" * (5 << 20)}
    fs.call_s3("upload_part", Bucket=bucket, Key=key, **part)
    assert list(files_at(releases).names()) == [] and list_releases(releases) == []
    made = write_release(world.inputs(tmp_path / "in1"), releases)
    assert (made.version, verify(made.path)) == ("v1.0.0", [])


def test_what_is_not_ours_is_left_alone(world: Any, tmp_path: Path, releases: Url, fast: None) -> None:
    files_at(releases).create("v1.0.0/notes.txt", b"mine")
    with pytest.raises(UserError, match=r"v1\.0\.0/notes\.txt is in the way"):
        write_release(world.inputs(tmp_path / "in1"), releases)
    assert files_at(releases).read("v1.0.0/notes.txt") == b"mine"
    assert latest(releases) is None


def test_bytes_that_arrive_otherwise_publish_nothing(
    world: Any, tmp_path: Path, releases: Url, fast: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    fs = filesystem(releases)
    put = fs.put_file

    def spoiled(path: str, key: str, **more: Any) -> None:
        if key.endswith("taxonomy.json"):
            fs.pipe_file(key, Path(path).read_bytes().replace(b"anger", b"angel"))
        else:
            put(path, key, **more)

    monkeypatch.setattr(fs, "put_file", spoiled)
    with pytest.raises(UploadBroken, match=r"v1\.0\.0/taxonomy\.json"):
        write_release(world.inputs(tmp_path / "in1"), releases)
    assert list_releases(releases) == []


def test_a_bucket_that_is_not_there_is_told_before_anything_is_built(bucket: str) -> None:
    Bucket(Url(f"{bucket}/nothing/yet")).check()
    with pytest.raises(UserError, match="there is no bucket 'not-there'"):
        Bucket(Url("s3://not-there/releases")).check()


def test_two_publishers_do_not_meet(world: Any, tmp_path: Path, releases: Url, fast: None) -> None:
    with Lease(f"{releases}/.lease"), pytest.raises(ReleasesHeld) as held:
        write_release(world.inputs(tmp_path / "in1"), releases)
    assert "another run is publishing to s3://" in str(held.value)
    assert held.value.exit_code == 3
    assert list_releases(releases) == []
    assert write_release(world.inputs(tmp_path / "in2"), releases).version == "v1.0.0"


def test_whoever_lost_the_turn_commits_nothing(
    world: Any, tmp_path: Path, releases: Url, fast: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    send = Bucket._send

    def taken_over(self: Bucket, path: Path, name: str, *rest: Any) -> None:
        send(self, path, name, *rest)
        files_at(f"{releases}/.lease").create("00000099.json", b"{}")

    monkeypatch.setattr(Bucket, "_send", taken_over)
    with pytest.raises(LeaseLost):
        write_release(world.inputs(tmp_path / "in1"), releases)
    assert list_releases(releases) == []


def test_another_version_that_came_meanwhile_is_the_one_to_compare_with(
    world: Any, make_world: Any, tmp_path: Path, releases: Url, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = make_world()
    other.add(77)
    world.add(78)

    def meanwhile(*_: Any) -> None:
        monkeypatch.setattr(write, "run_load_test", lambda *_: None)
        write_release(other.inputs(tmp_path / "other"), releases)

    monkeypatch.setattr(write, "run_load_test", meanwhile)
    slow = write_release(world.inputs(tmp_path / "in"), releases)
    assert (slow.version, slow.reasons) == ("v1.1.0", ("1 row added", "1 row removed"))


def test_a_pointer_that_was_left_behind_is_moved(world: Any, tmp_path: Path, releases: Url, fast: None) -> None:
    write_release(world.inputs(tmp_path / "in1"), releases)
    world.add(77)
    write_release(world.inputs(tmp_path / "in2"), releases)
    files_at(releases).put("LATEST", b"v1.0.0\n")
    again = write_release(world.inputs(tmp_path / "in3"), releases)
    assert (again.version, again.unchanged) == ("v1.1.0", True)
    assert files_at(releases).read("LATEST") == b"v1.1.0\n"


@pytest.mark.parametrize("part_bytes", [4 << 10, 16 << 20], ids=["parts", "whole"])
def test_a_server_that_fails_now_and_then_changes_nothing(
    world: Any, tmp_path: Path, fast: None, monkeypatch: pytest.MonkeyPatch, part_bytes: int
) -> None:
    faults = Faults(0.0)
    with serving(faults) as server, reached(server):
        place = Url(f"{server.bucket()}/releases")
        faults.share = 0.05
        for number in range(3):
            world.add(70 + number)
            inputs = world.inputs(tmp_path / f"in{number}")
            here, there = (write_release(inputs, where) for where in (tmp_path / "releases", place))
            assert (there.version, there.hash) == (here.version, here.hash)
        faults.share = 0.0
        assert objects(place) == local(tmp_path / "releases")
        assert [r.version for r in list_releases(place)] == ["v1.0.0", "v1.1.0", "v1.2.0"]
    assert faults.met.total() > 3


@pytest.fixture
def parts(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """The smallest parts that S3 takes."""
    monkeypatch.setattr("affectory.pipelines.release.bucket.PART_BYTES", 5 << 20)
    yield 5 << 20


@pytest.mark.parametrize("size", [0, (10 << 20) - 1, 10 << 20, (10 << 20) + 7])
def test_the_stores_checksum_is_known_before(tmp_path: Path, releases: Url, parts: int, size: int) -> None:
    path = tmp_path / "file"
    path.write_bytes(os.urandom(size))
    fs = filesystem(releases)
    fs.put_file(str(path), f"{releases}/file", chunksize=parts)
    assert fs.info(f"{releases}/file")["ETag"].strip('"') == etag(path, size)


def test_progress_is_told_of_every_part(world: Any, tmp_path: Path, releases: Url) -> None:
    seen: list[tuple[str, int, int, str]] = []
    made = write_release(world.inputs(tmp_path / "in"), releases, lambda *now: seen.append(now))
    assert list(dict.fromkeys(now[0] for now in seen)) == ["publish", "load test", "upload"]
    sent = [now for now in seen if now[0] == "upload"]
    total = sum(map(files_at(made.path).size, set(files_at(made.path).names()) - {"manifest.json"}))
    assert sent[0] == ("upload", 0, total, "bytes")
    assert sent[-1] == ("upload", total, total, "bytes")
    assert [now[1] for now in sent] == sorted(now[1] for now in sent)
    assert [now[1:3] for now in seen if now[0] == "load test"] == [(n, 5) for n in range(6)]
