"""The demo's material is what docs/demo-media.md says, and its ratings fit it."""

import csv
import itertools
import json
from collections import defaultdict
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image, ImageOps

ROOT = Path(__file__).resolve().parents[2]
DEMO = ROOT / "pipelines" / "recipes" / "demo"
MEDIA = DEMO / "media"
SCENES = {
    "a good day ☕.mp4": (0, 2.4, 4.8, 7.2),
    "launch.mp4": (0, 2.6, 5.2, 7.8),
    "storm.mp4": (0, 2.4, 4.8),
}
BROKEN = ("cut-off.mp4", "empty.mp4")


def rows(name: str) -> list[dict[str, str]]:
    with (DEMO / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def utterances() -> tuple[list[dict[str, str]], int]:
    """The readable lines, and how many are not readable."""
    good, bad = [], 0
    for line in (DEMO / "utterances.jsonl").read_text(encoding="utf-8").splitlines():
        try:
            good.append(json.loads(line))
        except json.JSONDecodeError:
            bad += 1
    return good, bad


@pytest.mark.parametrize("name", SCENES)
def test_videos_have_sound_and_hard_cuts_where_documented(name: str) -> None:
    with av.open(str(MEDIA / name)) as container:
        assert [s.codec_context.name for s in container.streams] == ["h264", "aac"]
        frames = [f.to_ndarray(format="gray").astype(float) for f in container.decode(video=0)]
    change = np.abs(np.diff(frames, axis=0)).mean(axis=(1, 2))
    cuts = (np.flatnonzero(change > 25) + 1) / 25
    assert cuts.tolist() == list(SCENES[name][1:-1])
    assert len(frames) / 25 == SCENES[name][-1]


@pytest.mark.parametrize("name", BROKEN)
def test_broken_videos_do_not_open(name: str) -> None:
    with pytest.raises(av.InvalidDataError):
        av.open(str(MEDIA / name))


def test_the_turned_picture_is_upright_once_its_exif_is_read() -> None:
    with Image.open(MEDIA / "sideways.jpg") as image:
        assert image.size == (240, 320)
        assert ImageOps.exif_transpose(image).size == (320, 240)


def test_utterances_hold_the_three_oddities() -> None:
    good, bad = utterances()
    ids = [u["id"] for u in good]
    assert bad == 1
    assert len(ids) - len(set(ids)) == 1
    assert [u["id"] for u in good if len(u["body"]) < 2] == ["work-4"]


def test_text_ratings_name_utterances() -> None:
    known = {u["id"] for u in utterances()[0]}
    rated = {r["id"] for r in rows("ratings_text.csv")}
    assert rated == known - {"work-4"}


def test_media_ratings_name_whole_files_or_scenes() -> None:
    readable = {p.name for p in MEDIA.iterdir()} - set(BROKEN)
    spans = defaultdict(set)
    for row in rows("ratings_media.csv"):
        spans[row["file"]].add((row["start"], row["end"]))
    assert set(spans) == readable
    for name, found in spans.items():
        times = [f"{t:g}" for t in SCENES.get(name, ())]
        assert found == (set(itertools.pairwise(times)) or {("", "")})


@pytest.mark.parametrize(("name", "target"), [("ratings_text.csv", ("id",)), ("ratings_media.csv", ("file", "start"))])
def test_raters_disagree_and_none_rates_twice(name: str, target: tuple[str, ...]) -> None:
    votes = defaultdict(list)
    for row in rows(name):
        votes[tuple(row[c] for c in target)].append((row["rater"], row["emotion"]))
    assert all(len({rater for rater, _ in given}) == len(given) >= 4 for given in votes.values())
    split = [t for t, given in votes.items() if len({label for _, label in given}) > 1]
    assert 0.4 < len(split) / len(votes) < 0.9


def test_every_file_is_documented_and_all_are_small() -> None:
    text = (ROOT / "docs" / "demo-media.md").read_text(encoding="utf-8")
    files = [p for p in DEMO.rglob("*") if p.is_file()]
    undocumented = [p.name for p in files if p.name != "recipe.yaml" and p.name not in text]
    assert undocumented == []
    assert sum(p.stat().st_size for p in files) < 1_500_000
