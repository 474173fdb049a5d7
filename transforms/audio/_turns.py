"""Turns of speakers as a backend tells them, as segments of a sample."""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from affectory.transforms.media._limits import span
from affectory.transforms.rows import Values


class Turn(BaseModel):
    """From when to when somebody speaks, in seconds; the same name is the same person."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    start: Annotated[float, Field(ge=0)]
    end: Annotated[float, Field(gt=0)]
    who: Annotated[str, Field(min_length=1)]
    score: Annotated[float, Field(ge=0, le=1)] | None = None


_TURNS = TypeAdapter(list[Turn])


def turns(told: Any, row: Values) -> dict[str, Any]:
    """Segments in their order. Speakers are numbered as they begin to speak, and are nobody in any other sample."""
    start_us, end_us = span(row["anchor"])
    found = sorted(_TURNS.validate_python(told), key=lambda turn: (turn.start, turn.end, turn.who))
    numbers: dict[str, int] = {}
    segments = []
    for turn in found:
        begin = start_us + round(turn.start * 1e6)
        end = min(start_us + round(turn.end * 1e6), end_us or 2**62)
        if end <= begin:
            raise ValueError(f"a turn of {turn.who} from {turn.start:g} s to {turn.end:g} s")
        who = f"{row['sample_id']}-{numbers.setdefault(turn.who, len(numbers) + 1)}"
        segments.append({"kind": "turn", "start_us": begin, "end_us": end, "who": who, "score": turn.score})
    return {"segments": segments, "speaker_count": len(numbers)}
