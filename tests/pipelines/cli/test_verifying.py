"""`affectory verify`, `sign`, `pack` and `push`, as they are typed."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.keys import new_key
from support.project import Project, texts
from typer.testing import CliRunner, Result

from affectory.pipelines.cli.app import app
from affectory.pipelines.release import verify
from affectory.pipelines.release.packing import pack


def run(*arguments: Any) -> Result:
    return CliRunner().invoke(app, [*map(str, arguments)])


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Project:
    made = texts(tmp_path_factory.mktemp("built"), 8)
    made.build()
    return made


@pytest.fixture
def release(built: Project, tmp_path: Path) -> Path:
    return Path(shutil.copytree(built.releases / "v1.0.0", tmp_path / "releases" / "v1.0.0"))


def flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(bytes(data))


def test_a_whole_release_is_said_to_be_whole(built: Project) -> None:
    named = run("verify", "v1.0.0", "--recipe", built.recipe, "--releases", built.releases)
    assert (named.exit_code, named.output.endswith("every byte is as it was published\n")) == (0, True)


@pytest.mark.parametrize("shown", [str, json.loads])
def test_one_byte_of_a_shard_is_found(release: Path, shown: Callable[[str], Any]) -> None:
    shard = next(release.glob("data/default/*.parquet"))
    flip(shard)
    found = run("verify", release, *(["--json"] if shown is json.loads else []))
    problem, said = f"{shard.relative_to(release)}: changed", shown(found.output)
    assert found.exit_code == 2
    assert (
        said == {"release": str(release), "problems": [problem]} if isinstance(said, dict) else said == f"{problem}\n"
    )


@pytest.mark.skipif(shutil.which("ssh-keygen") is None, reason="no OpenSSH on this machine")
def test_what_is_no_release_is_told(built: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert "there is no recipe.yaml that says where the release v1.0.0 lies" in run("verify", "v1.0.0").stderr
    assert f"{built.releases} is no release" in run("verify", built.releases).stderr
    assert f"{built.releases} is no release" in run("verify", built.releases, "--recipe", built.recipe).stderr
    assert "there are: v1.0.0" in run("verify", "v9.0.0", "--releases", built.releases).stderr
    assert "manifest.json: missing" in run("pack", built.releases, tmp_path / "a.tar").stderr


def test_a_release_is_signed_afterwards_and_asked_for_it(release: Path, tmp_path: Path) -> None:
    signers = new_key(tmp_path / "key")
    unsigned = run("verify", release, "--signers", signers)
    assert (unsigned.exit_code, unsigned.output) == (2, "SHA256SUMS.sig: missing, nobody signed\n")
    assert run("sign", release, tmp_path / "key").exit_code == 0
    assert "signed by one of" in run("verify", release, "--signers", signers).output
    flip(release / "README.md")
    assert run("sign", release, tmp_path / "key").exit_code == 2, "nobody signs what is not whole"


def test_an_archive_and_a_copy_elsewhere(release: Path, tmp_path: Path) -> None:
    assert run("pack", release, tmp_path / "a.tar.gz").output == f"wrote {tmp_path / 'a.tar.gz'}\n"
    pushed = run("push", release, tmp_path / "theirs")
    assert pushed.output.startswith(
        f"v1.0.0 lies at {tmp_path / 'theirs' / 'v1.0.0'}\n  from datasets import load_dataset"
    )
    assert verify(tmp_path / "theirs" / "v1.0.0") == []


def test_machines_read_each_of_them(release: Path, tmp_path: Path) -> None:
    """One object on stdout, whatever is told of how far it is."""
    packed, theirs = tmp_path / "a.tar", tmp_path / "theirs"
    assert json.loads(run("verify", release, "--json").stdout) == {"release": str(release), "problems": []}
    assert json.loads(run("pack", release, packed, "--json").stdout) == {"wrote": str(packed)}
    pushed = json.loads(run("push", release, theirs, "--json").stdout)
    assert (pushed["version"], pushed["path"]) == ("v1.0.0", str(theirs / "v1.0.0"))
    assert pushed["load"].startswith("from datasets import load_dataset")
    assert run("releases", "--releases", tmp_path / "none", "--json").stdout == ""
    assert (
        run("releases", "--releases", tmp_path / "none").stdout == f"nothing was published in {tmp_path / 'none'} yet\n"
    )


def test_how_far_reading_and_packing_are_is_told(release: Path, tmp_path: Path) -> None:
    heard: list[tuple[str, int, int, str]] = []
    pack(release, tmp_path / "a.tar", lambda *told: heard.append(told))
    assert [*dict.fromkeys(what for what, *_ in heard)] == ["verify", "pack"]
    read = [(done, total) for what, done, total, unit in heard if what == "verify" and unit == "bytes"]
    assert read == sorted(read) and read[-1][0] == read[-1][1]


def test_a_mistake_is_told_without_a_traceback(built: Project, tmp_path: Path) -> None:
    for words in (
        ("verify", "v9.0.0", "--recipe", built.recipe, "--releases", built.releases),
        ("pack", built.releases / "v1.0.0", tmp_path / "a.zip"),
        ("push", tmp_path, "gs://elsewhere"),
    ):
        found = run(*words)
        assert found.exit_code == 2 and "Traceback" not in found.output, words
