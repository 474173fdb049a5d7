"""What every step that takes media makes of every file in a folder: python benchmarks/outcomes.py FOLDER [STEP ...]

Each step is built by itself, behind those that write what it reads, on all files. Prints a table in Markdown: how many
samples came of a file, or why there is none; `-` where a step passes a file by.
"""

import sys
import tempfile
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from affectory.pipelines import discovery
from affectory.pipelines.bind import bind
from affectory.pipelines.build import Options, build
from affectory.pipelines.events import Run
from affectory.pipelines.history import last_build, parts, read_parts, rejects
from affectory.pipelines.store.workspace import Workspace
from affectory.schemas.derived import SAMPLES
from affectory.schemas.errors import UserError
from affectory.schemas.recipe.load import load_recipe

MEDIA = {"video", "audio", "image"}
GIVEN = {f.name for f in SAMPLES.schema} - {"frames", "duplicates"}
NEEDS: Mapping[str, Sequence[str]] = {
    **dict.fromkeys(("brightness", "sharpness", "faces", "persons", "face_emotion"), ("frames",)),
    "cut": ("speech",),
}
"""What a step works on although it would start without it."""
PARAMETERS: Mapping[str, Mapping[str, Any]] = {}


def chain(step: str, writers: Mapping[str, str]) -> list[str]:
    """The step behind all that writes what it reads."""
    read = _class(step).reads(_instance(step))
    before = [*NEEDS.get(step, ()), *(writers[c] for c in read if c not in GIVEN and writers.get(c, step) != step)]
    found = [name for needed in before for name in chain(needed, writers)]
    return [*dict.fromkeys([*found, step])]


def _class(step: str) -> Any:
    return discovery.public_class(discovery.steps()[step])


def _instance(step: str) -> Any:
    return _class(step)(**PARAMETERS.get(step, {}))


def _new(step: str) -> set[str]:
    """The columns that a step fills in: not those that it reads as well, or empties as it cuts."""
    instance = _instance(step)
    return set() if "sample_id" in instance.writes() else {*instance.writes()} - {*instance.reads()}


def _kinds(step: str) -> frozenset[str]:
    """What it works on; of some steps that depends on their parameters."""
    kinds = _class(step).on
    return _instance(step).on if isinstance(kinds, property) else kinds


def steps() -> Iterator[tuple[str, str]]:
    """Those that take media, and why some cannot be tried here."""
    for step in discovery.steps():
        try:
            if _kinds(step) & MEDIA:
                _instance(step)
                yield step, ""
        except (TypeError, ValueError, UserError) as error:
            yield step, str(error)


def outcomes(folder: Path, names: Sequence[str]) -> dict[str, str]:
    """What became of each file."""
    with tempfile.TemporaryDirectory() as place:
        recipe = {
            "dataset": "outcomes", "taxonomy": "ekman-7", "sources": [{"kind": "folder", "path": str(folder)}],
            "ingest": [{name: dict(PARAMETERS.get(name, {}))} for name in names], "limits": {"max_failed": 1.0},
        }  # fmt: skip
        file = Path(place, "recipe.yaml")
        file.write_text(yaml.safe_dump(recipe))
        workspace = Workspace(Path(place, "ws"))
        with Run(Path(place, "run.jsonl"), ()) as run:
            bound = bind(load_recipe(file, (), [folder]))
            build(bound, Options(Path(place, "ws"), Path(place, "out"), publish=False), run)
        return _told(workspace, _kinds(names[-1]))


def _told(workspace: Workspace, on: Collection[str]) -> dict[str, str]:
    record = last_build(workspace)
    assert record is not None
    samples = read_parts(parts(workspace, record.finished, "samples"), SAMPLES.schema, ["uri", "kind"])
    kept = Counter(zip(samples.column("uri").to_pylist(), samples.column("kind").to_pylist(), strict=True))
    found = {uri: str(count) if kind in on else "-" for (uri, kind), count in kept.items()}
    for row in rejects(workspace, record).to_pylist():
        also = f"{found[row['uri']]}, " if row["uri"] in found else ""
        found[row["uri"]] = f"{also}{row['outcome']}: {row['reason']}"
    return found


def main() -> None:
    folder, wanted = Path(sys.argv[1]).resolve(), sys.argv[2:]
    writers = {column: step for step, why in steps() if not why for column in _new(step)}
    table = {}
    for step, why in steps():
        if not wanted or step in wanted:
            names = [step] if why else chain(step, writers)
            table[" > ".join(names)] = {} if why else outcomes(folder, names)
            if why:
                print(f"{step}: {why}", file=sys.stderr)
    files = sorted({file for told in table.values() for file in told})
    print("| step |", " | ".join(files), "|\n|---|" + "---|" * len(files))
    for names, told in table.items():
        print(f"| {names} |", " | ".join(told.get(file, "") for file in files), "|")


if __name__ == "__main__":
    main()
