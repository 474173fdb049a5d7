"""What an annotation says, once it is read and checked."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Answered:
    """One judgement: `asked` and `answer` as in the ledger, `place` where it is about a part of what was shown.

    `question` tells it from others about the same place. Places are in coordinates of the record.
    """

    question: str
    asked: Mapping[str, Any]
    answer: Mapping[str, Any]
    place: Mapping[str, Any] = field(default_factory=dict)
    confidence: float | None = None
    rationale: str | None = None
    evidence: tuple[Mapping[str, Any], ...] = ()


@dataclass(frozen=True)
class Read:
    """Judgements, or why there are none: the rater `declined`, or the answer has `problems` and is put aside."""

    answers: tuple[Answered, ...] = ()
    declined: str = ""
    problems: tuple[str, ...] = ()
