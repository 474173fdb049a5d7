"""Signatures of releases, by the ssh-keygen of this machine."""

import shutil
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from support.keys import new_key

from affectory.pipelines.release import verify, write, write_release
from affectory.pipelines.release.manifest import hash_files, read_manifest
from affectory.pipelines.release.signing import NAMESPACE, sign
from affectory.pipelines.release.sums import seal
from affectory.schemas.errors import UserError

pytestmark = pytest.mark.skipif(shutil.which("ssh-keygen") is None, reason="no OpenSSH on this machine")


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two keys, of whom `signers` names the first."""
    folder = tmp_path_factory.mktemp("keys")
    new_key(folder / "other")
    new_key(folder / "maker")
    return folder


def test_a_release_signed_at_its_publication_is_taken(
    world: Any, tmp_path: Path, keys: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(write, "run_load_test", lambda *_: None)
    made = write_release(world.inputs(tmp_path / "in"), tmp_path / "releases", key=keys / "maker")
    assert verify(made.path, keys / "signers") == []
    with pytest.raises(UserError, match="there is no key"):
        write_release(world.inputs(tmp_path / "in"), tmp_path / "releases", key=keys / "absent")


def changed_and_sealed_anew(release: Path) -> None:
    """What somebody without the key can do: everything fits but the signature."""
    signature = (release / "SHA256SUMS.sig").read_bytes()
    (release / "report.html").write_text("theirs")
    seal(release, read_manifest(release).with_pages(release))
    (release / "SHA256SUMS.sig").write_bytes(signature)


@pytest.mark.parametrize(
    ("key", "spoil", "problem"),
    [
        ("maker", lambda release: None, None),
        ("other", lambda release: None, "SHA256SUMS.sig: not by any of those in signers"),
        ("maker", changed_and_sealed_anew, "SHA256SUMS.sig: does not fit SHA256SUMS"),
        ("maker", lambda release: (release / "SHA256SUMS.sig").unlink(), "SHA256SUMS.sig: missing, nobody signed"),
        ("maker", lambda release: (release / "SHA256SUMS.sig").write_text("x"), "SHA256SUMS.sig: not by any"),
    ],
)
def test_a_signature_stands_for_these_bytes_by_one_of_these_people(
    copied: Path, keys: Path, key: str, spoil: Any, problem: str | None
) -> None:
    sign(copied, keys / key)
    spoil(copied)
    assert verify(copied) == [], "without signers nobody asks"
    found = verify(copied, keys / "signers")
    assert [p[: len(problem or "")] for p in found] == ([problem] if problem else [])


def test_a_manifest_that_denies_its_sums_is_found(copied: Path, keys: Path) -> None:
    sign(copied, keys / "maker")
    (copied / "README.md").write_text("theirs")
    manifest = read_manifest(copied)
    theirs = replace(manifest, content=replace(manifest.content, files=hash_files(copied)))
    (copied / "manifest.json").write_text(theirs.as_json().replace('"format": 2', '"format": 1'))
    assert verify(copied) == []
    assert verify(copied, keys / "signers") == ["SHA256SUMS: changed"]


def test_a_signature_for_something_else_is_not_taken(copied: Path, keys: Path) -> None:
    named = ["-n", f"{NAMESPACE}-not", "-f", str(keys / "maker"), str(copied / "SHA256SUMS")]
    subprocess.run(["ssh-keygen", "-q", "-Y", "sign", *named], check=True, capture_output=True)
    assert verify(copied, keys / "signers")[0].startswith("SHA256SUMS.sig: does not fit")


def test_what_cannot_sign_or_be_asked_is_named(copied: Path, keys: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UserError, match="does not sign"):
        sign(copied, keys / "signers")
    with pytest.raises(UserError, match="there is no file"):
        verify(copied, keys / "absent")
    (copied / "SHA256SUMS").unlink()
    with pytest.raises(UserError, match="has no SHA256SUMS to sign"):
        sign(copied, keys / "maker")
    monkeypatch.setenv("PATH", "")
    with pytest.raises(UserError, match="ssh-keygen, which is not here"):
        verify(copied, keys / "signers")
