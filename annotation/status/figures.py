"""The state of a review: all figures, as text and as plain data."""

from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

from affectory.annotation.status.agreeing import Agreements, agreements
from affectory.annotation.status.inputs import StatusInputs
from affectory.annotation.status.matching import matched
from affectory.annotation.status.progress import Progress, progress
from affectory.annotation.status.quarantine import PutAside, put_aside
from affectory.annotation.status.reliability import Reliability, reliability
from affectory.annotation.status.said import said
from affectory.annotation.status.times import Times, times


@dataclass(frozen=True)
class Status:
    """How a review goes."""

    title: str
    progress: Progress
    times: Times
    agreement: Agreements
    reliability: Reliability
    refused: tuple[PutAside, ...]

    def facts(self) -> dict[str, Any]:
        """All of it as plain data, for JSON."""
        found: dict[str, Any] = _plain(asdict(self))
        for row, rater in zip(found["reliability"]["raters"], self.reliability.raters, strict=True):
            row["concerns"] = list(rater.concerns)
        return found

    def as_text(self) -> str:
        """Tables for a terminal."""
        from affectory.annotation.status.text import text_of

        return text_of(self)


def status(inputs: StatusInputs) -> Status:
    """How the review goes whose ledgers these are."""
    asks, returns = matched(inputs)
    given = said(inputs.judgements, asks, returns)
    return Status(
        title=inputs.title,
        progress=progress(asks, returns, inputs.today),
        times=times(asks, returns),
        agreement=agreements(given, asks, inputs.taxonomy, inputs.draws),
        reliability=reliability(inputs, asks, returns, given),
        refused=put_aside(asks, returns, inputs.projects),
    )


def _plain(value: Any) -> Any:
    """Dates as text, tuples as lists."""
    if isinstance(value, dict):
        return {str(key): _plain(inside) for key, inside in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inside) for inside in value]
    return value.isoformat() if isinstance(value, date) else value
