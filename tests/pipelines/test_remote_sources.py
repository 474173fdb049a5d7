"""Sources and ratings on object storage: the same records and releases as from a folder, whatever happens there."""

from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import pytest
from support.hub import reached, serving_hub
from support.media import write_video
from support.project import TEXTS, Project, project, texts, write_image
from support.s3 import Faults, serving
from support.s3 import reached as at_server
from support.warm import warm_load_tests

from affectory.pipelines import build as module
from affectory.pipelines.bind import Bound, read_and_bind
from affectory.pipelines.build import Options, Summary, build
from affectory.pipelines.engines.base import Choice
from affectory.pipelines.events import Run
from affectory.pipelines.inputs import CHANGED, found_files, inputs_of, local_files
from affectory.pipelines.release.manifest import SEALS
from affectory.pipelines.remote import listing
from affectory.pipelines.store.files import files_at
from affectory.pipelines.store.filesystems import filesystem
from affectory.schemas.errors import UserError
from affectory.schemas.urls import Url
from affectory.transforms.sources.base import Limits, Refused, SourceFile, uri_of
from affectory.transforms.sources.folder import FolderSource
from affectory.transforms.sources.jsonl import JsonlSource


def upload(folder: Path, url: str) -> str:
    """The files of a folder, below an address."""
    fs = filesystem(url)
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        fs.pipe_file(f"{url}/{path.relative_to(folder).as_posix()}", path.read_bytes())
    return url


def remote_build(local: Project, recipe: dict[str, Any], bucket: str) -> Summary:
    """The same recipe with its inputs in a bucket."""
    return built(project(local.folder.with_name(f"{local.folder.name}-remote"), recipe), bucket)


def built(made: Project, *roots: str) -> Summary:
    bound: Bound = read_and_bind(made.recipe, (), roots)
    with warm_load_tests(), Run(made.workspace / "runs" / "test.jsonl", ()) as run:
        return build(bound, Options(made.workspace, made.releases, Choice("local", 0)), run)


def contents(folder: Path) -> dict[str, bytes]:
    """Every file of a release but the manifest, which holds times."""
    files = (p for p in folder.rglob("*") if p.is_file() and p.name not in SEALS)
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in files}


def test_a_release_from_a_bucket_is_that_from_a_folder(tmp_path: Path, bucket: str) -> None:
    local = texts(tmp_path / "local", 12)
    here = local.build()
    upload(local.folder, f"{bucket}/in")
    lines = {**TEXTS["sources"][0], "path": f"{bucket}/in/lines.jsonl"}
    ratings = {**TEXTS["ratings"][0], "path": f"{bucket}/in/ratings.csv"}
    there = remote_build(local, {**TEXTS, "sources": [lines], "ratings": [ratings]}, bucket)
    assert there.release_hash == here.release_hash
    assert contents(Path(there.release)) == contents(Path(here.release))
    assert (there.records, there.judgements) == (12, 24)


def test_nothing_but_the_recipe_is_here(tmp_path: Path, bucket: str) -> None:
    """Sources, ratings, workspace and releases in one bucket."""
    local = texts(tmp_path / "local", 8)
    here = local.build()
    upload(local.folder, f"{bucket}/in")
    lines = {**TEXTS["sources"][0], "path": f"{bucket}/in/lines.jsonl"}
    ratings = {**TEXTS["ratings"][0], "path": f"{bucket}/in/ratings.csv"}
    made = project(tmp_path / "elsewhere", {**TEXTS, "sources": [lines], "ratings": [ratings]})
    options = Options(f"{bucket}/ws", Url(f"{bucket}/out"), Choice("local", 0))
    for _ in range(2):
        with warm_load_tests(), Run(tmp_path / "log.jsonl") as run:
            there = build(read_and_bind(made.recipe, (), [bucket]), options, run)
    assert (there.release, there.unchanged) == (f"{bucket}/out/v1.0.0", True)
    files = files_at(there.release)
    found = {name: files.read(name) for name in files.names() if name not in SEALS}
    assert found == contents(Path(here.release))
    assert sorted(path.name for path in made.folder.iterdir()) == ["recipe.yaml"]


