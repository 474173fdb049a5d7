"""The release: an immutable folder of Parquet, card and manifest, compared with the last one to find its version."""

from affectory.pipelines.release.diff import ReleaseDiff, diff
from affectory.pipelines.release.load_test import load_line
from affectory.pipelines.release.manifest import verify
from affectory.pipelines.release.model import AssetMismatch, LoadTestFailed, Release, ReleaseInputs
from affectory.pipelines.release.pointer import latest, list_releases, sweep
from affectory.pipelines.release.write import write_release

__all__ = [
    "AssetMismatch",
    "LoadTestFailed",
    "Release",
    "ReleaseDiff",
    "ReleaseInputs",
    "diff",
    "latest",
    "list_releases",
    "load_line",
    "sweep",
    "verify",
    "write_release",
]
