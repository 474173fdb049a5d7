"""Steps that look at pictures and go wrong on purpose. Child processes import this module by its name."""

import os
import signal
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from affectory.schemas.types import ANCHOR, MEDIA
from affectory.transforms.base import ALL_KINDS, Columns, Resources, Step
from affectory.transforms.looking import Looker, looked
from affectory.transforms.rows import Reject, Values


@dataclass(frozen=True)
class Counted:
    """Notes how many pictures it was shown, under a name of its own; `act` says what goes wrong."""

    name: str = "pictures"
    act: str = ""
    on: frozenset[str] = ALL_KINDS
    resources: Resources = Resources(isolated=True, timeout_s=20)  # noqa: RUF009

    def reads(self) -> Columns:
        return {"original": MEDIA, "anchor": ANCHOR}

    def writes(self) -> Columns:
        return {self.name: pa.int64()}

    def setup(self) -> Step:
        return looked(self)

    def looker(self) -> Looker:
        return lambda row, film: _Counting(self, film)


class _Counting:
    def __init__(self, step: Counted, film: Any) -> None:
        self.step, self.film, self.count = step, film, 0

    def show(self, picture: Any) -> None:
        self.count += 1
        if self.count == 5:
            _do(self.step.act, self.film.rgb(picture))

    def made(self) -> Values:
        if self.step.act == "reject":
            raise Reject("filtered", "not wanted")
        return {self.step.name: self.count}


def _do(act: str, pixels: Any) -> None:
    if act == "write":
        pixels[:] = 0
    if act == "raise":
        raise ValueError("bad picture")
    if act == "die":
        os.kill(os.getpid(), signal.SIGSEGV)
