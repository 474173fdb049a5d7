"""SHA256SUMS: every byte of a release is vouched for, and `verify` finds each that is not as it was published."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from affectory.pipelines.release import verify, write, write_release
from affectory.pipelines.release.layout import is_ours
from affectory.pipelines.release.manifest import PAGES, read_manifest


def names(release: Path) -> list[str]:
    return sorted(p.relative_to(release).as_posix() for p in release.rglob("*") if p.is_file())


def test_other_tools_check_them(released: Path) -> None:
    ran = subprocess.run(["sha256sum", "-c", "SHA256SUMS"], cwd=released, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    assert [line.removesuffix(": OK") for line in ran.stdout.splitlines()] == sorted(
        set(names(released)) - {"SHA256SUMS"}
    )


def test_every_name_is_one_of_ours(released: Path) -> None:
    assert [name for name in names(released) if not is_ours(name)] == []
    assert is_ours("data/default/train-3fa2b7.parquet"), "shards are named by place"
    assert [n for n in ("notes.txt", "data/x.parquet", "data/../a-0.parquet", "sub/README.md") if is_ours(n)] == []


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25, deadline=None)
@given(draw=st.data())
def test_one_flipped_bit_anywhere_is_found(copied: Path, draw: st.DataObject) -> None:
    path = copied / draw.draw(st.sampled_from(names(copied)))
    whole = path.read_bytes()
    at, bit = draw.draw(st.integers(0, len(whole) - 1)), draw.draw(st.integers(0, 7))
    path.write_bytes(whole[:at] + bytes([whole[at] ^ 1 << bit]) + whole[at + 1 :])
    found = verify(copied)
    path.write_bytes(whole)
    assert any(
        problem.startswith(("manifest.json", path.relative_to(copied).as_posix(), "SHA256SUMS")) for problem in found
    )
    assert verify(copied) == []


@pytest.mark.parametrize(
    ("spoil", "problems"),
    [
        (lambda p: (p / "SHA256SUMS").unlink(), ["SHA256SUMS: missing"]),
        (lambda p: (p / "SHA256SUMS").write_text(""), ["SHA256SUMS: changed"]),
        (lambda p: (p / "croissant.json").unlink(), ["croissant.json: missing"]),
        (lambda p: (p / "report.html").write_text("<p>"), ["report.html: not in the manifest"]),
    ],
)
def test_what_vouches_is_checked_too(copied: Path, spoil: Any, problems: list[str]) -> None:
    spoil(copied)
    assert verify(copied) == problems


def test_releases_from_before_there_were_sums_are_whole(copied: Path) -> None:
    manifest = json.loads((copied / "manifest.json").read_text())
    (copied / "manifest.json").write_text(json.dumps({**manifest, "format": 1}))
    (copied / "SHA256SUMS").unlink()
    assert verify(copied) == []


def test_a_page_shows_the_data_and_is_none(world: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(write, "run_load_test", lambda *_: None)
    shown = ["one look"]

    def finish(folder: Path) -> None:
        (folder / "report.html").write_text(f"{read_manifest(folder).version}: {shown[-1]}")

    world.options = {"finish": finish}
    first = write_release(world.inputs(tmp_path / "in"), tmp_path / "releases")
    assert Path(first.path, "report.html").read_text() == "v1.0.0: one look"
    assert verify(first.path) == []
    assert set(PAGES) <= set(read_manifest(first.path).content.files)
    shown.append("another look")
    again = write_release(world.inputs(tmp_path / "in"), tmp_path / "releases")
    assert (again.unchanged, again.hash, again.version) == (True, first.hash, "v1.0.0")
    world.add(77)
    second = write_release(world.inputs(tmp_path / "in"), tmp_path / "releases")
    assert (second.reasons, Path(second.path, "report.html").read_text()) == (("1 row added",), "v1.1.0: another look")
    Path(second.path, "report.html").write_text("changed")
    assert verify(second.path) == ["report.html: changed"]
    shutil.rmtree(tmp_path / "releases")


def test_a_version_that_lies_as_another_is_told(copied: Path) -> None:
    """Whole and signed as it may be: an old version in the place of a new one."""
    assert verify(copied.rename(copied.with_name("v1.2.0"))) == ["manifest.json: it is of v1.0.0, and lies as v1.2.0"]
    assert verify((copied.with_name("v1.2.0")).rename(copied.with_name("elsewhere"))) == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"files": []}, {"files": ["a"]}, {"files": {"a": 1}}, {"files": {"a": {"sha256": "x", "size": 1}}},
        {"files": {"a": {"sha256": "0" * 64, "size": "1"}}}, {"version": "../../v1.0.0"}, {"version": None},
        {"dataset": "../small"}, {"dataset": 3}, {"spaces": 1}, {"hash": None}, {"format": "x"},
        *({"files": {name: {"sha256": "0" * 64, "size": 1}}} for name in
          ("../a", "/a", "a/../b", "a//b", "a\\b", "a\nb", "", ".", "C:/a")),
    ],
    ids=str,
)  # fmt: skip
def test_what_is_no_manifest_is_told_and_followed_nowhere(copied: Path, wrong: dict[str, Any]) -> None:
    manifest = json.loads((copied / "manifest.json").read_text())
    (copied / "manifest.json").write_text(json.dumps({**manifest, **wrong}))
    assert any(problem.startswith("manifest.json: ") for problem in verify(copied))
