"""Releases on the Hugging Face hub: one commit and one tag each, and the card and data of the newest on `main`.

What is uploaded before the commit is seen by nobody. The commit names its parent, so that of two publishers one is
refused; whatever a kill kept from being tagged is tagged by the next publisher.
"""

import os
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import IO, Any

from affectory.pipelines.release.layout import is_ours
from affectory.pipelines.release.manifest import MANIFEST, Manifest, read_manifest, to_send
from affectory.pipelines.release.model import Release, Told
from affectory.pipelines.release.pointer import release_of
from affectory.pipelines.release.shelf import refuse_patterns, scratch
from affectory.pipelines.release.version import Version
from affectory.pipelines.store.filesystems import told as told_why
from affectory.schemas.errors import AffectoryError, UserError
from affectory.schemas.urls import Url

_START = "hf://datasets/"
_KIND = "dataset"
_BLOCK = 4 << 20
_OF_THE_HUB = ".gitattributes"
"""Lies in every dataset and says which files are large."""
_CONFLICT, _PRECONDITION = 409, 412


@dataclass(eq=False)
class HubBroken(AffectoryError):
    """What lies on the hub after a commit is not what was sent."""

    name: str
    version: str

    def __str__(self) -> str:
        return f"{self.name} lies otherwise on the hub than it was sent, so {self.version} was not tagged"


class HubFiles:
    """The files of a dataset at a revision."""

    def __init__(self, place: Url) -> None:
        from huggingface_hub import HfFileSystem

        self._url, self._root = place, place.removeprefix("hf://")
        self._fs = HfFileSystem(endpoint=os.environ.get("HF_ENDPOINT"), skip_instance_cache=True)

    def read(self, name: str) -> bytes:
        with told_why(self._url):
            return bytes(self._fs.cat_file(f"{self._root}/{name}"))

    def open(self, name: str) -> IO[bytes]:
        """For reading here and there."""
        with told_why(self._url):
            file: IO[bytes] = self._fs.open(f"{self._root}/{name}", "rb", block_size=_BLOCK)
            return file

    def names(self, folder: str = "") -> Iterator[str]:
        """All names below `folder`, sorted."""
        with told_why(self._url):
            found = self._fs.find(f"{self._root}/{folder}".rstrip("/"))
        names = (name.removeprefix(f"{self._root}/") for name in found)
        yield from sorted(name for name in names if name != _OF_THE_HUB)