MEDIA: dict[str, Any] = {
    "dataset": "media",
    "taxonomy": "ekman-7",
    "sources": [{"kind": "folder", "name": "media", "path": "media"}],
    "ingest": ["probe", {"clips": {"height": 48}}, "load_image"],
}


def media(folder: Path) -> Project:
    """A video, two pictures and a text."""
    made = project(folder, MEDIA)
    write_image(folder / "media" / "sub" / "1.png", 1)
    write_image(folder / "media" / "2.png", 2)
    write_video(folder / "media" / "a b.mp4", 12, sound=False)
    (folder / "media" / "t.txt").write_text("Good morning")
    return made


def media_elsewhere(local: Project, bucket: str) -> Project:
    recipe = {**MEDIA, "sources": [{**MEDIA["sources"][0], "path": f"{bucket}/media"}]}
    upload(local.folder / "media", f"{bucket}/media")
    return project(local.folder.with_name("elsewhere"), recipe)


def test_media_in_a_bucket_make_the_same_release(tmp_path: Path, bucket: str, scratch: Path) -> None:
    local = media(tmp_path / "local")
    here, there = local.build(), built(media_elsewhere(local, bucket), bucket)
    assert (there.kept, there.failed) == (4, 0)
    assert contents(Path(there.release)) == contents(Path(here.release))
    assert list(scratch.iterdir()) == [], "nothing stays of what was fetched"


