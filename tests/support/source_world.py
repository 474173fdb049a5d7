"""A recipe whose records come from archives, shards, rows that name media, recordings of events and signals."""

import io
import tarfile
import zipfile
from pathlib import Path
from typing import Any

from support.media import tone, write_sound
from support.project import Project, project, write_csv, write_image

RECIPE: dict[str, Any] = {
    "dataset": "sources",
    "taxonomy": "ekman-7",
    "sources": [
        {
            "kind": "zip",
            "name": "packed",
            "path": "faces.zip",
            "speaker": r"^(\w+)/",
            "sidecar": {"path": "people.csv", "subject": "id", "session": "day", "keep": ["age"]},
        },
        {"kind": "webdataset", "name": "shards", "path": "s.tar", "text": "json.said"},
        {"kind": "csv", "name": "rows", "path": "media/rows.csv", "media": "file", "speaker": "who"},
        {
            "kind": "folder",
            "name": "lab",
            "path": "lab",
            "events": {"path": "events.csv", "primary": "mic", "offset_s": "began"},
        },
        {"kind": "signal", "name": "wrist", "path": "wrist"},
    ],
    "ingest": ["probe", "load_signal", {"signal_stats": {"channels": ["eda"]}}, "load_image", {"load_audio": {}}],
    "publish": {"configs": ["default", "samples"]},
    "validate": {"min_rows": 6},
}


def sources(folder: Path) -> Project:
    """Six records, and a row of each kind that is refused."""
    made = project(folder, RECIPE)

    def png(seed: int) -> bytes:
        return write_image(folder / ".made" / f"{seed}.png", seed).read_bytes()

    with zipfile.ZipFile(folder / "faces.zip", "w") as z:
        for name, data in (("ann/a.png", png(1)), ("bob/b.png", png(2)), ("../evil.png", b"x")):
            z.writestr(name, data)
    with tarfile.open(folder / "s.tar", "w") as t:
        for name, data in (("0.png", png(3)), ("0.json", b'{"said": "Hello"}'), ("1.txt", b"lost")):
            info = tarfile.TarInfo(name)
            info.size = len(data)
            t.addfile(info, io.BytesIO(data))
    write_image(folder / "media" / "c.png", 4)
    write_csv(folder / "media" / "rows.csv", ["file", "who"], [["c.png", "cid"], ["none.png", "dan"]])
    write_csv(folder / "people.csv", ["id", "day", "age"], [["ann", "d1", "30"], ["bob", "d2", "40"]])
    (folder / "lab").mkdir()
    write_sound(folder / "lab" / "a.wav", tone(0.3))
    (folder / "lab" / "eda.csv").write_text("time,eda\n0,1\n1,2\n")
    write_csv(
        folder / "events.csv",
        ["event", "file", "role", "began"],
        [["e", "a.wav", "mic", "0"], ["e", "eda.csv", "wrist", "-1"]],
    )
    (folder / "wrist").mkdir()
    (folder / "wrist" / "w.csv").write_text("time,eda\n0,1\n0.5,3\n1,2\n")
    return made
