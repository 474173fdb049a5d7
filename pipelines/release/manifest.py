"""The manifest: every file with its sha256, and a hash over them that leaves out times and versions."""

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import IO, Any, NamedTuple

from affectory.pipelines.release.places import ReleaseFiles, files_of
from affectory.pipelines.release.version import Bump, Version
from affectory.schemas.urls import Location

MANIFEST, SUMS, SIGNATURE = "manifest.json", "SHA256SUMS", "SHA256SUMS.sig"
SEALS = (MANIFEST, SUMS, SIGNATURE)
"""What vouches for the files of a release; none of them is named in the manifest."""
PAGES = ("croissant.json", "report.html")
"""What describes or shows the data and holds none: it is checked as any file, but a change of it makes no version."""
FORMAT = 2
"""2: beside the manifest lies `SHA256SUMS`."""
_CHUNK = 1 << 20
_SHA256, _SLUG = re.compile(r"[0-9a-f]{64}"), re.compile(r"[a-z0-9][a-z0-9._-]*")
_PART = re.compile(r"(?!\.{1,2}$)[\w.+@=-][\w.+@= -]*")
Heard = Callable[[int], None]
"""Is told of each so many bytes that were read."""


class FileFacts(NamedTuple):
    """One file of a release."""

    sha256: str
    size: int

    @classmethod
    def of(cls, facts: Mapping[str, Any]) -> "FileFacts":
        """As a manifest has them; ValueError where they are none."""
        found = cls(**facts)
        if not isinstance(found.size, int) or not _SHA256.fullmatch(found.sha256):
            raise ValueError("it has a file without size or sha256")
        return found


@dataclass(frozen=True)
class Content:
    """What follows from the published data alone."""

    dataset: str
    files: Mapping[str, FileFacts]
    rows: Mapping[str, Mapping[str, int]]
    features: Mapping[str, Any]
    taxonomy: Mapping[str, Any]
    spaces: tuple[str, ...]
    media: tuple[str, ...]
    recipe_hash: str
    schemas: Mapping[str, int]

    @property
    def data_files(self) -> dict[str, FileFacts]:
        """All files but pages."""
        return {path: facts for path, facts in self.files.items() if path not in PAGES}

    @property
    def hash(self) -> str:
        """Over paths and contents: the same for the same data, whoever wrote it when."""
        hasher = hashlib.sha256()
        for path, facts in sorted(self.data_files.items()):
            hasher.update(f"{path}\0{facts.sha256}\n".encode())
        return hasher.hexdigest()


@dataclass(frozen=True)
class Manifest:
    """A release's content with when and as what it was published."""

    content: Content
    version: str
    bump: Bump
    reasons: tuple[str, ...]
    created: str
    parent: Mapping[str, str] | None = None
    versions: Mapping[str, str] = field(default_factory=dict)
    why: str = ""
    """The rule by which it has this version."""

    def with_pages(self, folder: Path) -> "Manifest":
        """With those pages that lie in a folder, as they lie there."""
        pages = {name: path_facts(folder / name) for name in PAGES if (folder / name).exists()}
        return replace(self, content=replace(self.content, files={**self.content.data_files, **pages}))

    def as_json(self) -> str:
        """The text of `manifest.json`."""
        own = {k: v for k, v in asdict(self).items() if k != "content"}
        content = {**asdict(self.content), "files": {p: f._asdict() for p, f in sorted(self.content.files.items())}}
        data = {"format": FORMAT, "hash": self.content.hash, **own, **content}
        return json.dumps(data, indent=2, ensure_ascii=False) + "\n"

    @classmethod
    def parse(cls, text: str) -> "Manifest":
        """The manifest in `text`; KeyError, TypeError or ValueError where it is none."""
        data = json.loads(text)
        files = {_inside(path): FileFacts.of(facts) for path, facts in dict(data["files"]).items()}
        names = set(Content.__dataclass_fields__) - {"files", "spaces", "media"}
        spaces, media = tuple(data["spaces"]), tuple(data["media"])
        content = Content(files=files, spaces=spaces, media=media, **{name: data[name] for name in names})
        own = {name: data[name] for name in ("version", "bump", "created", "parent", "versions")}
        if Version.parse(data["version"]) is None or not _SLUG.fullmatch(data["dataset"]):
            raise ValueError("it names no dataset and version")
        return cls(content=content, reasons=tuple(data["reasons"]), why=data.get("why", ""), **own)


def _inside(name: str) -> str:
    """The name of a file that lies in the release: whoever reads a manifest follows it nowhere else."""
    if not all(_PART.fullmatch(part) for part in name.split("/")):
        raise ValueError(f"{name!r} is no file of a release")
    return name


def read_manifest(place: Location | str) -> Manifest:
    """The manifest of a release; OSError, KeyError, TypeError or ValueError where there is none."""
    return Manifest.parse(files_of(place).read(MANIFEST).decode())


def complete(folder: Path) -> Manifest | None:
    """The manifest, if the folder is a release with all its files in their sizes."""
    try:
        manifest = read_manifest(folder)
        sizes = {path: (folder / path).stat().st_size for path in manifest.content.files}
    except (OSError, KeyError, TypeError, ValueError):
        return None
    return manifest if all(sizes[p] == f.size for p, f in manifest.content.files.items()) else None


def hash_files(folder: Path, heard: Heard = lambda _: None) -> dict[str, FileFacts]:
    """Every file below `folder` but those that vouch for the others."""
    files = sorted(p for p in folder.rglob("*") if p.is_file())
    named = ((path.relative_to(folder).as_posix(), path) for path in files)
    return {name: path_facts(path, heard) for name, path in named if name not in SEALS}


def path_facts(path: Path, heard: Heard = lambda _: None) -> FileFacts:
    """Hash and size of a file."""
    with path.open("rb") as file:
        return facts_of(file, heard)


def to_send(folder: Path, manifest: Manifest) -> dict[str, FileFacts]:
    """What of a finished release goes before its manifest: its files, and what vouches for them."""
    seals = {name: path_facts(folder / name) for name in (SUMS, SIGNATURE) if (folder / name).exists()}
    return {**manifest.content.files, **seals}


def _hashes(place: Location | str, heard: Heard) -> dict[str, FileFacts]:
    if isinstance(place, Path):
        return hash_files(place, heard)
    files = files_of(place)
    return {name: _read_facts(files, name, heard) for name in files.names() if name not in SEALS}


def _read_facts(files: ReleaseFiles, name: str, heard: Heard) -> FileFacts:
    with files.open(name) as file:
        return facts_of(file, heard)


def facts_of(file: IO[bytes], heard: Heard = lambda _: None) -> FileFacts:
    """Hash and size of what a file holds from here on."""
    hasher, size = hashlib.sha256(), 0
    while chunk := file.read(_CHUNK):
        hasher.update(chunk)
        size += len(chunk)
        heard(len(chunk))
    return FileFacts(hasher.hexdigest(), size)


def differing(path: Location | str, manifest: Manifest, heard: Heard = lambda _: None) -> list[str]:
    """Which files are not as the manifest names them."""
    found, expected = _hashes(path, heard), manifest.content.files
    problems = [f"{name}: missing" for name in sorted(set(expected) - set(found))]
    problems += [f"{name}: not in the manifest" for name in sorted(set(found) - set(expected))]
    return problems + [
        f"{name}: changed" for name in sorted(set(found) & set(expected)) if found[name] != expected[name]
    ]
