"""Create-only files, the same wherever they lie: all or nothing, and the first writer wins."""

import random
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from s3fs.errors import translate_boto_error

from affectory.pipelines.store import files as module
from affectory.pipelines.store.files import Files, LocalFiles, PartFile, below, files_at, is_remote, local_path
from affectory.pipelines.store.filesystems import explained
from affectory.pipelines.store.objects import ObjectFiles
from affectory.schemas.errors import UserError


@pytest.fixture(params=["disk", "s3"])
def files(request: pytest.FixtureRequest, tmp_path: Path) -> Files:
    if request.param == "disk":
        return LocalFiles(tmp_path / "store")
    return files_at(request.getfixturevalue("bucket") + "/a/prefix")


def leftovers(files: Files) -> list[Path]:
    return list((files.root / ".tmp").glob("*")) if isinstance(files, LocalFiles) else []


def test_what_is_created_is_there(files: Files) -> None:
    assert files.create("a/b/c.bin", b"\0one")
    assert files.read("a/b/c.bin") == b"\0one"
    assert files.exists("a/b/c.bin")
    assert not files.exists("a/b"), "a folder is not a file"
    assert files.size("a/b/c.bin") == 4
    assert leftovers(files) == []


def test_the_same_location_leads_to_the_same_files(files: Files) -> None:
    files.create("x/a", b"one")
    assert files_at(files.location).read("x/a") == b"one"
    assert files_at(below(files.location, "x")).read("a") == b"one"
    with PartFile(files.location, "x/a").open("rb") as part:
        assert part.read() == b"one"


@pytest.mark.parametrize("name", ["ä ö.txt", "a#b?c=d&e", "%2e", "quote'\"", "-", "a=1/b=2.parquet", "日本語"])
def test_names_are_taken_as_they_are(files: Files, name: str) -> None:
    assert files.create(name, name.encode())
    assert list(files.names()) == [name]
    assert files.read(name) == name.encode()
    assert not files.create(name, b"other")


def test_the_first_writer_of_a_name_wins(files: Files) -> None:
    assert files.create("a", b"first")
    assert not files.create("a", b"second")
    assert files.read("a") == b"first"
    assert leftovers(files) == []


def test_of_many_writers_at_once_exactly_one_wins(files: Files) -> None:
    start = threading.Barrier(8)

    def write(number: int) -> bool:
        start.wait()
        return files.create("a", b"%d" % number * 10_000)

    with ThreadPoolExecutor(8) as pool:
        won = list(pool.map(write, range(8)))
    assert won.count(True) == 1
    assert files.read("a") == b"%d" % won.index(True) * 10_000
    assert leftovers(files) == []


def test_put_replaces_the_whole(files: Files) -> None:
    files.put("p/x", b"a long one")
    files.put("p/x", b"short")
    assert files.read("p/x") == b"short"
    assert leftovers(files) == []


def test_parts_of_a_file_can_be_read_at_will(files: Files) -> None:
    data = random.Random(1).randbytes(10_000)
    files.create("a", data)
    with files.open("a") as file:
        assert file.seekable()
        file.seek(-10, 2)
        assert file.read() == data[-10:]
        file.seek(5_000)
        assert file.read(7) == data[5_000:5_007]


def test_a_file_of_this_machine_has_the_bytes(files: Files, tmp_path: Path) -> None:
    files.create("a/deep", b"bytes")
    (tmp_path / "scratch").mkdir()
    for _ in range(2):
        assert files.fetch("a/deep", tmp_path / "scratch").read_bytes() == b"bytes"
    with pytest.raises(FileNotFoundError):
        files.fetch("never", tmp_path / "scratch")


def test_names_are_sorted_and_only_those_below_the_folder(files: Files) -> None:
    for name in ("b/2", "a", "b/1", "b/c/3", "bb/4"):
        files.create(name, b"")
    assert list(files.names()) == ["a", "b/1", "b/2", "b/c/3", "bb/4"]
    assert list(files.names("b")) == ["b/1", "b/2", "b/c/3"]
    assert list(files.names("nowhere")) == []
    assert list(files.names("a")) == []


def test_a_new_name_is_listed_at_once(files: Files) -> None:
    for number in range(3):
        assert len(list(files.names("f"))) == number
        files.create(f"f/{number}", b"")
        assert files.exists(f"f/{number}")
    files.remove("f/1")
    assert list(files.names("f")) == ["f/0", "f/2"]


