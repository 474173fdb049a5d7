"""What was deleted from a bucket that keeps versions is gone in all of them, and from what a machine remembers."""

import os
from pathlib import Path
from typing import Any

import pytest
from support.project import Project, texts
from support.s3 import Server, reached
from support.searching import places_of, unpacked

from affectory.pipelines.build import Options, Summary, build
from affectory.pipelines.engines.base import Choice
from affectory.pipelines.events import Run
from affectory.pipelines.forget.elsewhere import purge
from affectory.pipelines.forget.forgetting import Forgetting
from affectory.pipelines.hashes import forget_hashes, hash_files
from affectory.pipelines.store.files import files_at
from affectory.pipelines.store.filesystems import filesystem
from affectory.pipelines.store.workspace import Workspace
from affectory.schemas.ids import pseudonym


def _versions(fs: Any, bucket: str) -> list[tuple[str, bool]]:
    page = fs.call_s3("list_object_versions", Bucket=bucket)
    return sorted((v["Key"], v["IsLatest"]) for what in ("Versions", "DeleteMarkers") for v in page.get(what, ()))


def test_only_what_is_there_now_is_left_below_the_workspace(s3_server: Server) -> None:
    with reached(s3_server):
        url = s3_server.bucket()
        fs, bucket = filesystem(url), url.partition("://")[2].strip("/")
        fs.call_s3("put_bucket_versioning", Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
        files, beside = files_at(f"{url}/ws"), files_at(f"{url}/ws2")
        for name in ("gone", "put", "kept"):
            files.create(name, name.encode())
        beside.create("gone", b"other")
        files.put("put", b"anew")
        files.remove("gone")
        beside.remove("gone")
        assert purge(f"{url}/ws") == 3  # what was deleted, its mark, and what was written over
        assert _versions(fs, bucket) == [("ws/kept", True), ("ws/put", True), ("ws2/gone", False), ("ws2/gone", True)]
        assert (files.read("kept"), files.read("put"), files.exists("gone")) == (b"kept", b"anew", False)
        assert purge(f"{url}/ws") == 0


def test_no_byte_of_a_hash_is_left(tmp_path: Path) -> None:
    paths = [tmp_path / name for name in ("theirs.png", "others.png")]
    for path in paths:
        path.write_bytes(path.name.encode())
        os.utime(path, (1e9, 1e9))
    memory = tmp_path / "hashes.sqlite"
    found = hash_files(paths, memory)
    assert str(found[0]).encode() in memory.read_bytes()
    forget_hashes(memory, lambda sha: sha == found[0])
    data = memory.read_bytes()
    assert str(found[0]).encode() not in data and os.fsencode(paths[0]).hex().encode() not in data
    assert str(found[1]).encode() in data


def test_where_nothing_is_remembered_nothing_is_made(tmp_path: Path) -> None:
    forget_hashes(tmp_path / "none.sqlite", lambda _: True)
    assert not (tmp_path / "none.sqlite").exists()


def test_a_workspace_in_a_bucket_that_keeps_versions_keeps_nothing(
    s3_server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    made = texts(tmp_path / "p", 6)
    person = pseudonym("speaker1", b"affectory")
    with reached(s3_server):
        url = s3_server.bucket()
        fs, bucket = filesystem(url), url.partition("://")[2].strip("/")
        fs.call_s3("put_bucket_versioning", Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
        options = Options(f"{url}/ws", made.releases, Choice("local", 0), publish=False)
        _build(made, options)
        assert person.encode() in _all_bytes(fs, bucket)
        with Forgetting(made.bound(), Workspace(f"{url}/ws"), made.releases).alone() as forgetting:
            forgetting.forget(forgetting.plan("speaker1", "asked by mail"))
            former = {name for name, latest in _versions(fs, bucket) if not latest}
            assert {name for name in former if "lease" not in name} == set()
        assert _build(made, options).kept == 4
        held = _all_bytes(fs, bucket)
    assert [word for word in (person, "Line 1: I feel", "Line 4: I feel") if word.encode() in held] == []
    assert places_of({person.encode(), b"Line 1: I feel"}, tmp_path / "cache") == set()


def _build(made: Project, options: Options) -> Summary:
    with Run(made.folder / "run.jsonl") as run:
        return build(made.bound(), options, run)


def _all_bytes(fs: Any, bucket: str) -> bytes:
    """All objects, unpacked."""
    return b"\0".join(data for name in fs.find(bucket) for data in unpacked(fs.cat_file(name)))
