"""A small dataset of every kind of sample, with real media, as the tables that a release is made from."""

import hashlib
import io
import math
import shutil
import wave
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import av
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from affectory.pipelines.release import ReleaseInputs, write
from affectory.schemas.derived import TABLES
from affectory.schemas.ids import sample_id
from affectory.schemas.taxonomy import Taxonomy, load_taxonomy

Row = dict[str, Any]
RATE = 8000


@cache
def picture(shade: int) -> bytes:
    """A PNG of one colour."""
    file = io.BytesIO()
    Image.new("RGB", (8, 6), (shade % 256, 40, 90)).save(file, "PNG")
    return file.getvalue()


@cache
def sound(pitch: int) -> bytes:
    """A quarter of a second of a tone, as WAV."""
    file = io.BytesIO()
    times = np.arange(RATE // 4) / RATE
    samples = (np.sin(2 * math.pi * pitch * times) * 16000).astype("<i2")
    with wave.open(file, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(RATE)
        out.writeframes(samples.tobytes())
    return file.getvalue()


@cache
def clip(shade: int) -> bytes:
    """Six pictures as MP4."""
    file = io.BytesIO()
    with av.open(file, "w", format="mp4") as container:
        options = {"x264-params": "threads=1:cpu-independent=1"}
        stream: Any = container.add_stream("libx264", rate=12, options=options)
        stream.width, stream.height, stream.pix_fmt = 32, 16, "yuv420p"
        for number in range(6):
            pixels = np.full((16, 32, 3), (shade + 20 * number) % 256, np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")))
        container.mux(stream.encode(None))
    return file.getvalue()


@dataclass
class World:
    """Rows to publish; change them, then ask for `inputs`."""

    rows: dict[str, list[Row]] = field(default_factory=lambda: {name: [] for name in TABLES})
    splits: dict[str, str] = field(default_factory=dict)
    assets: dict[str, bytes] = field(default_factory=dict)
    taxonomy: Taxonomy = field(default_factory=lambda: load_taxonomy("ekman-7"))
    options: Row = field(default_factory=dict)

    def keep(self, data: bytes, extension: str, **more: Any) -> Row:
        asset = hashlib.sha256(data).hexdigest()
        self.assets[asset] = data
        return {"asset": asset, "format": extension, **more}

    def add(self, number: int, split: str = "train", **columns: Any) -> str:
        """A text sample of its own record."""
        sample = sample_id(f"r_{number:06d}", number)
        row = {"sample_id": sample, "kind": "text", "anchor": {"record": f"r_{number:06d}"}, "source": "lines"}
        self.rows["samples"].append({**row, "uri": f"in/{number}.txt", "text": f"line {number}", **columns})
        self.splits[sample] = split
        return sample

    def label(self, sample: str, values: Sequence[float | None], pool: str = "human", **columns: Any) -> None:
        row = {"sample_id": sample, "taxonomy": self.taxonomy.name, "perspective": "perceived", "whose": ""}
        row |= {"modalities": "", "pool": pool, "rule": "vote_share", "space": "simplex", "count": 3}
        self.rows["labels"].append({**row, "values": values, "uncertainty": 0.5, "agreement": 0.75, **columns})

    def note(self, sample: str, name: str, **value: Any) -> None:
        self.rows["notes"].append({"sample_id": sample, "name": name, "stage": "probe", **value})

    def opine(self, sample: str, rater: str = "p_1", kind: str = "human", weights: Sequence[float] = (1.0,)) -> None:
        asked = {"question": "emotion", "labels": ["joy"], "response": "multi-label", "taxonomy": self.taxonomy.name}
        row = {"opinion_id": f"o_{sample}_{rater}", "sample_id": sample, "rater": rater, "rater_kind": kind}
        answer = {"weights": list(weights)}
        self.rows["opinions"].append({**row, "perspective": "perceived", "asked": asked, "answer": answer})

    def reject(self, number: int, **columns: Any) -> None:
        row = {"reject_id": f"x_{number}", "stage": "source", "outcome": "rejected", "reason": "unreadable"}
        self.rows["rejects"].append({**row, "record_id": f"r_{number:06d}", "uri": f"in/{number}", **columns})

    def inputs(self, folder: Path, deal: Callable[[pa.Table], list[pa.Table]] = lambda table: [table]) -> ReleaseInputs:
        """The inputs, with each table dealt out to part files."""
        folder.mkdir(parents=True, exist_ok=True)
        tables = {name: self._parts(name, folder, deal) for name in TABLES}
        splits = pa.table({"sample_id": list(self.splits), "split": list(self.splits.values())})
        given: Row = {
            "card": {"title": "Small", "licence": "CC-BY-4.0"},
            "recipe": {"dataset": "small", "sources": [{"kind": "folder"}]},
            "configs": ("default", "opinions"),
            "media": ("image", "audio", "video", "frames"),
            "shard_bytes": 1_000_000,
            "versions": {"affectory": "0.1.0"},
            **self.options,
        }
        opened = {"tables": tables, "splits": splits, "open_asset": lambda asset, extension: self.assets[asset]}
        return ReleaseInputs(dataset="small", taxonomy=self.taxonomy, **opened, **given)

    def _parts(self, name: str, folder: Path, deal: Callable[[pa.Table], list[pa.Table]]) -> list[Path]:
        tables = deal(TABLES[name].from_rows(self.rows[name]))
        paths = [folder / f"{name}-{number}.parquet" for number in range(len(tables))]
        for path, table in zip(paths, tables, strict=True):
            pq.write_table(table, path)
        return paths


def small_world() -> World:
    """Eight samples: two each of text, image, audio and video, with labels, notes and opinions for most of them."""
    world = World()
    for number in range(8):
        split = "test" if number == 5 else "train"
        sample = world.add(number, split, **_media(world, number))
        values = [0.0] * len(world.taxonomy.labels)
        values[number % len(values)] = 1.0
        if number != 2:
            world.label(sample, values, pool="human" if number % 2 else "model")
        world.note(sample, "brightness", number=number / 8)
        world.opine(sample, "p_1")
        world.opine(sample, "face@1", "model")
    world.reject(90, detail="cannot open /home/someone/media/broken one.mp4: no header")
    return world


def _media(world: World, number: int) -> Mapping[str, Any]:
    if number % 4 == 1:
        return {"kind": "image", "text": None, "image": world.keep(picture(number), "png")}
    if number % 4 == 2:
        return {"kind": "audio", "text": None, "audio": world.keep(sound(200 + number), "wav")}
    if number % 4 == 3:
        frames = [world.keep(picture(100 + number + n), "png", at_us=n * 500_000) for n in range(2)]
        anchor = {"record": f"r_{number:06d}", "start_us": 0, "end_us": 500_000}
        return {"kind": "video", "anchor": anchor, "video": world.keep(clip(number), "mp4"), "frames": frames}
    return {}


@pytest.fixture
def world() -> World:
    return small_world()


@pytest.fixture
def empty_world() -> World:
    return World()


@pytest.fixture(scope="session")
def make_world() -> Callable[[], World]:
    """For laws, each example of which needs a world of its own."""
    return small_world


GATE = {
    "suite": {"rows": {"samples": 8}, "checks": [{"check": "samples.kind", "status": "passed"}]},
    "findings": [
        {
            "table": "samples",
            "rule": "<b>no | language",
            "count": 2,
            "rows": [],
            "severity": "warns",
            "check": "samples.a",
        },
        {
            "table": "audits",
            "rule": "balance: joy is rare",
            "count": 0,
            "rows": [],
            "severity": "warns",
            "check": "audit.b",
        },
    ],
    "audits": [{"name": "balance", "verdict": "warns", "says": "joy is rare"}],
    "allowed": [{"check": "samples.a", "reason": "nobody knows the language of a cry"}],
}
"""What a gate found, as the card tells it and `gate.json` keeps it."""


@pytest.fixture(scope="session")
def released(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A release with every config, which no test changes."""
    folder, made = tmp_path_factory.mktemp("released"), small_world()
    made.options = {"configs": ("default", "opinions", "labels", "notes", "samples"), "gate": GATE}
    made.options |= {"statement": {"maintenance": "Until 2030."}, "licences": {"lines": ["CC0-1.0"]}}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(write, "run_load_test", lambda *_: None)
        return Path(write.write_release(made.inputs(folder / "in"), folder / "releases").path)


@pytest.fixture
def copied(released: Path, tmp_path: Path) -> Path:
    """The same release, to be changed."""
    return Path(shutil.copytree(released, tmp_path / "releases" / released.name))


@pytest.fixture
def gate() -> Row:
    """What the gate of `released` found."""
    return GATE
