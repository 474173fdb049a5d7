"""Stages that talk with models: every answer is kept, and asked for once."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from support.media import write_picture
from support.project import TEXTS
from support.talking import asks, backends, parrot, texts_with

from affectory.pipelines.bind import read_and_bind
from affectory.pipelines.retry import mark_for_retry
from affectory.pipelines.runner.conversing import Writers
from affectory.pipelines.runner.execute import SetUpFailed
from affectory.pipelines.runner.talks import Question
from affectory.pipelines.store.answers import Answers
from affectory.pipelines.store.files import files_at
from affectory.pipelines.store.workspace import Workspace
from affectory.schemas.recipe.problems import RecipeProblems
from affectory.transforms.base import Failed, Reply
from affectory.transforms.models._asked import AskedModel
from affectory.transforms.models._messages import Ask, Chat

pytestmark = pytest.mark.usefixtures("backends")
__all__ = ["backends"]
NOTES = {"configs": ["default", "notes"]}
CAPTION = {"caption": {"model": "bird"}}
LEXICON = {"backend": "bundled", "model": "lexicon"}


def bird(folder: Path, **spec: object) -> dict[str, object]:
    folder.mkdir(exist_ok=True)
    return {"bird": {"backend": "parrot", "options": {"folder": str(folder)}, **spec}}


def test_all_rows_are_described_and_nothing_is_asked_twice(tmp_path: Path) -> None:
    made = texts_with(tmp_path / "p", 6, bird(tmp_path / "asked"), [CAPTION], publish=NOTES)
    summary = made.build()
    assert summary.kept == 6
    notes = made.rows(summary.version, "notes").to_pylist()
    assert sum(note["name"] == "caption" for note in notes) == 6
    assert {n["text"].split(" asked by ")[1].split()[0] for n in notes if n["name"] == "caption_by"} == {"caption@1"}
    first = asks(tmp_path / "asked")
    assert len(first) == 6
    Workspace(made.workspace).clean()
    made.build()
    assert asks(tmp_path / "asked") == first


def test_a_question_without_a_reply_fails_its_row_alone(tmp_path: Path) -> None:
    made = texts_with(tmp_path / "p", 6, bird(tmp_path / "asked"), [CAPTION])
    lines = made.folder / "lines.jsonl"
    lines.write_text(lines.read_text().replace("Line 3:", "Line 3, FAIL:"))
    summary = made.build("limits.max_failed=1.0")
    assert (summary.kept, summary.failed) == (5, 1)
    (lost,) = [x for x in made.rejects() if x["outcome"] == "failed"]
    assert (lost["reason"], lost["detail"]) == ("ConnectionError", "the parrot flew away")


def test_a_model_that_cannot_be_loaded_ends_the_build_by_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = texts_with(tmp_path / "p", 2, bird(tmp_path / "asked"), [CAPTION])

    def broken(self: AskedModel) -> None:
        raise OSError("no weights here")

    monkeypatch.setattr(AskedModel, "load", broken)
    with pytest.raises(SetUpFailed, match="caption asks bird could not be set up: OSError: no weights here"):
        made.build(publish=False)


def test_what_only_other_kinds_of_samples_have_is_told_as_missing(tmp_path: Path) -> None:
    merge = {"merge": {"model": "bird", "from": ["sharpness", "text"], "prompt": "merge_text"}}
    folder = {"kind": "folder", "name": "pictures", "path": "pictures"}
    sources = [*TEXTS["sources"], folder]
    made = texts_with(tmp_path / "p", 3, bird(tmp_path / "asked"), [merge], sources=sources, ingest=["sharpness"])
    (made.folder / "pictures").mkdir()
    write_picture(made.folder / "pictures" / "one.png")
    summary = made.build(publish=False)
    assert (summary.kept, summary.failed) == (4, 0)
    told = asks(tmp_path / "asked")
    assert [("sharpness" in x, "Line" in x) for x in told].count((False, True)) == 3
    assert [("sharpness" in x, "Line" in x) for x in told].count((True, False)) == 1


def test_a_reply_to_a_picture_that_changed_meanwhile_is_not_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    look = {"caption": {"model": "bird", "see": ["image"], "prompt": "image_clues"}}
    folder = {"kind": "folder", "name": "pictures", "path": "pictures"}
    more = {"sources": [folder], "ratings": [], "ingest": [], "limits": {"max_failed": 1.0}}
    made = texts_with(tmp_path / "p", 1, bird(tmp_path / "asked"), [look], **more)
    picture = made.folder / "pictures" / "one.png"
    picture.parent.mkdir()
    write_picture(picture)

    def meddling(self: AskedModel) -> Chat:
        def chat(asks: Sequence[Ask]) -> Iterator[tuple[int, Reply | Failed]]:
            write_picture(picture, colour=(9, 9, 9))
            yield 0, Reply("A picture that nobody has.")

        return chat

    with monkeypatch.context() as patched:
        patched.setattr(AskedModel, "load", meddling)
        assert made.build(publish=False).failed == 1
    assert [row["reason"] for row in made.rejects()] == ["SourceChanged"]
    write_picture(picture)
    mark_for_retry(made.workspace, "SourceChanged")
    monkeypatch.setattr("affectory.pipelines.runner.conversing._CHATS", {})
    assert made.build(publish=False).kept == 1
    assert len(asks(tmp_path / "asked")) == 1, "it was asked anew"


def test_where_one_ledger_cannot_be_written_answers_for_others_are_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledgers = {name: Answers(files_at(tmp_path / name), parrot(name=name).whom("hash")) for name in ("full", "good")}
    kept = Answers.add

    def add(self: Answers, *given: Any) -> None:
        if self is ledgers["full"]:
            raise OSError("no space left")
        kept(self, *given)

    monkeypatch.setattr(Answers, "add", add)
    asked = {name: Question(Ask(name, (), "hash"), replace(x.whom, model=name), 0, name) for name, x in ledgers.items()}
    with pytest.raises(OSError, match="no space"), Writers(lambda whom: ledgers[whom.model], "p") as writers:
        for question in asked.values():
            writers.add(question, Reply("yes"))
    assert len(list((tmp_path / "good").rglob("*.parquet"))) == 1


ELSEWHERE = (
    "url=http://other.example/v1", "key=${env:OTHER_KEY}", "local=true", "gpus=0.5", "batch_rows=3", "memory_mb=3000",
    "concurrency=3", "requests_per_minute=9", "tokens_per_minute=9", "timeout_s=3", "retries=1", "price={input: 3}",
)  # fmt: skip


def test_where_a_model_is_and_what_it_costs_changes_neither_answers_nor_the_release(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SERVER_KEY", "hunter2-hunter2")
    here = bird(tmp_path / "asked", url="http://ours.example/v1", key="${env:SERVER_KEY}")
    made = texts_with(tmp_path / "p", 4, here, [CAPTION])
    first = made.build()
    again = made.build(*(f"models.bird.{change}" for change in ELSEWHERE))
    assert (again.version, again.unchanged) == (first.version, True)
    assert len(asks(tmp_path / "asked")) == 4
    told = [f for folder in (made.workspace, made.releases) for f in folder.rglob("*") if f.is_file()]
    assert not [f.name for f in told if b"ours.example" in f.read_bytes() or b"hunter2" in f.read_bytes()]


@pytest.mark.parametrize("change", ["temperature=0.5", "max_tokens=9", "revision=v2", "seed=5", "options.says=Joy."])
def test_what_determines_an_answer_asks_anew(tmp_path: Path, change: str) -> None:
    made = texts_with(tmp_path / "p", 3, bird(tmp_path / "asked"), [CAPTION])
    made.build(publish=False)
    made.build(f"models.bird.{change}", publish=False)
    assert len(asks(tmp_path / "asked")) == 6


@pytest.mark.parametrize(
    ("models", "assist", "says"),
    [
        ({}, [CAPTION], "no such model"),
        ({"bird": {"backend": "parot"}}, [CAPTION], "no backend is named 'parot'"),
        ({"bird": {"backend": "parrot"}}, [CAPTION, CAPTION], "writes `caption`, which a step before it writes too"),
        ({"bird": {"backend": "parrot"}}, [{"caption": {"model": "bird", "as": "text"}}], "allowed: any other name"),
        ({"bird": {"backend": "parrot"}}, [{"caption": {"model": "bird", "as": "My note"}}], "matching ^[a-z]"),
        ({"bird": {"backend": "parrot"}}, [{"caption": {"model": "bird", "prompt": 3}}], "no prompt is named 3"),
        ({"bird": {"backend": "parrot"}}, [{"caption": {"model": 3}}], "no such model\n    given: 3\n"),
        ({"bird": LEXICON}, [{"rewrite": {"model": "bird", "aim": "kinder"}}], "needs a model that takes a prompt"),
        ({"bird": {**LEXICON, "model": "face_emotion"}}, [CAPTION], "caption has to `see` image or frames"),
        ({"bird": {"backend": "hog"}}, [CAPTION], "the backend hog does not talk"),
        ({"bird": {"backend": "parot"}}, [{"caption": {"model": "birt"}}], "did you mean: bird?"),
        ({"bird": {"backend": "parrot"}}, [{"caption": {"model": "birt"}}], "did you mean"),
        (
            {"bird": {"backend": "parrot"}},
            [{"opine": {"panel": ["bird", 3]}}],
            "panel[1]: no such model\n    given: 3\n",
        ),
        ({"bird": {"backend": "parrot"}}, [{"caption": {"model": "bird", "prompt": "captain"}}], "no prompt is named"),
        ({"bird": {"backend": "parrot", "can": ["json"]}}, [{"caption": {"model": "bird", "see": ["audio"]}}], "needs"),
    ],
)
def test_mistakes_are_told_before_anything_runs(
    tmp_path: Path, models: dict[str, object], assist: list[object], says: str
) -> None:
    made = texts_with(tmp_path / "p", 2, models, assist)
    with pytest.raises(RecipeProblems) as told:
        read_and_bind(made.recipe)
    assert says in str(told.value)
