"""Media inside other files: kept once in the workspace, and the same records as from a folder."""

import io
import tarfile
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from support.hub import reached, serving_hub
from support.project import Project, project, write_image

from affectory.pipelines.bind import read_and_bind
from affectory.pipelines.build import Options, build
from affectory.pipelines.engines.base import Choice
from affectory.pipelines.events import Run
from affectory.pipelines.retry import sweep
from affectory.pipelines.store.workspace import Workspace

Files = Mapping[str, bytes]


def recipe(**source: Any) -> dict[str, Any]:
    return {
        "dataset": "inner",
        "taxonomy": "ekman-7",
        "sources": [{"name": "pictures", **source}],
        "ingest": ["probe", "load_image"],
    }


def as_folder(folder: Path, files: Files) -> dict[str, Any]:
    for name, data in files.items():
        (folder / "in").mkdir(parents=True, exist_ok=True)
        (folder / "in" / name).write_bytes(data)
    return recipe(kind="folder", path="in")


def as_zip(folder: Path, files: Files) -> dict[str, Any]:
    with zipfile.ZipFile(folder / "in.zip", "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return recipe(kind="zip", path="in.zip")


def as_shard(folder: Path, files: Files) -> dict[str, Any]:
    with tarfile.open(folder / "in.tar", "w") as shard:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            shard.addfile(info, io.BytesIO(data))
    return recipe(kind="webdataset", path="in.tar", key="none")


def as_structs(folder: Path, files: Files) -> dict[str, Any]:
    cells = [{"bytes": data, "path": name} for name, data in files.items()]
    pq.write_table(pa.table({"image": cells}), folder / "in.parquet")
    return recipe(kind="parquet", path="in.parquet", image="image")


def as_binary(folder: Path, files: Files) -> dict[str, Any]:
    pq.write_table(pa.table({"picture": list(files.values())}), folder / "in.parquet")
    return recipe(kind="parquet", path="in.parquet", media="picture")


def pictures(folder: Path) -> Files:
    folder.mkdir()
    return {f"{n}.png": write_image(folder / f"{n}.png", n).read_bytes() for n in range(3)}


def made_as(write: Callable[[Path, Files], dict[str, Any]], folder: Path) -> Project:
    files = pictures(folder)
    return project(folder, write(folder, files))


WAYS = [as_zip, as_shard, as_structs, as_binary]


@pytest.mark.parametrize("way", WAYS)
def test_what_lies_inside_a_file_is_as_what_lies_in_a_folder(
    tmp_path: Path, way: Callable[[Path, Files], dict[str, Any]]
) -> None:
    plain, packed = made_as(as_folder, tmp_path / "plain"), made_as(way, tmp_path / "packed")
    here, there = plain.build(), packed.build()
    assert packed.rows(there.version) == plain.rows(here.version)


def test_originals_stay_while_they_are_needed_and_are_found_again(tmp_path: Path) -> None:
    packed = made_as(as_zip, tmp_path / "packed")
    packed.build()
    sweep(Workspace(packed.workspace))
    assert packed.build().unchanged
    assert packed.build("ingest=[load_image]").kept == 3, "the originals stay where the last build needs them"
    Workspace(packed.workspace).clean()
    assert packed.build().kept == 3, "they are taken out again when all that is derived was deleted"


@pytest.mark.parametrize("way", [as_zip, as_structs])
def test_in_a_workspace_on_object_storage(
    tmp_path: Path, bucket: str, way: Callable[[Path, Files], dict[str, Any]]
) -> None:
    made = made_as(way, tmp_path / "packed")
    with Run(tmp_path / "log.jsonl") as run:
        options = Options(f"{bucket}/ws", made.releases, Choice("local", 0))
        there = build(read_and_bind(made.recipe, (), [bucket]), options, run)
    assert (there.kept, there.failed) == (3, 0)
    assert made.rows(there.version).num_rows == 3


def test_a_dataset_of_the_hub_is_as_its_files(tmp_path: Path) -> None:
    (tmp_path / "here").mkdir()
    files = pictures(tmp_path / "made")
    readme = b"---\nconfigs:\n- config_name: main\n  data_files: shards/*.parquet\n---\n"
    as_structs(tmp_path / "here", files)
    shard = {
        "shards/a.parquet": (tmp_path / "here" / "in.parquet").read_bytes(),
        "README.md": readme,
        "old.parquet": b"x",
    }
    local = made_as(as_folder, tmp_path / "plain")
    with serving_hub() as hub, reached(hub):
        hub.new("org/in", **shard)
        there = project(tmp_path / "there", recipe(kind="datasets", path="hf://datasets/org/in", image="image"))
        with Run(tmp_path / "log.jsonl") as run:
            bound = read_and_bind(there.recipe, (), ["hf://datasets/org/in"])
            done = build(bound, Options(there.workspace, there.releases, Choice("local", 0)), run)
    assert there.rows(done.version) == local.rows(local.build().version)
