"""Inputs at any address that fsspec reads: the records are those of the same files in a folder."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from support.project import Project, project, write_csv, write_image

from affectory.pipelines.bind import read_and_bind
from affectory.pipelines.build import Options, Summary, build
from affectory.pipelines.engines.base import Choice
from affectory.pipelines.events import Run
from affectory.pipelines.remote import listing
from affectory.pipelines.store.filesystems import filesystem
from affectory.schemas.errors import UserError
from affectory.schemas.urls import Url


def faces(folder: Path, place: str) -> Project:
    """A table of pictures and a folder of them."""
    sources: list[dict[str, Any]] = [
        {"kind": "csv", "name": "rows", "path": f"{place}/faces.csv", "image": "file"},
        {"kind": "folder", "name": "files", "path": f"{place}/more"},
    ]
    return project(folder, {"dataset": "f", "taxonomy": "ekman-7", "sources": sources, "ingest": ["load_image"]})


def files(folder: Path) -> Path:
    write_image(folder / "more" / "b.png", 2)
    write_image(folder / "a.png", 1)
    write_csv(folder / "faces.csv", ["file"], [["a.png"]])
    return folder


def built(made: Project, *roots: str) -> Summary:
    with Run(made.workspace / "runs" / "test.jsonl", ()) as run:
        bound = read_and_bind(made.recipe, (), roots)
        return build(bound, Options(made.workspace, made.releases, Choice("local", 0)), run)


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None: ...


@contextmanager
def in_memory(folder: Path) -> Iterator[str]:
    place = f"memory://{folder.name}"
    for path in (p for p in folder.rglob("*") if p.is_file()):
        filesystem(place).pipe_file(f"{place}/{path.relative_to(folder).as_posix()}", path.read_bytes())
    yield place
    filesystem(place).rm(place, recursive=True)


@contextmanager
def on_the_web(folder: Path) -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.mark.parametrize("where", [in_memory, on_the_web])
def test_a_release_from_anywhere_is_that_from_a_folder(tmp_path: Path, where: Any) -> None:
    files(tmp_path / "here" / "in")
    here = faces(tmp_path / "here", "in")
    expected = here.rows(here.build().version)
    with where(tmp_path / "here" / "in") as place:
        there = faces(tmp_path / "there", place)
        done = built(there, place)
        assert (done.kept, done.failed) == (2, 0)
        assert there.rows(done.version) == expected
        assert built(there, place).unchanged


@pytest.mark.skipif(find_spec("gcsfs") is not None, reason="gcsfs is installed here")
def test_a_scheme_whose_package_is_missing_is_told_with_what_to_install() -> None:
    with pytest.raises(UserError, match="gs:// needs the package gcsfs") as raised:
        listing(Url("gs://bucket/x"))
    assert raised.value.hint == "install it: pip install gcsfs"
