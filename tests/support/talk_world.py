"""Texts that parrots and bundled models describe and judge, with the checks of what they answered: one recipe."""

from pathlib import Path
from typing import Any

from support import talk_describing, talk_judging
from support.project import TEXTS, Project, line, project, write_lines

CHECKS: list[Any] = [
    {"refusals": {"of": ["situation", "description"]}},
    {"same_language": {"of": "description", "language": "en"}},
    {"length_outliers": {"of": "text"}},
    {"bounds": {"of": "description", "unit": "words", "min": 2}},
    {"keyword_free": {"most": 3}},
    {"leaked_label": {"of": "explanation", "label": "opinions_panel"}},
    {"consensus": {"panel": ["panel"], "read": "weighed", "least": 0.0, "least_side": 0.0}},
]


def talked_about(folder: Path) -> Project:
    """Lines about which much is said; one is far too long, and a parrot flies away from another."""
    recipe = {
        **TEXTS,
        "dataset": "talked-about",
        "ratings": [],
        "models": {**talk_describing.MODELS, **talk_judging.MODELS},
        "ingest": ["language"],
        "assist": [*talk_describing.STEPS, *talk_judging.STEPS, *CHECKS],
        "label": {"pools": ["model"]},
        "limits": {"max_failed": 1.0},
        "publish": {"configs": ["default", "opinions", "notes"]},
    }
    made = project(folder, recipe)
    rows = [{**line(n), "body": f"{line(n)['body']} It was a quiet day." + " Well." * (n % 3)} for n in range(9)]
    rows[3]["body"] = f"FAIL {rows[3]['body']}"
    rows[5]["body"] += " And so on." * 80
    write_lines(folder / "lines.jsonl", rows)
    return made
