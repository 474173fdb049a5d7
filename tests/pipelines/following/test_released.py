"""A published row back to where it comes from, by its release alone."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from support.project import Project, project, write_image

from affectory.pipelines.following.released import trace_in
from affectory.pipelines.history import last_build
from affectory.pipelines.release import write
from affectory.pipelines.store.workspace import Workspace
from affectory.pipelines.trace import Trace, trace
from affectory.schemas.errors import UserError


def here(versions: Project, wanted: str) -> Trace:
    return trace_in(versions.releases / "v1.1.0", wanted)


def test_every_id_leads_to_the_same_row(versions: Project) -> None:
    found = here(versions, "l7")
    sample = found.sample
    ids = [sample["sample_id"], sample["record_id"], *(found.opinions[0][n] for n in ("opinion_id", "judgement_id"))]
    assert [here(versions, each) for each in ids] == [found] * 4


def test_it_tells_what_the_workspace_tells_but_for_files(versions: Project) -> None:
    workspace = Workspace(versions.workspace)
    build = last_build(workspace)
    assert build is not None
    whole, found = trace(workspace, build, "l7"), here(versions, "l7")
    for name in ("sample_id", "key", "text", "kind", "anchor"):
        assert found.sample[name] == whole.sample[name]
    assert found.split == whole.split
    assert {o["opinion_id"] for o in found.opinions} == {o["opinion_id"] for o in whole.opinions}
    said = set(whole.as_text().splitlines()) - set(found.as_text().splitlines())
    assert {line.split()[0] for line in said} == {"file", "stages", "release"}, "all else is told alike"


def test_it_needs_nothing_but_the_release(versions: Project, tmp_path: Path) -> None:
    alone = Path(shutil.copytree(versions.releases / "v1.0.0", tmp_path / "elsewhere"))
    said = trace_in(alone, "l7").as_text()
    assert "  stages   label" in said and "by human (vote_share, n=2)" in said
    assert said.splitlines()[-1].startswith("  release  v1.0.0  ") and said.endswith(str(alone))


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Project:
    source = {"kind": "folder", "name": "pictures", "path": "media", "include": ["**/*.png"]}
    recipe: dict[str, Any] = {
        "dataset": "pictures",
        "taxonomy": "ekman-7",
        "sources": [source],
        "ingest": ["load_image"],
    }
    made = project(tmp_path_factory.mktemp("pictures"), recipe)
    for number in range(3):
        write_image(made.folder / "media" / f"{number}.png", number)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(write, "run_load_test", lambda *_: None)
        made.build()
    return made


def test_published_media_lead_to_their_row(pictures: Project) -> None:
    rows = pictures.rows("v1.0.0").select(["sample_id", "image_sha256"]).to_pylist()
    for row in rows:
        found = trace_in(pictures.releases / "v1.0.0", row["image_sha256"])
        assert found.sample["sample_id"] == row["sample_id"]
        assert f"publishes sha256 {row['image_sha256'][:16]}" in found.as_text()
        assert "image" not in found.sample, "no bytes are told"


def test_what_is_not_there_is_told(versions: Project) -> None:
    with pytest.raises(UserError, match=r"v1\.1\.0 publishes nothing that is called 'l999'"):
        here(versions, "l999")


def test_the_command_asks_a_release_by_version_or_folder(versions: Project) -> None:
    options = ("--releases", str(versions.releases))
    by_version = versions.told("trace", "l7", "--release", "v1.0.0", *options)
    by_folder = versions.told("trace", "l7", "--release", str(versions.releases / "v1.0.0"))
    assert (by_version.returncode, by_version.stdout) == (0, by_folder.stdout)
    data = json.loads(versions.told("trace", "l7", "--release", "v1.0.0", "--json", *options).stdout)
    assert data["held"][0]["version"] == "v1.0.0"
    assert versions.told("trace", "l7", "--release", "v9.9.9", *options).returncode == 2
