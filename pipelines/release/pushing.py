"""A release that lies in a folder, to object storage or the hub: the same version with the same bytes."""

import shutil
from pathlib import Path

from affectory.pipelines.release.manifest import Manifest, read_manifest
from affectory.pipelines.release.model import Release, Told
from affectory.pipelines.release.pointer import release_of
from affectory.pipelines.release.shelf import Shelf, refuse_others, shelf_at
from affectory.pipelines.release.sums import verify
from affectory.pipelines.release.version import FIRST, Version
from affectory.schemas.errors import UserError
from affectory.schemas.urls import Location, Url


def push(release: Path, to: Location | str, told: Told = lambda *_: None) -> Release:
    """Send a release to where all versions of its dataset lie, as the newest of them.

    Whoever is killed pushes again: only what is missing is sent. What arrived is compared with what was sent.

    Args:
        release: The folder of one version.
        to: An `s3://` address, a dataset on the hub (`hf://datasets/org/name`), or another folder of releases.
        told: Hears how much is sent.
    """
    if problems := verify(release, told=told):
        raise UserError(f"{release} is not as it was published: {problems[0]}", "affectory verify lists what differs")
    manifest, shelf = read_manifest(release), shelf_at(to)
    shelf.check()
    refuse_others(shelf, manifest.content.dataset)
    shelf.recover()
    if found := _there(shelf, manifest):
        return found
    with shelf.staging() as area:
        # What is published in a folder is moved there, and a release stays where it is.
        staged = (
            release if isinstance(shelf.place(manifest.version), Url) else shutil.copytree(release, area / "release")
        )
        if not shelf.publish(staged, manifest, told) and not _there(shelf, manifest):
            raise UserError(f"another run published to {to} at the same time", "push again")
    return release_of(shelf.place(manifest.version), manifest)


def _there(shelf: Shelf, manifest: Manifest) -> Release | None:
    """The same version, where it lies there already."""
    version = Version.parse(manifest.version) or FIRST
    known = {found.version: found for found in shelf.releases()}
    same, newest = known.get(manifest.version), max((Version.parse(name) or FIRST for name in known), default=None)
    if same is not None and same.hash != manifest.content.hash:
        raise UserError(f"{same.path} holds other data than this {version}", "push to a place of its own")
    if same is None and newest and newest > version:
        raise UserError(f"{newest} is there already, and versions only rise", f"push {version} to a place of its own")
    return same
