"""Media between stages: paths on the way in, references on the way out, and never bytes in a table."""

import hashlib
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from support.steps import flow

from affectory.pipelines.runner.media import externalise, hydrate
from affectory.pipelines.store.assets import AssetStore
from affectory.schemas.types import FRAMES, MEDIA

OWN = hashlib.sha256(b"own").hexdigest()


@pytest.fixture
def store(tmp_path: Path) -> AssetStore:
    return AssetStore(tmp_path / "assets")


def media(**fields: Any) -> dict[str, Any]:
    return {"asset": None, "format": None, "bytes": None, "path": None, **fields}


def column(table: pa.Table, name: str) -> list[Any]:
    values: list[Any] = table.column(name).to_pylist()
    return values


def test_a_stage_gets_the_path_of_what_it_reads(store: AssetStore, tmp_path: Path) -> None:
    made = store.put(b"made")
    frames = [{"at_us": 5, "asset": made, "format": "png"}, {"at_us": 6}]
    table = flow(["a"], original={"asset": OWN, "format": "wav"}, audio={"asset": made, "format": "wav"}, frames=frames)
    roots = {"test": str(tmp_path / "sounds")}
    rows = hydrate(table, {"original": MEDIA, "audio": MEDIA, "frames": FRAMES, "text": pa.string()}, store, roots)
    assert column(rows, "original") == [media(asset=OWN, format="wav", path=str(tmp_path / "sounds" / "0.txt"))]
    assert column(rows, "audio")[0]["path"] == str(store.path(made))
    assert [f["path"] for f in column(rows, "frames")[0]] == [str(store.path(made)), None]
    assert rows.schema.equals(table.schema)


def test_what_a_stage_does_not_read_has_no_path(store: AssetStore) -> None:
    table = flow(["a"], image={"asset": store.put(b"x"), "format": "png"})
    assert hydrate(table, {"text": pa.string()}, store, {}).equals(table)


def test_absent_media_stay_absent(store: AssetStore) -> None:
    table = flow(["a", "b"])
    assert hydrate(table, {"video": MEDIA, "frames": FRAMES}, store, {}).equals(table)
    assert externalise(table, store).equals(table)
    assert list(store.files.names()) == []
    assert externalise(table.slice(0, 0), store).schema.equals(table.schema)


def test_bytes_go_into_the_store_and_references_stay(store: AssetStore, tmp_path: Path) -> None:
    frames = [{"at_us": 1, "bytes": b"one", "format": "png"}, {"at_us": 2, "bytes": b"two", "format": "png"}]
    table = flow(["a"], image={"bytes": b"picture", "format": "png", "path": "/tmp/x"}, frames=frames)
    rows = externalise(table, store)
    [image] = column(rows, "image")
    assert image == media(asset=hashlib.sha256(b"picture").hexdigest(), format="png")
    assert [store.files.read(n) for n in store.files.names()].count(b"picture") == 1
    for frame, data in zip(column(rows, "frames")[0], (b"one", b"two"), strict=True):
        path = store.path(frame["asset"])
        assert path is not None
        assert path.read_bytes() == data
        assert (frame["bytes"], frame["path"]) == (None, None)
    assert rows.schema.equals(table.schema)


def test_a_path_of_this_machine_never_stays(store: AssetStore, tmp_path: Path) -> None:
    table = flow(["a"], original={"asset": OWN, "format": "wav"}, frames=[{"at_us": 1, "asset": OWN}])
    reads = {"original": MEDIA, "frames": FRAMES}
    there_and_back = externalise(hydrate(table, reads, store, {"test": str(tmp_path)}), store)
    assert there_and_back.equals(table)


def test_the_same_bytes_are_kept_once(store: AssetStore) -> None:
    externalise(flow(["a", "b"], image={"bytes": b"same", "format": "png"}), store)
    assert len(list(store.files.names())) == 1


def test_media_columns_of_a_stages_own_are_moved_too(store: AssetStore) -> None:
    face = pa.array([media(bytes=b"face", format="png")], MEDIA)
    rows = externalise(flow(["a"]).append_column("face", face), store)
    assert column(rows, "face") == [media(asset=hashlib.sha256(b"face").hexdigest(), format="png")]


def test_empty_bytes_are_bytes(store: AssetStore) -> None:
    [image] = column(externalise(flow(["a"], image={"bytes": b"", "format": "png"}), store), "image")
    assert image["asset"] == hashlib.sha256(b"").hexdigest()
