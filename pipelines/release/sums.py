"""SHA256SUMS over a finished release, and whether every byte of one is still as it was published."""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

from affectory.pipelines.release.manifest import MANIFEST, SIGNATURE, SUMS, Manifest, differing
from affectory.pipelines.release.model import Told
from affectory.pipelines.release.places import ReleaseFiles, files_of
from affectory.pipelines.release.signing import check_signature, sign
from affectory.pipelines.release.version import Version
from affectory.schemas.urls import Location


def seal(folder: Path, manifest: Manifest, key: Path | None = None) -> None:
    """Write the manifest and the sums over all files, and sign these where there is a key."""
    text = manifest.as_json().encode()
    (folder / MANIFEST).write_bytes(text)
    (folder / SUMS).write_bytes(_sums_of(manifest, text))
    (folder / SIGNATURE).unlink(missing_ok=True)
    if key is not None:
        sign(folder, key)


def _sums_of(manifest: Manifest, text: bytes) -> bytes:
    """As `sha256sum -c` reads it; `text` is that of the manifest."""
    sums = {name: facts.sha256 for name, facts in manifest.content.files.items()}
    sums[MANIFEST] = hashlib.sha256(text).hexdigest()
    return "".join(f"{sha256}  {name}\n" for name, sha256 in sorted(sums.items())).encode()


def verify(path: Location | str, signers: Path | None = None, told: Told = lambda *_: None) -> list[str]:
    """What differs from what was published; empty where every byte is the same.

    Args:
        path: A release.
        signers: Whose signature is taken, as ssh has it (a file of `allowed_signers`); without it none is looked for.
        told: Hears how much is read.
    """
    files = files_of(path)
    try:
        text = files.read(MANIFEST)
        manifest, says = Manifest.parse(text.decode()), json.loads(text)
        promised, has_sums = says["hash"], int(says["format"]) > 1
    except FileNotFoundError:
        return [f"{MANIFEST}: missing, without which nothing is a release"]
    except (OSError, KeyError, TypeError, ValueError) as error:
        return [f"{MANIFEST}: cannot be read ({error})"]
    problems = differing(path, manifest, _Reading(told, sum(facts.size for facts in manifest.content.files.values())))
    lies_as = Version.parse(str(path).rstrip("/").rpartition("/")[2].rpartition("@")[2])
    if lies_as and str(lies_as) != manifest.version:
        problems.append(f"{MANIFEST}: it is of {manifest.version}, and lies as {lies_as}")
    if manifest.content.hash != promised:
        problems.append(f"{MANIFEST}: its hash does not follow from its files")
    if has_sums or signers:  # what is signed are the sums, whatever the manifest says of itself
        problems += _sums_differ(files, _sums_of(manifest, text))
    return problems + (check_signature(files, signers) if signers else [])


@dataclass
class _Reading:
    """Adds up what was read, and says so."""

    told: Told
    total: int
    done: int = 0

    def __call__(self, many: int) -> None:
        self.done += many
        self.told("verify", self.done, max(self.total, self.done), "bytes")


def _sums_differ(files: ReleaseFiles, expected: bytes) -> list[str]:
    try:
        found = files.read(SUMS)
    except FileNotFoundError:
        return [f"{SUMS}: missing"]
    return [] if found == expected else [f"{SUMS}: changed"]
