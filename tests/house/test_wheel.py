"""What is built holds every file of the package: wheel, source archive, and the wheel built from that archive."""

import tarfile
import zipfile
from collections.abc import Callable
from configparser import ConfigParser
from pathlib import Path

import pytest
from hatchling.builders.sdist import SdistBuilder
from hatchling.builders.wheel import WheelBuilder
from house.tree import FOLDERS, ROOT, files

Build = Callable[[Path], zipfile.ZipFile]


@pytest.fixture(scope="module")
def sdist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The source archive, unpacked."""
    folder = tmp_path_factory.mktemp("sdist")
    archive = next(SdistBuilder(str(ROOT)).build(directory=str(folder)))
    with tarfile.open(archive) as tar:
        tar.extraction_filter = getattr(tarfile, "data_filter", None)  # not in Debian 12's Python 3.11.2
        tar.extractall(folder)
    return next(path for path in folder.iterdir() if path.is_dir())


def wheel(root: Path, folder: Path) -> zipfile.ZipFile:
    return zipfile.ZipFile(next(WheelBuilder(str(root)).build(directory=str(folder), versions=["standard"])))


def packaged() -> set[str]:
    """Where each file of the package must lie in a wheel."""
    links = {"affectory/__init__.py", "affectory/py.typed"}
    return links | {f"affectory/{path.as_posix()}" for path in files(ROOT) if path.parts[0] in FOLDERS}


def contents(archive: zipfile.ZipFile) -> set[str]:
    return {name for name in archive.namelist() if ".dist-info/" not in name}


def test_the_wheel_holds_every_file_of_the_package(tmp_path: Path) -> None:
    assert contents(wheel(ROOT, tmp_path)) == packaged()


def test_the_wheel_built_from_the_source_archive_holds_the_same(sdist: Path, tmp_path: Path) -> None:
    assert contents(wheel(sdist, tmp_path)) == packaged()


def test_the_source_archive_holds_tests_and_licence(sdist: Path) -> None:
    missing = [
        n for n in ("LICENSE", "README.md", "pyproject.toml", "tests/house/test_wheel.py") if not (sdist / n).exists()
    ]
    assert missing == []


def test_the_wheel_brings_the_command(tmp_path: Path) -> None:
    archive = wheel(ROOT, tmp_path)
    name = next(n for n in archive.namelist() if n.endswith("entry_points.txt"))
    entries = ConfigParser()
    entries.read_string(archive.read(name).decode())
    assert dict(entries["console_scripts"]) == {"affectory": "affectory.pipelines.cli:main"}


def test_the_demo_is_among_what_is_packaged() -> None:
    """`packaged` is compared with; were it empty of data, nothing above could fail."""
    assert "affectory/pipelines/recipes/demo/media/a good day ☕.mp4" in packaged()
