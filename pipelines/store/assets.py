"""Media bytes by their sha256: made ones lie in the store, the user's own files stay where they are."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from affectory.pipelines.store.files import LocalFiles
from affectory.schemas.errors import AffectoryError, UserError


class AssetStore:
    """Content-addressed media bytes."""

    def __init__(self, root: Path) -> None:
        self.files = LocalFiles(root)

    def put(self, data: bytes) -> str:
        """Keep the bytes; their asset id."""
        asset = hashlib.sha256(data).hexdigest()
        self.files.create(name_of(asset), data)
        return asset

    def path(self, asset: str) -> Path | None:
        """Where the bytes lie, if they are in the store."""
        path = self.files.path(name_of(asset))
        return path if path.exists() else None


def name_of(asset: str) -> str:
    return f"{asset[:2]}/{asset}"


@dataclass(eq=False)
class AssetMissing(AffectoryError):
    """Media that a stage made are no longer in the store."""

    asset: str

    def __str__(self) -> str:
        return f"media {self.asset[:16]} are missing from the workspace; `affectory clean`, then build again"


@dataclass(frozen=True)
class Place:
    """Where a record lies: its source, its place in it, and the asset that its file is."""

    source: str
    uri: str
    original: str | None


def locate(store: AssetStore, roots: Mapping[str, str], asset: str, place: Place) -> Path:
    """The file that holds an asset: in the store, or the user's own, which stays where it is."""
    kept = store.path(asset)
    if kept is not None:
        return kept
    if asset != place.original:
        raise AssetMissing(asset)
    root = Path(roots[place.source])
    return root if root.is_file() else root / place.uri


def read_verified(path: Path, asset: str) -> bytes:
    """The bytes at `path`, refused when they are no longer those that were hashed at ingest."""
    data = path.read_bytes()
    if hashlib.sha256(data).hexdigest() != asset:
        raise UserError(f"{path} changed since it was read", "build again: the new content will be read as new")
    return data
