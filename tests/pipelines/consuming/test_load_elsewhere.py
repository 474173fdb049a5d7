"""Loading from the hub, as from a folder."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from support.hub import reached, serving_hub
from support.project import Project
from support.scripts import script

from affectory.pipelines.release.manifest import read_manifest
from affectory.pipelines.release.shelf import shelf_at

pytestmark = pytest.mark.filterwarnings("ignore:Use 'content=<:DeprecationWarning")
"""huggingface_hub hands files to httpx as it no longer likes to be handed them."""
CODE = """
import affectory
said = {"rule": "majority", "split": "train", "columns": ["sample_id", "label", "distribution"]}
places = (FOLDER, "hf://datasets/org/small", "hf://datasets/org/small@v1.0.0")
whole = [list(affectory.load(place, **said)) for place in places]
print(len(whole[0]), whole[0] == whole[1] == whole[2])
opinions = affectory.load(places[1], "opinions", split="test", streaming=True)
print(next(iter(opinions))["rater_kind"] != "")
"""


def test_from_the_hub_it_is_what_it_is_in_a_folder(released: Project, tmp_path: Path) -> None:
    folder = released.releases / "v1.0.0"
    with serving_hub() as server, reached(server):
        hub = shelf_at("hf://datasets/org/small")
        hub.recover()
        assert hub.publish(folder, read_manifest(folder), lambda *_: None)
        environment = {**os.environ, "HF_HOME": str(tmp_path / "hf"), "HF_HUB_DISABLE_XET": "1"}
        code = script(CODE.replace("FOLDER", repr(str(folder))))
        ran = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    rows = read_manifest(folder).content.rows["default"]["train"]
    assert ran.stdout.split() == [str(rows), "True", "True"]
