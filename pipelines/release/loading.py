"""What to type to use a release, wherever it lies."""

from pathlib import Path

from affectory.pipelines.release.manifest import read_manifest
from affectory.schemas.urls import Location, Url


def load_line(place: Location) -> str:
    """Python that loads the default config."""
    return f"from datasets import load_dataset; data = load_dataset({_arguments(place)})"


def _arguments(place: Location) -> str:
    if not isinstance(place, Url):
        return repr(str(Path(place).resolve()))
    if place.scheme == "hf":
        name, _, version = place.removeprefix("hf://datasets/").partition("@")
        return f'"{name}", revision="{version}"'
    # `datasets` reads the header of a card on this machine and on the hub only.
    splits = read_manifest(place).content.rows["default"]
    files = ", ".join(f'"{split}": "{place}/data/default/{split}-*.parquet"' for split in splits)
    return f'"parquet", data_files={{{files}}}'
