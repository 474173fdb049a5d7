"""The release: an immutable folder of Parquet, card and manifest, compared with the last one to find its version."""

from affectory.pipelines.release.diff import ReleaseDiff, diff
from affectory.pipelines.release.loading import load_line
from affectory.pipelines.release.model import AssetMismatch, LoadTestFailed, Release, ReleaseInputs
from affectory.pipelines.release.pointer import sweep
from affectory.pipelines.release.shelf import latest, list_releases
from affectory.pipelines.release.sums import verify
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
