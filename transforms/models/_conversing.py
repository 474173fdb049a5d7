"""Steps that talk with models: one function from a row to a talk, the rest is the runner's."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol, runtime_checkable

import pyarrow as pa

from affectory.transforms.base import Columns, Failed, Reply, Step, Transform
from affectory.transforms.models._asked import AskedModel
from affectory.transforms.models._asking import put
from affectory.transforms.models._messages import Ask, Chat, Part
from affectory.transforms.models._talking import NotAnswered, Talk, lost_among
from affectory.transforms.rows import Reject, Values, by_row

SEEN = {"image": "image", "frames": "image", "audio": "audio", "video": "video"}
"""Columns of media that models are shown, and as what."""


@runtime_checkable
class Conversing(Transform, Protocol):
    """A stage that talks with models about each row. All they say is kept in the answer ledger, and nothing is asked
    whose reply is there. `resources` is `needs_of(self.models())`, `setup` is `plainly(self)`.
    """

    def models(self) -> Sequence[AskedModel]:
        """All that it may ask."""
        ...

    def talk(self, row: Values) -> Talk:
        """The talk about one row, of the columns that the stage reads; media have their asset and no path."""
        ...


class Outcomes:
    """What became of talks, as work on rows in their order."""

    def __init__(self, ended: Sequence[Any]) -> None:
        self._ended = iter(ended)

    def __call__(self, _: Values) -> Values | list[Values]:
        end = next(self._ended)
        if isinstance(end, Exception):
            raise end
        result: Values | list[Values] = end
        return result


def failure(why: Any) -> Exception:
    """What a talk is told of a question that got no reply."""
    if isinstance(why, Failed):
        return NotAnswered(why.error, why.detail)
    return Reject(why.reason, why.detail)


def plainly(stage: Conversing) -> Step:
    """Talks without a ledger, as one step: for tests, and where nothing is to be kept."""
    chats: dict[str, Chat] = {}
    models = {model.name: model for model in stage.models()}

    def ask(one: Ask) -> Reply | Exception:
        if one.model not in chats:
            chats[one.model] = models[one.model].load()
        (said,) = put(chats[one.model], [one])
        return said if isinstance(said, Reply) else failure(said)

    return by_row(stage.reads(), stage.writes(), lambda row: _played(stage.talk(row), ask))


def _played(talk: Talk, ask: Callable[[Ask], Reply | Exception]) -> Values | list[Values]:
    try:
        asks = next(talk)
        while True:
            replies = list(map(ask, asks))
            if lost := lost_among(replies):
                asks = talk.throw(lost)
            else:
                asks = talk.send([reply for reply in replies if isinstance(reply, Reply)])
    except StopIteration as end:
        result: Values | list[Values] = end.value
        return result


def shown(row: Values, see: Sequence[str]) -> list[Part]:
    """The media of a row that a model is to see or hear, in the order of `see`."""
    parts = []
    for column in see:
        values = row[column] if column == "frames" else [row[column]]
        parts += [_part(column, value) for value in values or () if value and value["asset"]]
    return parts


def _part(column: str, value: Mapping[str, Any]) -> Part:
    return Part(SEEN[column], asset=value["asset"], format=value["format"] or "", path=value["path"] or "")  # type: ignore[arg-type]


def reads_of(see: Sequence[str], inputs: Sequence[str]) -> Columns:
    """The columns that a prompt's inputs and what is to be seen come from."""
    from affectory.schemas.types import FRAMES, MEDIA

    media = {name: FRAMES if name == "frames" else MEDIA for name in see}
    columns = (name.partition(".")[0] for name in inputs)
    return {**{name: pa.null() for name in columns if name not in media}, **media}
