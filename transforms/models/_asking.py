"""Questions as rows, so that they travel as rows do: to a child process, to an actor, down to the one that is bad."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any

import pyarrow as pa

from affectory.schemas.errors import UserError
from affectory.schemas.types import FRAMES, MEDIA
from affectory.transforms.asking import with_replies
from affectory.transforms.base import Columns, Failed, Said, Step
from affectory.transforms.models._asked import AskedModel
from affectory.transforms.models._messages import Ask, Chat, Message, Part
from affectory.transforms.rows import told

ASK, SHOWN, PEOPLE = "ask", "shown", "people"
COLUMNS: Columns = {ASK: pa.string(), SHOWN: FRAMES, PEOPLE: pa.list_(pa.string())}
"""`people` are those of the row that a question is about; null where nobody looked, as its model is local."""
PLACES: Columns = {"original": MEDIA, "source": pa.string(), "uri": pa.string()}
"""Columns of the row a question is about, by which its media are found."""


def rows_of(asks: Sequence[Ask], places: pa.Table, people: Sequence[Sequence[str] | None] | None = None) -> pa.Table:
    """Questions as rows, beside the places of the rows that they are about and who is in these."""
    shown = [[_medium(part) for part in ask.media] for ask in asks]
    whose = pa.array([None] * len(asks) if people is None else people, COLUMNS[PEOPLE])
    columns = {ASK: pa.array(map(_written, asks), pa.string()), SHOWN: pa.array(shown, FRAMES), PEOPLE: whose}
    return pa.table({**columns, **{name: places.column(name) for name in PLACES}})


def asks_of(rows: pa.Table) -> list[Ask]:
    """Questions from rows, their media where they are on this machine."""
    given = zip(rows.column(ASK).to_pylist(), rows.column(SHOWN).to_pylist(), strict=True)
    return [
        _read(written, {medium["asset"]: medium["path"] or "" for medium in shown or ()}) for written, shown in given
    ]


def _medium(part: Part) -> dict[str, Any]:
    return {"asset": part.asset, "format": part.format}


def _written(ask: Ask) -> str:
    # Not with sorted keys: what stands first in a schema is what a model answers first.
    return json.dumps(asdict(ask), ensure_ascii=False, allow_nan=False)


def _read(written: str, paths: Mapping[str, str]) -> Ask:
    plain = json.loads(written)
    messages = tuple(
        Message(
            message["role"], tuple(Part(**{**part, "path": paths.get(part["asset"], "")}) for part in message["parts"])
        )
        for message in plain.pop("messages")
    )
    return replace(Ask(**{**plain, "messages": messages}), choices=tuple(plain["choices"]))


def asking(model: AskedModel) -> Step:
    """Loads a model; the step asks it every row's question."""
    chat = model.load()
    return lambda rows: with_replies(rows, put(chat, asks_of(rows)))


def put(chat: Chat, asks: Sequence[Ask]) -> list[Said]:
    """All replies, in the order of the questions."""
    said = dict(heard(chat, asks))
    return [said[index] for index in range(len(asks))]


def heard(chat: Chat, asks: Sequence[Ask]) -> Iterator[tuple[int, Said]]:
    """Replies as they come, exactly one to each question, whatever a backend does: of the questions that are left when
    it raises, those fail that make it raise alone."""
    left = dict(enumerate(asks))
    try:
        for index, said in chat(asks):
            if left.pop(index, None) is not None:
                yield index, said
    except UserError:
        raise
    except Exception as error:
        if len(asks) > 1:
            yield from _halved(chat, left)
            return
        why = Failed(0, type(error).__name__, told(error))
    else:
        why = Failed(0, "Unanswered", "the backend left this question out")
    yield from ((index, why) for index in left)


def _halved(chat: Chat, left: Mapping[int, Ask]) -> Iterator[tuple[int, Said]]:
    places = list(left)
    middle = (len(places) + 1) // 2
    for some in filter(None, (places[:middle], places[middle:])):
        yield from ((some[at], said) for at, said in heard(chat, [left[place] for place in some]))
