"""A release is read by those who have no affectory: with `datasets` alone, and with mlcroissant alone."""

import json
import os
import runpy
import subprocess
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from affectory.pipelines.release import write, write_release

ROOT = Path(__file__).resolve().parents[2]
CONFIGS = ("default", "opinions", "labels", "notes", "samples")


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Every kind of sample, among many texts in several files."""
    folder = tmp_path_factory.mktemp("released")
    world: Any = runpy.run_path(str(ROOT / "tests" / "pipelines" / "release" / "conftest.py"))["small_world"]()
    for number in range(100, 400):
        sample = world.add(number, "validation" if number % 10 == 0 else "train")
        world.opine(sample, f"p_{number % 3}")
        world.rows["opinions"][-1]["evidence"] = [{"kind": "text", "char_start": 0, "char_end": 4}]
    people = pa.table({"person": ["p_0", "p_1"], "age": ["20-29", None]})
    world.options = {"configs": CONFIGS, "shard_bytes": 12_000, "people": people}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(write, "run_load_test", lambda *_: None)
        return Path(write_release(world.inputs(folder / "in"), folder / "releases").path)


def told(name: str, code: str, release: Path, home: Path) -> Any:
    """What code says in the environment of one reader, which sees nothing of this one."""
    folder = ROOT / ".venv-consumers" / name
    if not (folder / "installed").exists():
        pytest.skip(f"no environment with {name} alone: make consumers")
    kept = {key: os.environ[key] for key in ("PATH", "LANG", "TMPDIR") if key in os.environ}
    alone = {**kept, "HOME": str(home), "HF_HOME": str(home), "HF_HUB_OFFLINE": "1"}
    run = [str(folder / "bin" / "python"), "-I", "-c", code, str(release)]
    ended = subprocess.run(run, env=alone, cwd=home, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    return json.loads(ended.stdout.splitlines()[-1])


LOADED = """
import importlib.util, json, sys
from datasets import Image, get_dataset_config_names, load_dataset
place = sys.argv[1]
data = load_dataset(place)
stream = load_dataset(place, streaming=True, split="train")
few = load_dataset(place, split="train", columns=["sample_id", "label"])
opinions = load_dataset(place, "opinions", split="train")
raw = data["train"].select_columns(["kind", "image"]).cast_column("image", Image(decode=False))
print(json.dumps({
    "absent": [n for n in ("affectory", "torch", "PIL", "pytest") if importlib.util.find_spec(n)],
    "configs": get_dataset_config_names(place),
    "rows": {name: split.num_rows for name, split in data.items()},
    "labels": data["train"].features["label"].names[:2],
    "shards": stream.num_shards,
    "streamed": [row["text"] for row in stream.select_columns(["text"]).take(2)],
    "all": sum(1 for row in stream.select_columns(["sample_id"])),
    "few": few.column_names,
    "evidence": opinions.filter(lambda given: bool(given), input_columns="evidence")[0]["evidence"][0]["char_end"],
    "picture": sum(row["image"]["bytes"][:4] == b"\\x89PNG" for row in raw if row["kind"] == "image"),
}))
"""


def test_datasets_alone_loads_streams_and_selects(release: Path, tmp_path: Path) -> None:
    found = told("datasets", LOADED, release, tmp_path)
    assert found.pop("shards") > 2 and len(found.pop("streamed")) == 2
    assert found == {
        "absent": [],
        "configs": [*CONFIGS, "people"],
        "rows": {"train": 277, "validation": 30, "test": 1},
        "labels": ["anger", "disgust"],
        "all": 277,
        "few": ["sample_id", "label"],
        "evidence": 4,
        "picture": 1,
    }


DESCRIBED = """
import json, sys
import mlcroissant
data = mlcroissant.Dataset(jsonld=f"{sys.argv[1]}/croissant.json")
records = {r.name: list(data.records(record_set=r.name)) for r in data.metadata.record_sets}
pictures = [row["default/image"] for row in records["default"] if row["default/image"]]
opinion = next(o for o in records["opinions"] if o["opinions/evidence"][0]["opinions/evidence/kind"])
print(json.dumps({
    "errors": sorted(data.metadata.issues.errors),
    "warnings": [w.rpartition("/")[2] for w in sorted(data.metadata.issues.warnings)],
    "version": data.metadata.version,
    "rows": {name: len(rows) for name, rows in records.items()},
    "splits": sorted({row["default/split"].decode() for row in records["default"]}),
    "picture": pictures[0].size,
    "question": opinion["opinions/asked"]["opinions/asked/question"].decode(),
    "evidence": opinion["opinions/evidence"][0]["opinions/evidence/char_end"],
    "sounds": sum(row["default/audio"] is not None for row in records["default"]),
}))
"""


def test_mlcroissant_takes_the_description_and_reads_every_record(release: Path, tmp_path: Path) -> None:
    found = told("croissant", DESCRIBED, release, tmp_path)
    assert found == {
        "errors": [],
        "warnings": ['datePublished" is recommended, but does not exist.'],
        "version": "1.0.0",
        "rows": {
            "splits": 4, "taxonomy": 7, "default": 308, "opinions": 316, "labels": 7, "notes": 8, "samples": 308,
            "people": 2,
        },
        "splits": ["test", "train", "validation"],
        "picture": [8, 6],
        "question": "emotion",
        "evidence": 4,
        "sounds": 2,
    }  # fmt: skip
