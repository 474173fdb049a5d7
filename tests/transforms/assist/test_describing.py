"""All steps that describe: one after the other in a recipe, and each asked of a real, if small, model."""

import json
from pathlib import Path
from typing import Any

import pytest
from support.llama import llama, smollm
from support.talk_describing import MODELS, STEPS, step, told
from support.talking import backends, texts_with

from affectory.transforms.assist.caption import Caption
from affectory.transforms.assist.cues import Cues
from affectory.transforms.assist.explain import Explain
from affectory.transforms.assist.extract_labels import ExtractLabels
from affectory.transforms.assist.merge import Merge
from affectory.transforms.assist.rewrite import Rewrite
from affectory.transforms.assist.translate import Translate

__all__ = ["backends", "llama"]
CONFIGS = {"configs": ["default", "notes", "opinions"]}


@pytest.mark.usefixtures("backends")
def test_each_reads_what_those_before_it_wrote(tmp_path: Path) -> None:
    made = texts_with(tmp_path / "p", 5, MODELS, STEPS, publish=CONFIGS)
    summary = made.build()
    assert (summary.kept, summary.failed) == (5, 0)
    notes = made.rows(summary.version, "notes").to_pylist()
    named = [note["name"] for note in notes]
    for name in (
        *("situation", "description", "description_from", "open_labels", "open_labels_evidence", "cues"),
        *("explanation", "explanation_facts", "translation", "translation_back", "translation_check"),
        *("rewritten", "rewritten_origin", "rewritten_by"),
    ):
        assert named.count(name) == 5, name
    opinions = made.rows(summary.version, "opinions").to_pylist()
    words = [o["answer"]["words"] for o in opinions if o["asked"]["response"] == "words"]
    assert words == [["calm", "bored"]] * 5
    [quoted] = {str(n["places"][0]["text"]) for n in notes if n["name"] == "open_labels_evidence"}
    assert quoted == "Somebody tells of a day."


REAL: list[tuple[type[Any], dict[str, Any]]] = [
    (Caption, {}),
    (Merge, {"from_": ("caption", "text")}),
    (ExtractLabels, {"of": "text"}),
    (Cues, {}),
    (Explain, {"facts": ("text", "pitch_hz")}),
    (Translate, {"of": "text", "to": "fr", "check": False}),
    (Rewrite, {"aim": "Say it without any word of emotion."}),
]
ROW = {
    "text": "Leave me alone. I lost everything.",
    "caption": "He looks at the floor. His voice is low.",
    "pitch_hz": 213.0,
    "anchor": {"record": "r"},
}


@pytest.mark.parametrize(
    ("cls", "given"),
    [pytest.param(*case, marks=[pytest.mark.drill] if number > 1 else []) for number, case in enumerate(REAL)],
    ids=[cls.__name__ for cls, _ in REAL],
)
def test_a_small_real_model_answers_in_form_or_fails_its_row(cls: type[Any], given: dict[str, Any], llama: str) -> None:
    made = step(cls, model=smollm(llama, max_tokens=120, tries=1), **given)
    result = told(made, ROW)
    assert {failed.error for failed in result.failed} <= {"UnreadableAnswer"}
    for row in result.rows.select(list(made.writes())).to_pylist():
        _check(row)


def _check(row: dict[str, Any]) -> None:
    """What holds of answers that were read, however poor they are."""
    texts = f"{ROW['text']} {ROW['caption']}"
    assert all(row[name] for name in row if name.endswith("_by"))
    for sentence in json.loads(row.get("description_from") or "[]"):
        assert sentence["text"] in row["description"]
        assert all(rest["quote"] in texts for rest in sentence["from"])
    for place in [*(row.get("open_labels_evidence") or ()), *(row.get("cues") or ())]:
        assert place["kind"] != "textual" or place["text"] in texts
        assert place["char_start"] is not None or place["text"] not in texts
    for cited in json.loads(row.get("explanation_facts") or "[]"):
        assert set(cited["facts"]) <= {"text", "pitch_hz"} and cited["facts"]