def test_nothing_is_there_before_something_is_written(files: Files) -> None:
    assert list(files.names()) == []
    assert not files.exists("a")
    for look in (files.read, files.size, files.remove, files.modified, files.open):
        with pytest.raises(FileNotFoundError):
            look("a")
    assert not isinstance(files, LocalFiles) or not files.root.exists()


def test_removing_says_what_it_freed(files: Files) -> None:
    files.create("a", b"12345")
    assert files.remove("a") == 5
    assert not files.exists("a")
    assert files.create("a", b"again")


def test_the_storage_tells_when_it_was_written(files: Files) -> None:
    files.put("a", b"1")
    first = files.modified("a")
    files.put("a", b"2")
    assert 0 <= files.modified("a") - first < 60


class TestOnDisk:
    @pytest.fixture
    def files(self, tmp_path: Path) -> LocalFiles:
        return LocalFiles(tmp_path / "store")

    def test_a_writer_that_comes_between_look_and_link_loses_nothing(
        self, files: LocalFiles, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        write = module._write_synced

        def overtaken(path: Path, data: bytes) -> None:
            write(path, data)
            files.path("a").write_bytes(b"the other's")

        monkeypatch.setattr(module, "_write_synced", overtaken)
        assert not files.create("a", b"mine")
        assert files.read("a") == b"the other's"
        assert leftovers(files) == []

    def test_a_write_that_breaks_off_leaves_no_file_of_that_name(
        self, files: LocalFiles, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def broken(path: Path, data: bytes) -> None:
            path.write_bytes(data[:3])
            raise OSError("disk full")

        monkeypatch.setattr(module, "_write_synced", broken)
        with pytest.raises(OSError, match="disk full"):
            files.create("a", b"whole")
        assert not files.exists("a")
        assert list(files.names()) == []

    @pytest.mark.parametrize("location", ["file:///some/a%20b", "/some/a b", Path("/some/a b")])
    def test_a_folder_may_be_given_as_a_path_or_a_url(self, location: str | Path) -> None:
        assert not is_remote(location)
        assert local_path(location) == Path("/some/a b")


class TestOnObjectStorage:
    @pytest.fixture
    def files(self, bucket: str, monkeypatch: pytest.MonkeyPatch) -> ObjectFiles:
        files = ObjectFiles(bucket + "/w/")
        pipe = files._fs.pipe_file
        monkeypatch.setattr(files._fs, "pipe_file", lambda *a, **k: pipe(*a, chunksize=5 << 20, **k))
        return files

    @pytest.fixture
    def big(self) -> bytes:
        return random.Random(2).randbytes(11 << 20)

    def test_what_is_uploaded_in_parts_is_created_once(self, files: ObjectFiles, big: bytes) -> None:
        assert files.create("big", big)
        assert not files.create("big", big[:-1] + b"x")
        assert files.read("big") == big
        with files.open("big") as file:
            file.seek(7_000_000)
            assert file.read(100) == big[7_000_000:7_000_100]
            file.seek(-8, 2)
            assert file.read() == big[-8:]

    def test_an_upload_that_breaks_off_leaves_nothing(
        self, files: ObjectFiles, big: bytes, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        call = files._fs._call_s3

        async def broken(method: str, *args: Any, **kwargs: Any) -> Any:
            if method == "upload_part" and kwargs["PartNumber"] == 3:
                raise OSError("the network is gone")
            return await call(method, *args, **kwargs)

        monkeypatch.setattr(files._fs, "_call_s3", broken)
        with pytest.raises(OSError, match="the network is gone"):
            files.create("big", big)
        assert not files.exists("big")
        assert list(files.names()) == []
        monkeypatch.undo()

    @pytest.mark.parametrize("whole", [True, False], ids=["at once", "in parts"])
    def test_an_answer_that_was_lost_does_not_hide_who_wrote(
        self, files: ObjectFiles, big: bytes, whole: bool, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The write took effect, its answer never came, and it was repeated."""
        call, seen = files._fs._call_s3, []

        async def twice(method: str, *args: Any, **kwargs: Any) -> Any:
            if method in ("put_object", "complete_multipart_upload"):
                seen.append(method)
                await call(method, *args, **kwargs)
            return await call(method, *args, **kwargs)

        data = b"small" if whole else big
        monkeypatch.setattr(files._fs, "_call_s3", twice)
        assert files.create("a", data)
        assert len(seen) == 1
        monkeypatch.undo()
        assert files.read("a") == data

    @pytest.mark.parametrize("others", [True, False])
    def test_a_write_that_meets_another_is_tried_again(
        self, files: ObjectFiles, others: bool, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """S3 answers 409 while another write of the name is under way: who won is known a moment later."""
        pipe, tries = files._fs.pipe_file, []

        def meeting(*args: Any, **kwargs: Any) -> Any:
            tries.append(args)
            if len(tries) < 3:
                raise OSError("conflict") from ClientError({"Error": {"Code": "ConditionalRequestConflict"}}, "Put")
            return pipe(*args, **kwargs)

        monkeypatch.setattr("time.sleep", lambda _: None)
        if others:
            files.create("a", b"the other's")
        monkeypatch.setattr(files._fs, "pipe_file", meeting)
        assert files.create("a", b"mine") is not others
        assert len(tries) == 3

    def test_a_storage_that_is_away_is_told(self, bucket: str, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("botocore.retries.standard.ExponentialBackoff.delay_amount", lambda *_: 0.0)
        monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
        with pytest.raises(UserError, match="does not answer as it should: EndpointConnectionError") as raised:
            ObjectFiles(f"{bucket}/x").create("a", b"")
        assert "AWS_ENDPOINT_URL" in raised.value.hint

    def test_names_do_not_leave_the_place(self, files: ObjectFiles) -> None:
        for name in ("", "../x", "a/../../x"):
            with pytest.raises(ValueError, match="not a name"):
                files.read(name)

    def test_a_bucket_that_is_not_there_is_told(self, bucket: str) -> None:
        for write in (ObjectFiles.create, ObjectFiles.put):
            with pytest.raises(UserError, match="there is no bucket 'no-such-bucket'"):
                write(ObjectFiles("s3://no-such-bucket/x"), "a", b"")

    def test_denied_credentials_are_told(self, files: ObjectFiles, monkeypatch: pytest.MonkeyPatch) -> None:
        def denied(*_: object, **__: object) -> None:
            raise PermissionError("Forbidden")

        for name in ("pipe_file", "call_s3", "cat_file", "find"):
            monkeypatch.setattr(files._fs, name, denied)
        for look in (lambda: files.create("a", b""), lambda: files.exists("a"), lambda: list(files.names())):
            with pytest.raises(UserError, match="is denied: Forbidden") as raised:
                look()
            assert "credentials" in raised.value.hint

    def test_missing_credentials_are_told(self, bucket: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            monkeypatch.delenv(name)
        monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
        monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
        with pytest.raises(UserError, match="there are no credentials"):
            ObjectFiles(bucket).exists("a")

    @pytest.mark.parametrize("url", ["hf://datasets/me/x", "https://example.org/x", "ftp://example.org/x"])
    def test_what_cannot_create_exclusively_holds_no_workspace(self, url: str) -> None:
        assert is_remote(url)
        with pytest.raises(UserError, match="cannot hold a workspace") as raised:
            files_at(url)
        assert "s3://" in raised.value.hint

    def test_a_missing_package_is_named(self, monkeypatch: pytest.MonkeyPatch) -> None:
        import sys

        from fsspec.registry import _registry

        monkeypatch.delitem(_registry, "s3", raising=False)
        monkeypatch.setitem(sys.modules, "s3fs", None)
        monkeypatch.setenv("AWS_REGION", "not-opened-before")
        with pytest.raises(UserError, match="needs the package s3fs") as raised:
            ObjectFiles("s3://b/x").read("a")
        assert raised.value.hint == "install it: pip install 'affectory[s3]'"


@pytest.mark.parametrize(("code", "told"), [("QuotaExceeded", True), ("ConditionalRequestConflict", False)])
def test_what_a_storage_refuses_is_not_told_as_if_of_a_disk(code: str, told: bool) -> None:
    refused = ClientError({"Error": {"Code": code, "Message": "no more"}}, "PutObject")
    found = explained(translate_boto_error(refused), "s3://bucket/ws")
    assert (found is not None and "s3://bucket/ws does not answer as it should" in str(found)) is told


def test_a_full_disk_is_told_as_it_is() -> None:
    assert explained(OSError(28, "No space left on device"), "s3://bucket/ws") is None
