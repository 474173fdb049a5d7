"""A release in a folder is sent elsewhere as it is, and only what is missing is sent again."""

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from support.hub import Hub, reached, serving_hub
from support.keys import new_key

from affectory.pipelines.release import latest, list_releases, verify, write, write_release
from affectory.pipelines.release.bucket import Bucket
from affectory.pipelines.release.manifest import hash_files, read_manifest
from affectory.pipelines.release.pushing import push
from affectory.pipelines.release.signing import sign
from affectory.pipelines.release.sums import seal
from affectory.pipelines.store.files import files_at
from affectory.schemas.errors import UserError
from affectory.schemas.urls import Url

HUB = Url("hf://datasets/org/small")
pytestmark = pytest.mark.filterwarnings("ignore:Use 'content=<:DeprecationWarning")
"""huggingface_hub hands files to httpx as it no longer likes to be handed them."""


class Killed(Exception):
    """Stands for the end of the process."""


@pytest.fixture
def server() -> Iterator[Hub]:
    with serving_hub() as found, reached(found):
        yield found


@pytest.fixture
def pair(world: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of two versions."""
    monkeypatch.setattr(write, "run_load_test", lambda *_: None)
    write_release(world.inputs(tmp_path / "in"), tmp_path / "mine")
    world.add(77)
    write_release(world.inputs(tmp_path / "in"), tmp_path / "mine")
    return tmp_path / "mine"


def contents(release: Path) -> dict[str, bytes]:
    return {p.relative_to(release).as_posix(): p.read_bytes() for p in release.rglob("*") if p.is_file()}


@pytest.mark.skipif(shutil.which("ssh-keygen") is None, reason="no OpenSSH on this machine")
def test_a_bucket_holds_the_same_bytes_signature_and_all(copied: Path, bucket: str, tmp_path: Path) -> None:
    signers = new_key(tmp_path / "key")
    sign(copied, tmp_path / "key")
    made = push(copied, f"{bucket}/r")
    assert (made.version, made.path) == ("v1.0.0", Url(f"{bucket}/r/v1.0.0"))
    files = files_at(f"{bucket}/r/v1.0.0")
    assert {name: files.read(name) for name in files.names()} == contents(copied)
    assert verify(made.path, signers) == []
    assert files_at(f"{bucket}/r").read("LATEST") == b"v1.0.0\n"


def test_a_killed_push_goes_on_where_it_was(copied: Path, bucket: str, monkeypatch: pytest.MonkeyPatch) -> None:
    send, sent = Bucket._send, []

    def dying(self: Bucket, path: Path, name: str, *rest: Any) -> None:
        if len(sent) == 5:
            raise Killed
        send(self, path, name, *rest)
        sent.append(name)

    monkeypatch.setattr(Bucket, "_send", dying)
    with pytest.raises(Killed):
        push(copied, f"{bucket}/r")
    assert list_releases(f"{bucket}/r") == []
    first, sent[:] = list(sent), [None] * 9  # type: ignore[list-item]
    made = push(copied, f"{bucket}/r")
    again = [name for name in sent if name]
    assert set(again) & set(first) == set()
    assert len(again) + len(first) == len(contents(copied)) - 1, "the manifest is no file among files"
    assert verify(made.path) == []
    assert push(copied, f"{bucket}/r").hash == made.hash and len(sent) == 9 + len(again), "nothing is sent twice"


def test_the_hub_holds_every_version_and_sends_no_large_file_twice(pair: Path, server: Hub) -> None:
    def die(method: str, path: str) -> None:
        if "/commit/" in path:
            raise ConnectionAbortedError

    server.before = die
    with pytest.raises(UserError, match="the hub does not answer"):
        push(pair / "v1.0.0", HUB)
    assert list_releases(HUB) == []
    server.before = lambda *_: None
    before = len([a for a in server.asked if a.startswith("PUT /lfs/")])
    assert before > 0
    for version in ("v1.0.0", "v1.1.0"):
        made = push(pair / version, HUB)
        assert (made.version, verify(made.path)) == (version, [])
        if version == "v1.0.0":
            assert len([a for a in server.asked if a.startswith("PUT /lfs/")]) == before
    kept = dict(server.repos["org/small"].at("v1.1.0").files)
    del kept[".gitattributes"]
    assert kept == contents(pair / "v1.1.0")


def test_a_folder_gets_a_copy(copied: Path, tmp_path: Path) -> None:
    before = contents(copied)
    made = push(copied, tmp_path / "theirs")
    assert contents(Path(made.path)) == before == contents(copied)
    newest = latest(tmp_path / "theirs")
    assert newest and newest.path == made.path
    assert push(copied, tmp_path / "theirs") == made


def other_data(release: Path) -> None:
    """Whole, and of the same version."""
    (release / "README.md").write_text("theirs")
    manifest = read_manifest(release)
    seal(release, replace(manifest, content=replace(manifest.content, files=hash_files(release))))


def test_nothing_of_others_is_overwritten(pair: Path, tmp_path: Path) -> None:
    theirs = tmp_path / "theirs"
    push(pair / "v1.1.0", theirs)
    with pytest.raises(UserError, match=r"v1\.1\.0 is there already, and versions only rise"):
        push(pair / "v1.0.0", theirs)
    other_data(pair / "v1.1.0")
    with pytest.raises(UserError, match=r"holds other data than this v1\.1\.0"):
        push(pair / "v1.1.0", theirs)
    (pair / "v1.1.0" / "README.md").write_text("by hand")
    with pytest.raises(UserError, match=r"is not as it was published: README\.md: changed"):
        push(pair / "v1.1.0", theirs)
    assert [found.version for found in list_releases(theirs)] == ["v1.1.0"]
