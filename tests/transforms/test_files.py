"""Files that parameters name are known by what they hold."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import pytest
from pydantic import Field

from affectory.transforms.files import RecipePath, fingerprint, path_fields


@dataclass(frozen=True)
class Step:
    words: str
    one: RecipePath
    maybe: Annotated[RecipePath | None, Field(description="a folder")] = None
    other: Path | None = None


def test_paths_of_a_recipe_are_those_that_are_marked() -> None:
    assert list(path_fields(Step)) == ["one", "maybe"]


def test_a_folder_is_known_by_names_and_content_wherever_it_lies(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name / "deep").mkdir(parents=True)
        (tmp_path / name / "deep" / "x.json").write_text("{}")
    before = fingerprint(tmp_path / "a")
    assert before == fingerprint(tmp_path / "b")
    (tmp_path / "b" / "deep" / "x.json").rename(tmp_path / "b" / "deep" / "y.json")
    assert before != fingerprint(tmp_path / "b")
    (tmp_path / "a" / "deep" / "x.json").write_text("[]")
    assert before != fingerprint(tmp_path / "a")
    assert fingerprint(tmp_path / "a" / "deep" / "x.json") != fingerprint(tmp_path / "a")


@pytest.mark.parametrize("at", [0, 1 << 23, (1 << 23) + 4_999_999])
def test_of_large_files_stretches_are_read_from_the_first_byte_to_the_last(at: int, tmp_path: Path) -> None:
    path = tmp_path / "model.bin"
    data = bytearray((1 << 23) + 5_000_000)
    path.write_bytes(data)
    before = fingerprint(path)
    data[max(0, at - (1 << 18)) : at + (1 << 18)] = bytes([1]) * len(data[max(0, at - (1 << 18)) : at + (1 << 18)])
    path.write_bytes(data)
    assert fingerprint(path) != before
    path.write_bytes(bytes(len(data) + 1))
    assert fingerprint(path) != before
