"""Recipes that use what ingest has: recordings with sound, faces and sensors, and texts of several kinds."""

import math
import shutil
from pathlib import Path
from typing import Any

from PIL import Image
from support.project import Project, project, write_csv, write_lines

DEMO = Path(__file__).parents[2] / "pipelines" / "recipes" / "demo" / "media"
RECORDED = ("a good day ☕.mp4", "found-it.opus", "portrait.jpg", "cut-off.mp4")
RECORDINGS: dict[str, Any] = {
    "dataset": "recordings",
    "taxonomy": "ekman-7",
    "sources": [
        {"kind": "folder", "name": "media", "path": "media"},
        {"kind": "signal", "path": "eda.csv", "segments": {"path": "spans.csv", "file": "file"}},
    ],
    "ingest": [
        "probe", {"load_signal": {"channels": ["eda"]}}, {"scenes": {"detector": "adaptive", "min_s": 0.5}},
        "prosody", "sound_events", {"speech": {"max_s": 2.0}}, {"cut": {"merge_gap_s": 0.2}},
        {"windows": {"length_s": 1.5}}, {"signal_stats": {"channels": ["eda"]}},
        "shots", "clips", {"frames": {"mode": "motion", "count": 1}}, {"face_tracks": {"fps": 4.0}},
        {"off_screen": {"least": 0.0}}, "audio_track",
        "loudness", "load_audio", "load_image", "brightness", "sharpness", "faces", {"persons": {"min_score": 0.5}},
        {"crops": {"keep_whole": True}},
        {"near_duplicates": {"image": 6, "audio": 0.9, "video": 0.9, "keep": "one"}},
        {"tertiles": {"of": "loudness_dbfs", "least": 3}},
    ],
    "assist": [{"action_units": {"backend": "mouth_width"}}, {"speaker_turns": {"backend": "voice_height"}}],
    "publish": {"splits": {"by": ["duplicates", "source"], "train": 0.6, "test": 0.4}},
}  # fmt: skip
CHATS: dict[str, Any] = {
    "dataset": "chats",
    "taxonomy": "ekman-7",
    "sources": [{"kind": "jsonl", "name": "posts", "path": "posts.jsonl", "text": "body", "key": "id"}],
    "ingest": [
        "clean_text", {"filter_text": {"min_words": 3, "max_upper": 0.9}}, "language", "personal_data", "crisis",
        {"near_duplicates": {"text": 0.7, "keep": "one"}}, "utterances", "sentences", {"context": {"turns": 2}},
    ],
    "assist": ["vader"],
}  # fmt: skip
POSTS = (
    "Anna: I lost my keys again. What now?\nBen: Call me at +44 20 7946 0958, we find them.\nAnna: You are the best!",
    "STOP SHOUTING AT EVERYONE IN HERE PLEASE",
    "Write to mara@example.org if you miss her as much as I do. It has been a long and lonely winter for us.",
    "Write to mara@example.org if you miss her as much as I do. It has been a long and lonely winter for us!",
    "Heute war ein schöner Tag. Wir haben viel gelacht und nichts vermisst.",
    "no",
)


def recordings(folder: Path) -> Project:
    """A video, a sound, a picture beside a smaller copy of itself, a file that is cut off, and a sensor's series."""
    made = project(folder, RECORDINGS)
    (folder / "media").mkdir()
    for name in RECORDED:
        shutil.copy(DEMO / name, folder / "media")
    with Image.open(DEMO / "portrait.jpg") as image:
        image.resize((image.width // 2, image.height // 2)).save(folder / "media" / "smaller.jpg", quality=80)
    write_csv(folder / "eda.csv", ["time", "eda"], [[n / 4, round(2 + math.sin(n), 4)] for n in range(20)])
    write_csv(folder / "spans.csv", ["file", "start", "end"], [["eda.csv", 0.5, 2], ["eda.csv", 3, 4.25]])
    return made


def chats(folder: Path) -> Project:
    """Posts: a conversation, shouting, personal data, nearly the same twice, another language, too little."""
    made = project(folder, CHATS)
    write_lines(folder / "posts.jsonl", [{"id": f"p{n}", "body": body} for n, body in enumerate(POSTS)])
    return made
