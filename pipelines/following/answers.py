"""The answers of models that a sample rests on: asked for anew of the ledger, as a build asks for them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from affectory.pipelines.prompting import prompt, prompt_names
from affectory.pipelines.runner.asking import Questions
from affectory.pipelines.runner.conversing import told_of
from affectory.pipelines.runner.stage import Stage
from affectory.pipelines.runner.talks import Talks
from affectory.pipelines.store.workspace import Workspace
from affectory.schemas.errors import AffectoryError
from affectory.transforms.base import Reply, Whom

_SHOWN = 80


@dataclass(frozen=True)
class Answer:
    """One reply of a model: who gave it, to which prompt, and its key in the ledger of answers."""

    answer_id: str
    stage: str
    backend: str
    model: str
    revision: str
    prompt: str
    """The name, version and hash of one that is known by them, else its hash; empty for a model that takes none."""
    parameters: str
    text: str | None

    def line(self) -> str:
        """For people."""
        who = f"{self.model}{f'@{self.revision}' if self.revision else ''} ({self.backend})"
        asked = f", prompt {self.prompt}" if self.prompt else ""
        said = " ".join((self.text or "").split())
        said = said if len(said) <= _SHOWN else f"{said[: _SHOWN - 3]}..."
        return f"{self.answer_id}  {self.stage}: {who}{asked}{f': {said}' if said else ''}"


def answers_about(
    workspace: Workspace, stages: Sequence[Stage], chain: Sequence[str], sample: str
) -> tuple[Answer, ...]:
    """What models answered about a sample on its way, in the order in which they were asked.

    A stage that was changed since asks otherwise, so nothing may be found of it.
    """
    by_name, commits = {stage.name: stage for stage in stages}, workspace.commits()
    found: dict[str, Answer] = {}
    for before, after in pairwise([commits.get(key) for key in chain]):
        stage = by_name.get(after.stage)
        if stage is None or not (stage.whom or stage.models):
            continue
        rows = commits.read(before, "rows")
        mine = None if rows is None else rows.filter(pc.equal(rows.column("sample_id"), sample))
        if mine is not None and mine.num_rows:
            found |= {answer.answer_id: answer for answer in _of_stage(workspace, stage, chain[0], mine)}
    return tuple(found.values())


def _of_stage(workspace: Workspace, stage: Stage, root: str, rows: pa.Table) -> list[Answer]:
    """Whatever cannot be asked for anew, such as media that are gone, leaves nothing to tell."""
    try:
        return list(_asked(workspace, stage, root, rows) if stage.whom else _talked(workspace, stage, root, rows))
    except (AffectoryError, OSError, LookupError, TypeError, ValueError):
        return []


def _asked(workspace: Workspace, stage: Stage, root: str, rows: pa.Table) -> Iterator[Answer]:
    assert stage.whom is not None
    ids = [key for key in Questions.of(stage, rows).ids if key is not None]
    for key, reply in workspace.answers(stage.whom).find(root, ids).items():
        yield _answer(key, stage, stage.whom, reply)


def _talked(workspace: Workspace, stage: Stage, root: str, rows: pa.Table) -> Iterator[Answer]:
    transform: Any = stage.transform
    talks = Talks(stage, told_of(stage, rows), transform.talk)
    said: dict[str, Reply] = {}
    while talks.open:
        questions = talks.questions()
        for key, question in questions.items():
            if key not in said:
                found = workspace.answers(question.whom).find(root, [key])
                said |= found
                yield from (_answer(key, stage, question.whom, reply) for reply in found.values())
        if not talks.tell_known(said):
            return


def _answer(key: str, stage: Stage, whom: Whom, reply: Reply) -> Answer:
    called = _names().get(whom.prompt, whom.prompt)
    text = None if reply.media is not None else reply.text
    return Answer(key, stage.name, whom.backend, whom.model, whom.revision, called, whom.parameters, text)


@cache
def _names() -> dict[str, str]:
    """Ours by their hashes."""
    return {found.hash: found.called for found in map(prompt, prompt_names())}
