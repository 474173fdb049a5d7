"""Facial action units as backends name them, and as they are noted."""

import re
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

_UNIT = re.compile(r"AU0*([1-9]\d?)([LR]?)", re.IGNORECASE)


def unit(name: str) -> str:
    """AU and two digits, and the side where only one is meant."""
    found = _UNIT.fullmatch(name)
    if found is None:
        raise ValueError("no action unit: AU and its number in FACS, with L or R for one side, as AU12 or AU14L")
    return f"AU{int(found[1]):02}{found[2].upper()}"


class Face(BaseModel):
    """What a backend says of a face: where it is, and intensities of its units from 0 to 5."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)

    box: tuple[float, float, float, float]
    units: dict[Annotated[str, AfterValidator(unit)], Annotated[float, Field(ge=0, le=5)]]