@dataclass
class Hub:
    """The versions of a dataset on the hub."""

    url: Url
    _head: str | None = field(default=None, init=False)
    """The commit that was the newest when versions were compared; None where there is no dataset yet."""

    @property
    def name(self) -> str:
        return self.url.removeprefix(_START)

    @cached_property
    def _api(self) -> Any:
        from huggingface_hub import HfApi

        return HfApi(endpoint=os.environ.get("HF_ENDPOINT"), library_name="affectory")

    def check(self) -> None:
        refuse_patterns(self.url)
        if "@" in self.name or self.name.count("/") != 1:
            raise UserError(f"{self.url} is no dataset to publish to", "allowed: hf://datasets/org/name")
        self._newest_commit()

    def place(self, version: str) -> Url:
        return Url(f"{self.url}@{version}")

    def releases(self) -> list[Release]:
        return [self._release(str(version)) for version in sorted(self._tags())]

    def latest(self) -> Release | None:
        version = self.named()
        return self._release(version) if version else None

    def named(self) -> str | None:
        newest = max(self._tags(), default=None)
        return str(newest) if newest else None

    def recover(self) -> Url | None:
        self._head = self._newest_commit()
        manifest = self._manifest() if self._head else None
        if manifest is None:
            return None
        if Version.parse(manifest.version) not in self._tags():
            self._tag(manifest, self._commit_of(manifest.version))
        return self.place(manifest.version)

    def staging(self) -> AbstractContextManager[Path]:
        return scratch()

    def publish(self, staged: Path, manifest: Manifest, told: Told) -> bool:
        """Upload, commit upon the head that was compared with, and tag; False where another commit came first."""
        from huggingface_hub import CommitOperationAdd, CommitOperationDelete
        from huggingface_hub.utils.tqdm import disable_progress_bars

        disable_progress_bars()  # one is told already
        with told_why(self.url):
            self._head = self._head or self._made()
            there = {f.path for f in self._api.list_repo_tree(**self._at(self._head), recursive=True) if _is_file(f)}
            files = to_send(staged, manifest)
            wanted = [*files, MANIFEST]
            additions = [CommitOperationAdd(name, str(staged / name)) for name in wanted]
            self._upload(additions, {name: facts.size for name, facts in files.items()}, told)
            gone = [CommitOperationDelete(name) for name in sorted(there - set(wanted)) if is_ours(name)]
            commit = self._committed([*additions, *gone], manifest)
        if commit is None:
            return False
        self._tag(manifest, commit)
        return True

    def _upload(self, additions: list[Any], sizes: Mapping[str, int], told: Told) -> None:
        """File by file, so that it can be told how far it is; small ones travel in the commit itself."""
        done, total = 0, sum(sizes.values())
        told("upload", done, total, "bytes")
        for addition in additions:
            self._api.preupload_lfs_files(self.name, [addition], repo_type=_KIND, free_memory=False)
            done += sizes.get(addition.path_in_repo, 0)
            told("upload", done, total, "bytes")

    def _committed(self, operations: list[Any], manifest: Manifest) -> str | None:
        from huggingface_hub.errors import HfHubHTTPError

        try:
            made = self._api.create_commit(
                self.name,
                operations,
                repo_type=_KIND,
                parent_commit=self._head,
                commit_message=_title(manifest.version),
                commit_description="\n".join(manifest.reasons),
            )
        except HfHubHTTPError as error:
            if _status(error) in (_CONFLICT, _PRECONDITION):
                return None
            raise
        return str(made.oid)

    def _tag(self, manifest: Manifest, commit: str) -> None:
        """Name a commit by its version once it is seen to hold what was sent."""
        files = manifest.content.files
        with told_why(self.url):
            there = {f.path: f for f in self._api.list_repo_tree(**self._at(commit), recursive=True) if _is_file(f)}
            for name, facts in files.items():
                lfs = there[name].lfs if name in there else None
                if name not in there or there[name].size != facts.size or (lfs and lfs.sha256 != facts.sha256):
                    raise HubBroken(name, manifest.version)
            self._api.create_tag(self.name, tag=manifest.version, revision=commit, repo_type=_KIND, exist_ok=True)

    def _made(self) -> str | None:
        """A new dataset, private until somebody shows it to others; what lies in one already must not be lost."""
        self._api.create_repo(self.name, repo_type=_KIND, private=True, exist_ok=True)
        return self._newest_commit()

    def _newest_commit(self) -> str | None:
        from huggingface_hub.errors import RepositoryNotFoundError

        with told_why(self.url):
            try:
                return str(self._api.repo_info(self.name, repo_type=_KIND).sha)
            except RepositoryNotFoundError as error:
                if _status(error) == 404:
                    return None
                raise

    def _manifest(self) -> Manifest | None:
        """What `main` holds; files of other origin that a release would overwrite are in the way."""
        try:
            return read_manifest(self.place(self._head or ""))
        except FileNotFoundError:
            names = [name for name in HubFiles(self.place(self._head or "")).names() if is_ours(name)]
            if names:
                what = f"{self.url} holds {names[0]}, which belongs to no release"
                raise UserError(what, "publish to another dataset, or delete what is there") from None
            return None

    def _commit_of(self, version: str) -> str:
        """The commit that published a version, also where others came after it."""
        with told_why(self.url):
            commits = self._api.list_repo_commits(self.name, repo_type=_KIND)
        return next((c.commit_id for c in commits if c.title == _title(version)), str(self._head))

    def _tags(self) -> set[Version]:
        from huggingface_hub.errors import RepositoryNotFoundError

        with told_why(self.url):
            try:
                refs = self._api.list_repo_refs(self.name, repo_type=_KIND)
            except RepositoryNotFoundError as error:
                if _status(error) == 404:
                    return set()
                raise
        return {version for tag in refs.tags if (version := Version.parse(tag.name))}

    def _release(self, version: str) -> Release:
        place = self.place(version)
        return release_of(place, read_manifest(place))

    def _at(self, commit: str | None) -> dict[str, Any]:
        return {"repo_id": self.name, "repo_type": _KIND, "revision": commit}


def _title(version: str) -> str:
    return f"affectory {version}"


def _is_file(entry: Any) -> bool:
    return hasattr(entry, "size")


def _status(error: Exception) -> int | None:
    response = getattr(error, "response", None)
    return None if response is None else int(response.status_code)
