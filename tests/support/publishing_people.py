"""Pictures with words by people who agreed to different things, and what a release tells of them."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
from support.project import Project, project, write_csv, write_image

PURPOSES = ("annotate", "third_parties", "publish_media", "publish_features", "train", "synthesise")
LONG_AGO, FAR_AWAY = "2001-01-01", "2999-01-01"
SAID: dict[str, dict[str, str]] = {
    "unasked": {},
    "yes": dict.fromkeys(PURPOSES, "yes"),
    "no media": {"publish_media": "no"},
    "no features": {"publish_features": "no"},
    "no training": {"train": "no"},
    "ended": {**dict.fromkeys(PURPOSES, "yes"), "expires": LONG_AGO},
    "embargo": {**dict.fromkeys(PURPOSES, "yes"), "embargo": FAR_AWAY},
}
_HEADER = ("file", "who", "licence", "words", "gender", "age", *PURPOSES, "expires", "embargo")


def album(folder: Path, said: Sequence[dict[str, str]], **more: Any) -> Project:
    """A picture with words for each of these people, all of them in one split."""
    columns = {name: name for name in PURPOSES}
    sidecar = {
        "path": "people.csv", "file": "file", "speaker": "who", "licence": "licence", "text": "words",
        "consent": columns, "expires": "expires", "embargo": "embargo", "facts": {"gender": "gender", "age": "age"},
    }  # fmt: skip
    recipe = {
        "dataset": "album", "taxonomy": "ekman-7", "ingest": [],
        "sources": [{"kind": "folder", "name": "faces", "path": "in", "sidecar": sidecar}],
        "publish": {"splits": {"by": ["record"], "train": 1.0}, "configs": ["default", "opinions", "samples", "notes"]},
    }  # fmt: skip
    made = project(folder, {**recipe, **more})
    for number in range(len(said)):
        write_image(folder / "in" / f"{number}.png", number)
    say(made, said)
    return made


def say(made: Project, people: Sequence[dict[str, str]]) -> None:
    """Let people say something, or something else than before."""
    plain = ({"file": f"{n}.png", "who": f"name{n}", "words": f"words of {n}.", **p} for n, p in enumerate(people))
    write_csv(made.folder / "people.csv", _HEADER, [[row.get(name, "") for name in _HEADER] for row in plain])


def told(release: Path) -> bytes:
    """All that files of a release hold, and all that columns of its tables do, decompressed."""
    return b"\n".join(_told(release))


def _told(release: Path) -> Iterator[bytes]:
    for file in sorted(path for path in release.rglob("*") if path.is_file()):
        yield file.read_bytes()
        if file.suffix == ".parquet":
            for row in pq.read_table(file).to_pylist():
                yield from _leaves(row)


def _leaves(value: Any) -> Iterator[bytes]:
    if isinstance(value, dict | list | tuple):
        for one in value.values() if isinstance(value, dict) else value:
            yield from _leaves(one)
    elif value is not None:
        yield value if isinstance(value, bytes) else str(value).encode()
