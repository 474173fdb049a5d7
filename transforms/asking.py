"""What stages that ask a model have in common: replies as a column, per-row adapters, and both halves as one step."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from affectory.schemas.ids import asset_id
from affectory.schemas.ledgers import ANSWERS
from affectory.transforms.base import Asking, Columns, Failed, Model, Reader, Rejected, Reply, Result, Said, Step
from affectory.transforms.rows import Reject, Values, by_row, rejected, told

KEPT = ("text", "logprobs", "usage")
REPLY = pa.struct([*(pa.field(n, ANSWERS.schema.field(n).type) for n in KEPT), pa.field("media", pa.large_binary())])
"""A reply as a column, in the ledger's types; what is heard or seen in it is in the column itself."""

REPLIES = "_reply"
"""The column that holds replies between asking and reading."""


def text_hash(text: str) -> str:
    """What stands for a text that is sent."""
    return hashlib.sha256(text.encode()).hexdigest()


def media_hash(media: Mapping[str, Any]) -> str:
    """What stands for media that are sent: their asset, or the hash of the file where nobody knows that yet."""
    if media["asset"]:
        return str(media["asset"])
    return asset_id([Path(media["path"]).read_bytes()])


def packed(reply: Reply) -> dict[str, Any]:
    """A reply as a row of the ledger holds it."""
    logprobs = [{"token": token, "logprob": value} for token, value in reply.logprobs]
    return {"text": reply.text, "logprobs": logprobs, "usage": dict(reply.usage), "media": reply.media}


def unpacked(value: Mapping[str, Any]) -> Reply:
    """The reply that a row of the ledger holds."""
    logprobs = tuple((x["token"], x["logprob"]) for x in value["logprobs"] or ())
    return Reply(value["text"], logprobs, dict(value["usage"] or {}), value["media"])


def one_by_one(reads: Columns, answer: Callable[[Values], Reply]) -> Model:
    """A model that answers a row at a time: it may raise `Reject`, and an error is its row's alone."""

    def model(rows: pa.Table) -> list[Said]:
        given = rows.select(list(reads)).to_pylist(maps_as_pydicts="strict")
        return [_tried(answer, row, values) for row, values in enumerate(given)]

    return model


def _tried(answer: Callable[[Values], Reply], row: int, values: Values) -> Said:
    try:
        return answer(values)
    except Reject as reject:
        return rejected(row, reject)
    except Exception as error:  # one bad row never takes its batch along
        return Failed(row, type(error).__name__, told(error))


def read_by_row(
    reads: Columns, writes: Columns, work: Callable[[Values, Reply | None], Values | list[Values]]
) -> Reader:
    """As `by_row`, for the reading of replies."""

    def read(rows: pa.Table, replies: Sequence[Reply | None]) -> Result:
        coming = iter(replies)
        return by_row(reads, writes, lambda values: work(values, next(coming)))(rows)

    return read


def with_replies(rows: pa.Table, said: Sequence[Said | None]) -> Result:
    """Rows with what was said about them in the column `REPLIES`; those with a reason why there is none are lost."""
    if len(said) != rows.num_rows:
        raise ValueError(f"the model gave {len(said)} replies to {rows.num_rows} rows")
    kept = np.array([i for i, x in enumerate(said) if x is None or isinstance(x, Reply)], dtype=np.int64)
    replies = pa.array([packed(x) if isinstance(x, Reply) else None for x in map(said.__getitem__, kept)], REPLY)
    lost = tuple(replace(x, row=i) for i, x in enumerate(said) if isinstance(x, Rejected))
    failed = tuple(replace(x, row=i) for i, x in enumerate(said) if isinstance(x, Failed))
    return Result(rows.take(pa.array(kept)).append_column(REPLIES, replies), kept, lost, failed)


def ask_step(asking: Asking) -> Step:
    """Loads the model; the step asks it about every row."""
    model = asking.model()
    return lambda rows: with_replies(rows, model(rows))


def read_step(asking: Asking) -> Step:
    """Reads the column `REPLIES`, wherever the replies came from."""
    read = asking.reader()

    def step(rows: pa.Table) -> Result:
        replies = rows.column(REPLIES).to_pylist(maps_as_pydicts="strict")
        return read(rows.drop_columns([REPLIES]), [None if reply is None else unpacked(reply) for reply in replies])

    return step


def composed(asking: Asking) -> Step:
    """Asking and reading as one step without a ledger: for tests, and where nothing is to be kept."""
    read, model = read_step(asking), asking.model()

    def step(rows: pa.Table) -> Result:
        places = [i for i, sent in enumerate(asking.sends(rows)) if sent is not None]
        said = dict(zip(places, model(rows.take(pa.array(places, pa.int64()))), strict=True))
        asked = with_replies(rows, [said.get(i) for i in range(rows.num_rows)])
        return asked.then(read(asked.rows))

    return step
