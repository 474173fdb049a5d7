"""Signatures over SHA256SUMS, made and checked by ssh-keygen: who has an ssh key can sign, and no key is read here."""

import shutil
import subprocess
import tempfile
from pathlib import Path

from affectory.pipelines.release.manifest import SIGNATURE, SUMS
from affectory.pipelines.release.places import ReleaseFiles
from affectory.schemas.errors import UserError

NAMESPACE = "affectory"
"""What a signature is for: one that the same key gave for something else is not taken."""
_PROGRAM = "ssh-keygen"


def refuse_unusable(key: Path) -> None:
    """Raise where nothing could be signed: better told before a build than after it."""
    _program()
    if not key.is_file():
        raise UserError(f"there is no key {key}", "name an ssh key: --sign ~/.ssh/id_ed25519")


def sign(folder: Path, key: Path) -> Path:
    """Sign the sums of a release; a key in an agent is named by its public half."""
    refuse_unusable(key)
    sums, signature = folder / SUMS, folder / SIGNATURE
    if not sums.exists():
        raise UserError(f"{folder} has no {SUMS} to sign", "publish it again: earlier versions wrote none")
    signature.unlink(missing_ok=True)
    ran = _ran("sign", "-n", NAMESPACE, "-f", str(key), str(sums))
    if ran.returncode or not signature.exists():
        raise UserError(f"{key} does not sign: {_said(ran)}", "is it an ssh key, and its passphrase in the agent?")
    return signature


def check_signature(files: ReleaseFiles, signers: Path) -> list[str]:
    """What is wrong with the signature of a release; empty where one of the `signers` gave it."""
    _program()
    if not signers.is_file():
        raise UserError(f"there is no file {signers}", "a line for each signer: NAME KEYTYPE PUBLICKEY")
    try:
        signature, sums = files.read(SIGNATURE), files.read(SUMS)
    except FileNotFoundError:
        return [f"{SIGNATURE}: missing, nobody signed"]
    with tempfile.TemporaryDirectory(prefix="affectory-signature-") as folder:
        kept = Path(folder) / SIGNATURE
        kept.write_bytes(signature)
        named = _ran("find-principals", "-s", str(kept), "-f", str(signers))
        if named.returncode:
            return [f"{SIGNATURE}: not by any of those in {signers.name}"]
        who = named.stdout.decode().splitlines()[0]
        checked = _ran("verify", "-n", NAMESPACE, "-f", str(signers), "-I", who, "-s", str(kept), given=sums)
    return [f"{SIGNATURE}: does not fit {SUMS} ({_said(checked)})"] if checked.returncode else []


def _program() -> str:
    found = shutil.which(_PROGRAM)
    if found is None:
        raise UserError(f"signatures need {_PROGRAM}, which is not here", "install OpenSSH 8.2 or later")
    return found


def _ran(what: str, *options: str, given: bytes = b"") -> "subprocess.CompletedProcess[bytes]":
    return subprocess.run([_program(), "-Y", what, *options], input=given, capture_output=True, check=False)


def _said(ran: "subprocess.CompletedProcess[bytes]") -> str:
    lines = (ran.stderr or ran.stdout).decode(errors="replace").strip().splitlines()
    return lines[-1] if lines else f"{_PROGRAM} ended with {ran.returncode}"