@pytest.mark.parametrize("what", ["changed", "gone"])
def test_media_that_change_after_the_scan_fail_alone(
    tmp_path: Path, bucket: str, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    made = media_elsewhere(media(tmp_path / "local"), bucket)
    planner = module.Planner

    def meanwhile(*given: Any) -> Any:
        fs, key = filesystem(bucket), f"{bucket}/media/2.png"
        fs.rm_file(key) if what == "gone" else fs.pipe_file(key, (tmp_path / "local/media/sub/1.png").read_bytes())
        return planner(*given)

    monkeypatch.setattr(module, "Planner", meanwhile)
    there = built(made, bucket)
    assert (there.kept, there.failed) == (3, 1)
    assert [(row["reason"], row["uri"]) for row in made.rejects()] == [("SourceChanged", "2.png")]


def test_a_storage_that_fails_now_and_then_changes_nothing(tmp_path: Path) -> None:
    local, faults = media(tmp_path / "local"), Faults(0.0, Random(3))
    here = local.build()
    with serving(faults) as server, at_server(server):
        made = media_elsewhere(local, bucket := server.bucket())
        faults.share = 0.2
        there = built(made, bucket)
    assert faults.met.total() > 3
    assert contents(Path(there.release)) == contents(Path(here.release))


@pytest.fixture
def scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where temporary folders are made."""
    (tmp_path / "scratch").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "scratch"))
    return tmp_path / "scratch"


def test_a_release_from_the_hub_is_that_from_a_folder(tmp_path: Path) -> None:
    local = texts(tmp_path / "local", 6)
    here = local.build()
    with serving_hub() as hub, reached(hub):
        hub.new(
            "org/in", **{f"in/{name}": (local.folder / name).read_bytes() for name in ("lines.jsonl", "ratings.csv")}
        )
        lines = {**TEXTS["sources"][0], "path": "hf://datasets/org/in/in/lines.jsonl"}
        ratings = {**TEXTS["ratings"][0], "path": "hf://datasets/org/in@main/in/ratings.csv"}
        made = project(tmp_path / "elsewhere", {**TEXTS, "sources": [lines], "ratings": [ratings]})
        there = built(made, "hf://datasets/org/in")
        reads = len([asked for asked in hub.asked if "resolve" in asked])
        assert built(made, "hf://datasets/org/in").unchanged
        assert len([asked for asked in hub.asked if "resolve" in asked]) == reads, "what was read is known again"
    assert contents(Path(there.release)) == contents(Path(here.release))


def test_a_folder_of_the_hub_is_walked_as_one_of_this_machine(tmp_path: Path) -> None:
    root = folder_of_oddities(tmp_path / "x")
    source, limits = FolderSource(path="x"), Limits(row_bytes=500, file_bytes=2000)
    with serving_hub() as hub, reached(hub):
        files = {f"x/{p.relative_to(root).as_posix()}": p.read_bytes() for p in root.rglob("*") if p.is_file()}
        hub.new("org/in", **files)
        there = outcome(source, Url("hf://datasets/org/in/x"), tmp_path / "there.sqlite", limits)
        with pytest.raises(UserError, match="there is nothing at hf://datasets/org/in/y"):
            listing(Url("hf://datasets/org/in/y"))
        with pytest.raises(UserError, match="there is nothing at hf://datasets/org/none"):
            listing(Url("hf://datasets/org/none"))
    assert there == outcome(source, root, tmp_path / "here.sqlite", limits)


def folder_of_oddities(folder: Path) -> Path:
    for name in (
        "b/2.txt",
        "b/1.txt",
        "a.txt",
        "a-z.txt",
        "ä/ü ☕.txt",
        "b.d/x.TXT",
        ".hidden",
        "c/.git/x.txt",
        "c/y.csv",
    ):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(f"text of {name}")
    (folder / "c" / ".git" / "z.txt").write_text("more")
    (folder / "empty.txt").write_bytes(b"")
    (folder / "odd.bin").write_bytes(b"\x01\x02")
    write_image(folder / "pictures" / "p.png", 1)
    write_image(folder / "pictures" / "skip" / "q.png", 2)
    return folder


@pytest.mark.parametrize(
    "source",
    [
        FolderSource(path="x"),
        FolderSource(path="x", include=("*.txt",)),
        FolderSource(path="x", include=("b/**", "pictures/*"), exclude=("skip", "2.txt")),
        JsonlSource(path="x", include=("*.txt",)),
    ],
)
def test_a_bucket_is_walked_as_a_folder_is(tmp_path: Path, bucket: str, source: Any) -> None:
    root = folder_of_oddities(tmp_path / "x")
    url = Url(upload(root, f"{bucket}/x"))
    filesystem(url).pipe_file(f"{url}/b/", b"")  # how some programs mark a folder

    def shown(place: Any) -> list[str]:
        found = found_files(source, place)
        return [f"{x.reason} {x.uri} {x.detail}" if isinstance(x, Refused) else uri_of(x, place) for x in found]

    assert shown(url) == shown(root)


def outcome(source: Any, root: Any, memory: Path, limits: Limits) -> list[Any]:
    """Every record and refusal, in a fixed order."""
    inputs, refused = inputs_of(source, root, memory, limits)
    found: list[Any] = [(r.uri, r.reason, r.detail) for r in refused]
    for file in local_files(source, inputs, limits):
        if isinstance(file, Refused):
            found.append((file.uri, file.reason, file.detail))
            continue
        for batch in source.read(file, limits):
            found += [(file.uri, file.asset_id, file.size, row) for row in batch.rows.to_pylist()]
            found += [(r.uri, r.reason, r.detail) for r in batch.refused]
    return sorted(found, key=repr)


def test_records_and_refusals_are_the_same(tmp_path: Path, bucket: str) -> None:
    root = folder_of_oddities(tmp_path / "x")
    (root / "long.txt").write_text("x" * 1000)
    (root / "large.bin").write_bytes(b"x" * 3000)
    limits = Limits(row_bytes=500, file_bytes=2000)
    url = Url(upload(root, f"{bucket}/x"))
    source = FolderSource(path="x")
    there = outcome(source, url, tmp_path / "there.sqlite", limits)
    assert there == outcome(source, root, tmp_path / "here.sqlite", limits)
    assert ("large.bin", "too_large", "3,000 bytes, at most 2,000 are read") in there


@pytest.fixture
def requests(bucket: str, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], list[int]]:
    """Bytes that were asked for of each object whose name ends so."""
    asked: list[tuple[str, int]] = []
    fs = filesystem(bucket)
    original = fs.cat_file

    def noted(path: str, **more: Any) -> Any:
        data = original(path, **more)
        asked.append((path, len(data)))
        return data

    monkeypatch.setattr(fs, "cat_file", noted)
    return lambda ending: [size for path, size in asked if path.endswith(ending)]


def test_bytes_are_fetched_for_the_hash_once_and_then_no_more_than_a_look_needs(
    tmp_path: Path, bucket: str, requests: Callable[[str], list[int]]
) -> None:
    (tmp_path / "x").mkdir()
    picture = write_image(tmp_path / "x" / "p.png", 1, side=64)
    (tmp_path / "x" / "t.txt").write_text("Good morning")
    (tmp_path / "x" / "large.mp4").write_bytes(b"x" * 50_000)
    url = Url(upload(tmp_path / "x", f"{bucket}/x"))
    size = picture.stat().st_size
    memory, limits = tmp_path / "hashes.sqlite", Limits(file_bytes=40_000)
    first = outcome(FolderSource(path="x"), url, memory, limits)
    assert requests("p.png") == [size, 512]
    assert requests("t.txt") == [12, 12]
    assert outcome(FolderSource(path="x"), url, memory, limits) == first
    assert requests("p.png") == [size, 512, 512], "the hash is remembered"
    assert requests("large.mp4") == []
    write_image(tmp_path / "x" / "p.png", 2, side=64)
    upload(tmp_path / "x", url)
    assert outcome(FolderSource(path="x"), url, memory, limits) != first
    assert len(requests("p.png")) == 5, "another etag is another file"


@pytest.mark.parametrize("what", ["changed", "gone"])
def test_a_file_that_changes_between_listing_and_reading_is_found(tmp_path: Path, bucket: str, what: str) -> None:
    fs, url = filesystem(bucket), Url(f"{bucket}/lines.jsonl")
    fs.pipe_file(url, b'{"text": "one"}\n')
    source = JsonlSource(path="x")
    inputs, _ = inputs_of(source, url, tmp_path / "hashes.sqlite", Limits())
    if what == "gone":
        fs.rm_file(url)
    else:
        fs.pipe_file(url, b'{"text": "two"}\n')
    [found] = local_files(source, inputs, Limits())
    assert isinstance(found, Refused)
    assert found.reason == "unreadable"
    assert what == "gone" or found.detail == CHANGED


def test_fetched_files_are_gone_when_the_next_is_asked_for(tmp_path: Path, bucket: str) -> None:
    fs = filesystem(bucket)
    for number in range(40):
        fs.pipe_file(f"{bucket}/x/{number:02d}.jsonl", f'{{"text": "{number}"}}\n'.encode())
    inputs, _ = inputs_of(JsonlSource(path="x"), Url(f"{bucket}/x"), tmp_path / "hashes.sqlite", Limits())
    before: SourceFile | None = None
    for number, file in enumerate(local_files(JsonlSource(path="x"), inputs, Limits())):
        assert isinstance(file, SourceFile)
        assert before is None or not before.path.exists()
        assert file.path.read_text() == f'{{"text": "{number}"}}\n'
        assert len(list(file.path.parent.iterdir())) <= 18
        before = file
    assert before is not None and not before.path.parent.exists()


def test_an_address_with_nothing_behind_it_is_the_users_mistake(bucket: str) -> None:
    with pytest.raises(UserError, match="there is nothing at"):
        listing(Url(f"{bucket}/nothing"))


def test_a_bucket_that_does_not_exist_is_named(bucket: str) -> None:
    with pytest.raises(UserError, match="there is nothing at s3://not-there-at-all/x"):
        listing(Url("s3://not-there-at-all/x"))
