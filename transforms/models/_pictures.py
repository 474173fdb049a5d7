"""Asking a backend about pictures: which ones are sent, and its replies as what it sees in each."""

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Generic, TypeVar

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, ValidationError

from affectory.transforms.asking import media_hash, one_by_one
from affectory.transforms.base import Columns, Model, Reply, Sent, Transform, Whom
from affectory.transforms.files import fingerprint
from affectory.transforms.image._places import pictures
from affectory.transforms.models._backends import Asked, backend
from affectory.transforms.rows import Values

_LONGEST_SIDE = 16_384

Pixels = NDArray[np.uint8]
Look = Callable[[Pixels], list[Any]]
"""A loaded backend: what it sees in a picture of red, green and blue, as plain data."""
T = TypeVar("T")


class Seen(BaseModel, Generic[T]):
    """What is seen in a picture of a size (width, height)."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    size: tuple[int, int]
    found: list[T]


def shown(row: Values) -> list[Mapping[str, Any]]:
    """The picture of an image sample or the frames of a video, as far as it has them."""
    given = (row["frames"] or []) if row["kind"] == "video" else [row["image"]]
    return [picture for picture in given if picture and (picture["asset"] or picture["path"])]


def check(step: str, given: Asked) -> None:
    """The backend is there, and which model of it is meant is clear."""
    if given.path is not None and given.hub is not None:
        raise ValueError("give a model's folder or file as `path`, or the name of one on the hub as `hub`, not both")
    if (given.hub is None) != (given.revision is None):
        raise ValueError("a model on the hub is named by `hub` and `revision` together")
    backend(step, given.backend)


def whom(step: str, given: Asked) -> Whom:
    model, revision = given.hub or given.backend, given.revision or ""
    if given.path:
        model, revision = given.path.name, fingerprint(given.path)
    return Whom(given.backend, model, revision, code=f"{backend(step, given.backend).module} {__name__}")


def sends(step: Transform, rows: pa.Table) -> list[Sent | None]:
    """All pictures of a row; nothing where it has none."""
    return [tuple(map(media_hash, shown(row))) or None for row in rows.select(list(step.reads())).to_pylist()]


def model(step: str, given: Asked, reads: Columns) -> Model:
    """A picture at a time, in full size, upright, in sRGB."""
    from affectory.transforms.media._images import pixels_of

    look: Look = backend(step, given.backend).load(str(given.path or given.hub or ""), revision=given.revision)

    def seen(path: str) -> dict[str, Any]:
        pixels = pixels_of(path, _LONGEST_SIDE)
        return {"size": [pixels.shape[1], pixels.shape[0]], "found": look(pixels)}

    return one_by_one(reads, lambda row: Reply(json.dumps([seen(picture["path"]) for picture in shown(row)])))


def read(
    row: Values, reply: Reply | None, kind: type[Seen[T]], step: str, backend: str
) -> Iterator[tuple[Mapping[str, Any], Seen[T]]]:
    """Each picture of a row with what is seen in it; a reply that is not as agreed is an error that says where."""
    if reply is None:
        list(pictures(row, step))
        raise UnreadableReply(backend, "nothing")
    try:
        seen = [kind.model_validate(picture) for picture in json.loads(reply.text or "")]
    except (ValidationError, ValueError, TypeError) as error:
        raise UnreadableReply(backend, _first(error)) from error
    if len(seen) != len(shown(row)):
        raise UnreadableReply(backend, f"{len(seen)} answers to {len(shown(row))} pictures")
    yield from zip(shown(row), seen, strict=True)


class UnreadableReply(Exception):
    """A backend answered something else than was agreed."""

    def __init__(self, backend: str, detail: str) -> None:
        super().__init__(backend, detail)
        self.backend, self.detail = backend, detail

    def __str__(self) -> str:
        return f"the backend {self.backend} answered what cannot be read: {self.detail}"


def _first(error: Exception) -> str:
    if not isinstance(error, ValidationError):
        return str(error)
    first = error.errors(include_url=False)[0]
    return f"{'.'.join(map(str, first['loc']))}: {first['msg']}, given {first['input']!r}"[:500]
