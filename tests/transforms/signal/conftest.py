"""Small signals, and steps that look at them."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from affectory.pipelines.runner.partition import root_schema
from affectory.schemas.types import MEMBERS
from affectory.transforms.base import Result, Transform

Look = Callable[..., Result]


@pytest.fixture(scope="session")
def look() -> Look:
    """A step over one sample of a signal, or one that has the signal as a member."""

    def run(
        step: Transform, path: Path, start_us: int | None = None, end_us: int | None = None, **given: Any
    ) -> Result:
        own = {"asset": "0" * 64, "format": path.suffix[1:], "path": str(path)}
        row = dict.fromkeys(root_schema().names)
        row |= {"kind": "signal", "sample_id": "s", "source": "x", "uri": path.name, "original": own}
        row |= {"anchor": {"record": "r", "start_us": start_us, "end_us": end_us}, **given}
        return step.setup()(pa.Table.from_pylist([row], schema=root_schema()))

    return run


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str, str], Path]:
    def text(name: str, content: str) -> Path:
        (tmp_path / name).write_text(content)
        return tmp_path / name

    return text


@pytest.fixture(scope="session")
def edf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four seconds of two channels, at 10 and at 2 measurements a second."""
    path = tmp_path_factory.mktemp("edf") / "s.edf"
    write_edf(path, (("ECG", 10), ("EDA", 2)), [np.arange(40.0), np.arange(8.0)])
    return path


@pytest.fixture
def edf_of(tmp_path: Path) -> Callable[[Sequence[str]], Path]:
    """Two seconds of channels at 2 measurements a second, from 0 to 3, from 10 to 13, and so on."""

    def channels(labels: Sequence[str]) -> Path:
        path = tmp_path / "same.edf"
        write_edf(path, [(label, 2) for label in labels], [n * 10 + np.arange(4.0) for n in range(len(labels))])
        return path

    return channels


def write_edf(path: Path, channels: Sequence[tuple[str, int]], values: list[Any]) -> None:
    import pyedflib

    writer = pyedflib.EdfWriter(str(path), len(channels), file_type=pyedflib.FILETYPE_EDFPLUS)
    limits = {"physical_min": -100.0, "physical_max": 100.0, "digital_min": -32768, "digital_max": 32767}
    writer.setSignalHeaders([{"label": n, "sample_frequency": f, "dimension": "uV", **limits} for n, f in channels])
    writer.writeSamples(values)
    writer.close()


def member(path: Path, role: str, offset_us: int) -> list[dict[str, Any]]:
    """A signal as a member of a sample."""
    made = {"role": role, "offset_us": offset_us, "kind": "signal", "format": path.suffix[1:], "path": str(path)}
    return pa.array([[made]], MEMBERS).to_pylist()[0]
