"""A release as one archive: the same release gives the same bytes, whoever packs it, when and where."""

import gzip
import os
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, cast

from affectory.pipelines.release.manifest import read_manifest
from affectory.pipelines.release.model import Told
from affectory.pipelines.release.sums import verify
from affectory.schemas.errors import UserError

ENDINGS = (".tar", ".tar.gz", ".tar.zst")
_FILE_MODE, _FOLDER_MODE = 0o644, 0o755
_GZIP_LEVEL = 6


def pack(release: Path, out: Path, told: Told = lambda *_: None) -> Path:
    """Write a release into an archive, below a folder named after dataset and version.

    Args:
        release: The folder of one version.
        out: A file that ends with .tar, .tar.gz or .tar.zst; it appears when it is whole.
        told: Hears how much is read and packed.
    """
    if not out.name.endswith(ENDINGS):
        raise UserError(f"{out} says no kind of archive that is known", f"end it with {', '.join(ENDINGS)}")
    if out.resolve().is_relative_to(release.resolve()):
        raise UserError(f"{out} lies in the release itself", "name a file beside it")
    if problems := verify(release, told=told):
        raise UserError(f"{release} is not as it was published: {problems[0]}", "affectory verify lists what differs")
    manifest, temporary = read_manifest(release), out.with_name(f".{out.name}.{os.getpid()}")
    try:
        with (
            _opened(temporary, out.name) as file,
            tarfile.open(fileobj=file, mode="w|", format=tarfile.PAX_FORMAT) as tar,
        ):
            names = sorted(_names(release))
            for number, name in enumerate(names):
                told("pack", number, len(names), "files")
                _add(tar, release / name, f"{manifest.content.dataset}-{manifest.version}/{name}".rstrip("/"))
        temporary.replace(out)
    finally:
        temporary.unlink(missing_ok=True)
    return out


def _names(release: Path) -> Iterator[str]:
    """All files, and the folders that they lie in."""
    yield from (
        "" if path == release else path.relative_to(release).as_posix() for path in (release, *release.rglob("*"))
    )


def _add(tar: tarfile.TarFile, path: Path, name: str) -> None:
    entry = tarfile.TarInfo(name)
    entry.mtime, entry.uid, entry.gid, entry.uname, entry.gname = 0, 0, 0, "", ""
    if path.is_dir():
        entry.type, entry.mode = tarfile.DIRTYPE, _FOLDER_MODE
        tar.addfile(entry)
        return
    entry.mode, entry.size = _FILE_MODE, path.stat().st_size
    with path.open("rb") as file:
        tar.addfile(entry, file)


@contextmanager
def _opened(path: Path, name: str) -> Iterator[IO[bytes]]:
    """For writing, compressed as the name says, with neither name nor time in its header."""
    with path.open("wb") as raw:
        if name.endswith(".gz"):
            with gzip.GzipFile("", "wb", _GZIP_LEVEL, raw, mtime=0) as packed:
                yield cast(IO[bytes], packed)
        elif name.endswith(".zst"):
            import pyarrow as pa

            with pa.CompressedOutputStream(pa.PythonFile(raw, "w"), "zstd") as packed:
                yield cast(Any, packed)
        else:
            yield raw
