"""A release as one archive."""

import os
import shutil
import subprocess
import tarfile
from pathlib import Path

import pytest

from affectory.pipelines.release import verify
from affectory.pipelines.release.packing import pack
from affectory.schemas.errors import UserError


def worn(release: Path, folder: Path) -> Path:
    """The same release on another machine: written in another order, at another time, with other permissions."""
    copy = Path(shutil.copytree(release, folder / "else" / "where"))
    for number, path in enumerate(sorted(copy.rglob("*"), reverse=True)):
        os.utime(path, (number, number))
        path.chmod(0o700 if path.is_dir() else 0o400)
    return copy


@pytest.mark.parametrize("ending", [".tar", ".tar.gz", ".tar.zst"])
def test_the_same_release_gives_the_same_bytes(released: Path, tmp_path: Path, ending: str) -> None:
    first = pack(released, tmp_path / f"a{ending}")
    second = pack(worn(released, tmp_path), tmp_path / f"another name{ending}")
    assert first.read_bytes() == second.read_bytes()
    assert sorted(p.name for p in tmp_path.iterdir()) == sorted([f"a{ending}", f"another name{ending}", "else"])


@pytest.mark.parametrize("ending", [".tar", ".tar.gz"])
def test_what_is_unpacked_is_the_release(released: Path, tmp_path: Path, ending: str) -> None:
    out = pack(released, tmp_path / f"a{ending}")
    subprocess.run(["tar", "-xf", str(out), "-C", str(tmp_path)], check=True)
    unpacked = tmp_path / "small-v1.0.0"
    assert verify(unpacked) == []
    assert {p.relative_to(unpacked) for p in unpacked.rglob("*")} == {
        p.relative_to(released) for p in released.rglob("*")
    }
    with tarfile.open(out) as tar:
        entries = tar.getmembers()
    assert [e.name for e in entries] == sorted(e.name for e in entries)
    assert {(e.mtime, e.uid, e.gid, e.uname, e.gname) for e in entries} == {(0, 0, 0, "", "")}
    assert {e.mode for e in entries} == {0o644, 0o755}


def test_no_archive_is_made_of_what_is_not_whole(copied: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"end it with \.tar, \.tar\.gz, \.tar\.zst"):
        pack(copied, tmp_path / "a.zip")
    with pytest.raises(UserError, match="lies in the release itself"):
        pack(copied, copied / "a.tar")
    (copied / "README.md").write_text("changed")
    with pytest.raises(UserError, match=r"is not as it was published: README\.md: changed"):
        pack(copied, tmp_path / "a.tar")
    assert [p.name for p in tmp_path.iterdir()] == ["releases"]
