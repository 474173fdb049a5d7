"""Lines by three speakers that a third party is asked about, and a table of what the speakers agreed to."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from support.project import Project, write_csv
from support.talking import asks, texts_with

from affectory.pipelines.consent import PURPOSE
from affectory.schemas.ids import pseudonym

CAPTION = {"caption": {"model": "bird"}}
NOTES = {"configs": ["default", "notes"]}
ALL = [[f"speaker{n}", "yes", ""] for n in range(3)]
SAID = [["speaker0", "yes", ""], ["speaker1", "no", ""], ["speaker2", "", ""]]


def speaker(number: int) -> str:
    return pseudonym(f"speaker{number}", b"affectory")


def asking(
    folder: Path,
    said: Sequence[Sequence[str]],
    count: int = 6,
    purpose: str = PURPOSE,
    assist: Sequence[Any] = (CAPTION,),
    **more: Any,
) -> Project:
    """Lines by three speakers that a third party is asked about, and a table of what the speakers said."""
    (folder / "asked").mkdir(parents=True, exist_ok=True)
    bird = {"backend": "parrot", "options": {"folder": str(folder / "asked")}, "local": False}
    consent = {purpose: "ok"}
    sidecar = {"path": "people.csv", "subject": "who", "speaker": "who", "consent": consent, "expires": "until"}
    source = {"kind": "jsonl", "name": "lines", "path": "lines.jsonl", "text": "body", "speaker": "who", "key": "id"}
    recipe = {"sources": [{**source, "sidecar": sidecar}], "publish": NOTES, "limits": {"max_failed": 1.0}, **more}
    made = texts_with(folder / "p", count, {"bird": bird}, list(assist), **recipe)
    say(made, said)
    return made


def say(made: Project, said: Sequence[Sequence[str]]) -> None:
    write_csv(made.folder / "people.csv", ["who", "ok", "until"], said)


def asked(made: Project) -> list[int]:
    """The numbers of the lines that left."""
    return sorted(int(text.split("Line ")[1].split(":")[0]) for text in asks(made.folder.parent / "asked"))
