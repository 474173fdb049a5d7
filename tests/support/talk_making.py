"""Steps that make what nobody said: a grid of texts, dialogues, speech, messages and pairs in one recipe."""

from pathlib import Path
from typing import Any

import yaml
from support.project import Project, line, project, write_lines

GRID = {
    "axes": {"emotion": ["joy", "fear", "saudade"], "persona": [{"id": "nurse", "text": "A night nurse."}, "a boy"]}
}
TASK = """---
id: task
version: 1
inputs: [text, reply]
settings: [options, letter]
---
@user
{{ text }}
{% for option in options %}
{{ option.letter }}) {{ option.text }}
{% endfor %}
@assistant
({{ letter }})
"""
MODELS: dict[str, Any] = {
    "author": {"backend": "parrot"},
    "answerer": {"backend": "parrot", "options": {"says": "It was a long day."}},
    "worsener": {
        "backend": "parrot",
        "options": {"says": {"old": "day", "new": "silent smile", "cue": "silent smile"}},
    },
    "voice": {"backend": "hibari", "timeout_s": 300},
}
"""Whom these steps ask: parrots, and the real voice in its package."""
WRITES: list[Any] = [
    {"generate": {"model": "author", "intends": "emotion", "twin": "without_context"}},
    "clean_text",
    {"near_duplicates": {"text": 0.95, "keep": "one"}},
]
MAKES: list[Any] = [
    {"generate": {"model": "answerer", "as": "reply"}},
    {
        "dialogue": {
            "agents": {
                "seeker": {"model": "author", "private": ["extra.persona"], "mood": {"spread": 5}},
                "helper": {"model": "answerer"},
            },
            "turns": 3,
            "shared": ["text"],
            "as": "talk",
        }
    },
    {"prefer": {"corruption": "hallucinated_cue", "of": "reply", "model": "worsener"}},
    {"prefer": {"corruption": "swapped_modality", "between": ["text", "reply"], "as": "swap"}},
    {
        "instruct": {
            "prompt": "task.jinja",
            "answer": "reply",
            "parse": r"\((?P<letter>[AB])\)",
            "options_of": ["reply", "preference_rejected"],
        }
    },
    {"synthesise": {"model": "voice", "of": "reply", "intends": "emotion"}},
    "loudness",
]


def making(folder: Path) -> Project:
    """A grid that is written, beside lines that were found; what is spoken at the end is heard by a step for sound."""
    recipe = {
        "dataset": "made",
        "taxonomy": "ekman-7",
        "sources": [
            {"kind": "generate", "name": "grid", "path": "grid.yaml", "session": "persona"},
            {"kind": "jsonl", "name": "lines", "path": "lines.jsonl", "text": "body", "key": "id", "keep": ["who"]},
        ],
        "models": MODELS,
        "ingest": WRITES,
        "assist": MAKES,
        "publish": {"configs": ["default", "opinions", "notes"]},
    }
    made = project(folder, recipe)
    (folder / "grid.yaml").write_text(yaml.safe_dump(GRID, sort_keys=False))
    (folder / "task.jinja").write_text(TASK)
    write_lines(folder / "lines.jsonl", [line(n) for n in range(3)])
    return made
