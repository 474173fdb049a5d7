"""Which file of a dataset belongs to which config and split: as its README says, or by how such files are named."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from affectory.schemas.errors import UserError
from affectory.transforms.sources._walk import Selection
from affectory.transforms.sources.base import RemoteFolder

_SHARD = re.compile(r"(?P<name>.+?)-\d{5}-of-\d{5}(-[0-9a-f]+)?")
_NUMBER = re.compile(r"\d+")
_README_BYTES = 1_000_000
DEFAULT, UNNAMED = "default", ("data", "default")


@dataclass(frozen=True)
class Part:
    """A config and a split."""

    config: str
    split: str


def by_name(uri: str) -> Part:
    """`data/train-00000-of-00002.parquet`, `config/train.parquet`, `config/train/0000.parquet`, or as `save_to_disk`
    writes it: `train/data-00000-of-00001.arrow`."""
    *folders, name = uri.split("/")
    stem = name.partition(".")[0]
    shard = _SHARD.fullmatch(stem)
    split = shard["name"] if shard else stem
    if split == "data" or _NUMBER.fullmatch(split):
        split = folders.pop() if folders and folders[-1] not in UNNAMED else "train"
    folders = [folder for folder in folders if folder not in UNNAMED]
    return Part("/".join(folders) or DEFAULT, split)


@dataclass(frozen=True)
class Layout:
    """What a README says of files: patterns by config and split, empty where it says nothing."""

    patterns: Mapping[Part, Selection]

    @classmethod
    def read(cls, root: Path | RemoteFolder) -> "Layout":
        text = root.readme if isinstance(root, RemoteFolder) else _readme(root)
        return cls({part: Selection(globs) for part, globs in _declared(_front_matter(text))})

    def part(self, uri: str, config: str | None = None) -> Part | None:
        """Null where the README declares files, but not this one; of several the one that is of `config`."""
        if not self.patterns:
            return by_name(uri)
        found = [part for part, globs in self.patterns.items() if globs.takes(uri)]
        return min(found, key=lambda part: part.config != config, default=None)


def _readme(root: Path) -> str:
    try:
        with (root / "README.md").open(encoding="utf-8") as file:
            return file.read(_README_BYTES)
    except (OSError, UnicodeDecodeError):
        return ""


def _front_matter(text: str) -> Any:
    import yaml

    match = re.match(r"---\s*\n(.*?)\n---\s*(\n|$)", text, re.DOTALL)
    try:
        return yaml.safe_load(match[1]) if match else None
    except (yaml.YAMLError, ValueError, RecursionError) as error:  # ValueError: no such day, no such number
        raise UserError(f"the head of README.md is not YAML: {str(error)[:500]}", "mend it, or remove it") from None


def _declared(head: Any) -> Iterator[tuple[Part, list[str]]]:
    configs = head.get("configs") if isinstance(head, dict) else None
    for config in configs if isinstance(configs, list) else ():
        if isinstance(config, dict) and "data_files" in config:
            folder = _word(config.get("data_dir") or "").strip("/")
            for split, globs in _files(config["data_files"]):
                yield (
                    Part(_word(config.get("config_name", DEFAULT)), split),
                    [f"{folder}/{g}".strip("/") for g in globs],
                )


def _files(given: Any) -> Iterator[tuple[str, list[str]]]:
    for entry in given if isinstance(given, list) else [given]:
        if isinstance(entry, dict) and "path" in entry:
            yield _word(entry.get("split", "train")), _words(entry["path"])
        elif isinstance(entry, dict):
            for split, paths in entry.items():
                yield _word(split), _words(paths)
        else:
            yield "train", _words(entry)


def _words(given: Any) -> list[str]:
    return [_word(word) for word in (given if isinstance(given, list) else [given])]


def _word(given: Any) -> str:
    """A name or pattern. Lists in lists are none: a few lines of YAML can repeat one a billion times."""
    if isinstance(given, list | dict):
        raise UserError("the head of README.md has a list where `configs` name one thing", "mend it, or remove it")
    return str(given)


def choose(parts: Iterable[Part], config: str | None, splits: tuple[str, ...]) -> frozenset[Part]:
    """The parts that a recipe asks for; a `UserError` where they are not there, or not told apart."""
    found = set(parts)
    configs = sorted({part.config for part in found})
    if config is None and len(configs) > 1:
        raise UserError(f"the dataset has several configs: {', '.join(configs)}", "choose one with `config`")
    if config is not None and found and config not in configs:
        raise UserError(f"the dataset has no config {config!r}", f"it has {', '.join(configs)}")
    own = {part for part in found if config in (None, part.config)}
    there = sorted({part.split for part in own})
    if absent := [split for split in splits if own and split not in there]:
        raise UserError(f"the dataset has no split {absent[0]!r}", f"it has {', '.join(there)}")
    return frozenset(part for part in own if not splits or part.split in splits)
