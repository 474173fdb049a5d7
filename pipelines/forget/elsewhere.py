"""Taking a person out of what lies beside the workspace: what this machine remembers, and older versions of objects."""

from collections.abc import Iterator
from typing import Any

from affectory.pipelines.forget.traces import Traces
from affectory.pipelines.hashes import forget_hashes
from affectory.pipelines.store.files import files_at, is_remote
from affectory.pipelines.store.filesystems import filesystem, told
from affectory.pipelines.store.workspace import Workspace

_AT_ONCE = 1000


def take_out(workspace: Workspace, traces: Traces) -> None:
    """Leave nothing of the person in hashes, in logs of this machine, and in versions of a bucket."""
    forget_hashes(workspace.hashes(), frozenset(traces.assets).__contains__)
    if is_remote(workspace.root):
        files = files_at(workspace.machine_folder)
        names = [name for name in files.names() if not name.endswith(".sqlite")]
        files.discard([name for name in names if traces.derived.in_bytes(files.read(name))])
        purge(str(workspace.root))


def purge(url: str) -> int:
    """Delete every version below an address that is no longer the present one, and the marks of deletion; how many.

    Nothing in a workspace is written twice, so such versions are only what was deleted.
    """
    fs = filesystem(url)
    if not hasattr(fs, "call_s3"):
        return 0
    with told(url):
        bucket, prefix, _ = fs.split_path(url)
        versions, marks = _former(fs, bucket, f"{prefix.rstrip('/')}/")
        for found in (versions, marks):  # a version under a mark that went before it would be there again
            for start in range(0, len(found), _AT_ONCE):
                fs.call_s3("delete_objects", Bucket=bucket, Delete={"Objects": found[start : start + _AT_ONCE]})
    return len(versions) + len(marks)


def _former(fs: Any, bucket: str, prefix: str) -> tuple[list[dict[str, str]], list[dict[str, str]]]:
    versions, marks = [], []
    for page in _pages(fs, bucket, prefix):
        versions += [_named(v) for v in page.get("Versions", ()) if not v["IsLatest"]]
        marks += [_named(v) for v in page.get("DeleteMarkers", ())]
    return versions, marks


def _pages(fs: Any, bucket: str, prefix: str) -> Iterator[dict[str, Any]]:
    more: dict[str, str] = {}
    while True:
        page = fs.call_s3("list_object_versions", Bucket=bucket, Prefix=prefix, **more)
        yield page
        if not page.get("IsTruncated"):
            return
        more = {"KeyMarker": page["NextKeyMarker"], "VersionIdMarker": page["NextVersionIdMarker"]}


def _named(version: dict[str, Any]) -> dict[str, str]:
    return {"Key": version["Key"], "VersionId": version["VersionId"]}
