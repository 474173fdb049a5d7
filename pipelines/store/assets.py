"""Media bytes by their sha256: made ones lie in the store, the user's own files stay where they are."""

import hashlib
import os
from collections.abc import Mapping
from pathlib import Path

from affectory.pipelines.store.files import Files
from affectory.schemas.errors import UserError


class AssetStore:
    """Content-addressed media bytes."""

    def __init__(self, root: Path) -> None:
        self.files = Files(root)

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


def locate(store: AssetStore, roots: Mapping[str, str], asset: str, source: str, uri: str) -> Path:
    """The file that holds an asset: in the store, or in place below its source's root."""
    kept = store.path(asset)
    if kept is not None:
        return kept
    root = Path(roots[source])
    return root if root.is_file() else root / os.fsdecode(uri)


def read_verified(path: Path, asset: str) -> bytes:
    """The bytes at `path`, refused when they are no longer those that were hashed at ingest."""
    data = path.read_bytes()
    if hashlib.sha256(data).hexdigest() != asset:
        raise UserError(f"{path} changed since it was read", "build again: the new content will be read as new")
    return data
