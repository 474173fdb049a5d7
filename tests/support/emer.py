"""Real captions of three models about clips of the EMER dataset, with subtitles and what people said of the clips."""

import csv
import gzip
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

Find = Callable[[str], Path]
_SUBTITLE = re.compile(r"subtitles?[^\"“]*[\"“]([^\"”]+)[\"”]", re.IGNORECASE)


def clips(find: Find, condition: str = "nosubtitle") -> Iterator[dict[str, Any]]:
    """Clips that have a subtitle, each with the caption of every model, in the order of their names."""
    captions: dict[str, dict[str, str]] = {}
    with gzip.open(find("ovmer/ovmer_model_captions.jsonl.gz"), "rt", encoding="utf-8") as file:
        for row in map(json.loads, file):
            if row["condition"] == condition:
                captions.setdefault(row["clip"], {})[row["model"]] = row["caption"]
    said = {clip: _SUBTITLE.search(text) for clip, text in explained(find).items()}
    for clip in sorted(captions):
        if subtitle := said.get(clip):
            yield {"clip": clip, "subtitle": subtitle[1], **captions[clip]}


def shortened(clip: dict[str, Any], sentences: int = 2) -> dict[str, Any]:
    """The clip with the first sentences of each caption: a small model on one thread reads 200 tokens a second."""
    first = re.compile(rf"(?:[^.!?]*[.!?]){{1,{sentences}}}")
    return {name: found[0] if (found := first.match(text)) else text for name, text in clip.items()}


def labelled(find: Find, condition: str, model: str) -> Iterator[dict[str, Any]]:
    """The words that the authors of the captions took from those of one model."""
    with gzip.open(find("ovmer/ovmer_model_captions.jsonl.gz"), "rt", encoding="utf-8") as file:
        for row in map(json.loads, file):
            if (row["condition"], row["model"]) == (condition, model):
                yield {"clip": row["clip"], "labels": row["open_labels_raw"]}


def explained(find: Find) -> dict[str, str]:
    """By clip what people found in it, in English."""
    with find("emer/final-EMER-reason.csv").open(encoding="utf-8-sig", newline="") as file:
        return {row["name"]: row["english"] for row in csv.DictReader(file)}


def emotions(find: Find) -> dict[str, list[str]]:
    """By clip the words for emotions that people gave, of the clips for which they are listed."""
    with find("emer/gt-eng.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    return {row["names"]: [word.strip() for word in row["emotions"].split(",")] for row in rows}


def write(folder: Path, rows: list[dict[str, Any]]) -> None:
    """What `pipelines/recipes/mer-caption.yaml` reads."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "clips.jsonl").write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows))
