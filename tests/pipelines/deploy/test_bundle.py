"""What travels with a recipe: also what its sources name inside and beside."""

from pathlib import Path

import pytest
import yaml
from support.project import write_csv, write_image

from affectory.pipelines.deploy.bundle import Bundle, read

SOURCES = {
    "sidecar": {"kind": "folder", "path": "in", "sidecar": {"path": "beside/s.csv", "file": "f"}},
    "events": {"kind": "folder", "path": "in", "events": {"path": "beside/s.csv", "primary": "a"}},
    "segments": {"kind": "folder", "path": "in", "segments": {"path": "beside"}},
    "media of a table": {"kind": "csv", "path": "beside/s.csv", "image": "f"},
    "media elsewhere": {"kind": "csv", "path": "beside/s.csv", "image": "f", "media_root": "in"},
}
EXPECTED = {
    "media of a table": ["beside/p.png", "beside/s.csv", "recipe.yaml"],
}


@pytest.mark.parametrize("name", SOURCES)
def test_what_a_source_names_travels_with_it(tmp_path: Path, name: str) -> None:
    recipe = {"dataset": "d", "taxonomy": "ekman-7", "sources": [SOURCES[name]]}
    (tmp_path / "recipe.yaml").write_text(yaml.safe_dump(recipe))
    write_image(tmp_path / "in" / "a.png", 1)
    (tmp_path / "beside").mkdir()
    write_csv(tmp_path / "beside" / "s.csv", ["f"], [["p.png"]])
    if name == "media of a table":
        write_image(tmp_path / "beside" / "p.png", 2)
    bundle = Bundle(read(tmp_path / "recipe.yaml"))
    found = [file.relative_to(bundle.root).as_posix() for file in bundle.files]
    assert found == EXPECTED.get(name, ["beside/s.csv", "in/a.png", "recipe.yaml"])
