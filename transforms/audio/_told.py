"""Asking a backend about sounds: which model is meant, what is sent, and what it tells of them."""

import json
from typing import Any, Protocol

import pyarrow as pa

from affectory.schemas.ids import canonical
from affectory.transforms.asking import media_hash, one_by_one
from affectory.transforms.base import Columns, Model, Reply, Sent, Whom
from affectory.transforms.files import fingerprint
from affectory.transforms.models._backends import Asked, backend
from affectory.transforms.rows import Reject, Values

_WORKING = "affectory.transforms.audio._working"


class Heard(Asked, Protocol):
    """The parameters of a step that name whom it asks, and how long a sound may be."""

    @property
    def download(self) -> bool: ...

    @property
    def max_s(self) -> float: ...

    def options(self) -> Values: ...


def check(step: str, given: Heard, needs_model: bool = True) -> None:
    """The backend is there, and which model of it is meant is clear."""
    if (given.path is not None and given.hub is not None) or (given.hub is None) != (given.revision is None):
        raise ValueError("give the folder of a model as `path`, or `hub` and `revision` of one on the hub")
    if needs_model and given.path is None and given.hub is None:
        raise ValueError("it needs a model: its folder as `path`, or `hub` and `revision` of one on the hub")
    backend(step, given.backend)


def whom(step: str, given: Heard) -> Whom:
    """Whom a step asks: a model in a folder is known by its content."""
    name, revision = given.hub or given.backend, given.revision or ""
    if given.path:
        name, revision = given.path.name, fingerprint(given.path)
    code = f"{backend(step, given.backend).module} {_WORKING}"
    return Whom(given.backend, name, revision, parameters=canonical(dict(given.options())), code=code)


def sends(rows: pa.Table) -> list[Sent | None]:
    """What stands for the stretches of sound that are sent to a model."""
    given = rows.select(["original", "anchor"]).to_pylist()
    return [(media_hash(r["original"]), f"{r['anchor']['start_us'] or 0}-{r['anchor']['end_us'] or ''}") for r in given]


def model(step: str, given: Heard, reads: Columns, silence: Any) -> Model:
    """The loaded backend hears samples at 16 kHz in mono; of a video without sound it is not asked: `silence`."""
    from affectory.transforms.audio._working import heard

    place = {"revision": given.revision, "download": given.download}
    hear = backend(step, given.backend).load(str(given.path or given.hub or ""), **place, **given.options())

    def told(row: Values) -> Reply:
        sound = heard(row)
        if sound is None:
            return Reply(json.dumps(silence))
        samples = sound.samples(given.max_s)
        if not samples.size:
            raise Reject("empty", "no sample can be decoded")
        return Reply(json.dumps(hear(samples), ensure_ascii=False))

    return one_by_one(reads, told)
