"""All that two releases differ in, as data and as text."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from affectory.pipelines.comparing.agreeing import AgreementShift, agreement_shifts
from affectory.pipelines.comparing.joined import joined
from affectory.pipelines.comparing.raters import Crowd, crowds
from affectory.pipelines.comparing.rows import First, firsts
from affectory.pipelines.comparing.shares import Shift, shifts
from affectory.pipelines.consuming.published import Published
from affectory.pipelines.release.diff import ReleaseDiff, Side, compare
from affectory.schemas.urls import Location, read_location

_MOST_SHARES = 10


@dataclass(frozen=True)
class Comparison:
    """What changed, and how far labels, raters and agreement shifted."""

    diff: ReleaseDiff
    rows: tuple[First, ...] = ()
    shifts: tuple[Shift, ...] = ()
    crowds: tuple[Crowd, ...] = ()
    agreement: tuple[AgreementShift, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Plain data: the fields of the difference, and beside them the shifts."""
        return {
            **self.diff.as_json(),
            "rows": [asdict(first) for first in self.rows],
            "shifts": [{**asdict(shift), "shifted": shift.shifted} for shift in self.shifts],
            "raters": [asdict(crowd) for crowd in self.crowds],
            "agreement": [{**asdict(x), "shift": x.shift, "shifted": x.shifted} for x in self.agreement],
        }

    def as_text(self) -> str:
        """For people."""
        if self.diff.empty:
            return self.diff.as_text()
        parts = (_rows(self.rows), _shifted(self.shifts), _crowded(self.crowds), _agreed(self.agreement))
        return "\n".join([self.diff.as_text(), *(line for part in parts for line in part)])


def compared(a: Location | str, b: Location | str, draws: int = 1000, seed: int = 0) -> Comparison:
    """Two releases side by side; without draws only their rows, as they are compared for a version."""
    sides = [Side.of(place) for place in (a, b)]
    found = compare(*sides)
    if found.empty:
        return Comparison(found)
    both = joined(*sides)
    if not draws:
        return Comparison(found, firsts(both))
    old, new = (Published(read_location(place, "release")) for place in (a, b))
    agreement = agreement_shifts(old, new, draws, seed)
    return Comparison(found, firsts(both), shifts(both, draws, seed), crowds(old, new), agreement)


def _rows(rows: Sequence[First]) -> Iterator[str]:
    for first in rows:
        more = first.rows - len(first.ids)
        yield f"  rows {first.change}: {', '.join(first.ids)}{f' and {more:,} more' if more > 0 else ''}"


def _shifted(found: Sequence[Shift]) -> Iterator[str]:
    if found:
        yield "  labels shifted (Jensen-Shannon divergence in bits, 95 % interval; p: how often chance does as much):"
    for shift in found:
        verdict = "shifted" if shift.shifted else "as chance would"
        figures = f"{shift.divergence:.4f} [{shift.low:.4f}, {shift.high:.4f}]  p {shift.adjusted:.3f}"
        yield f"    {shift.split}: {figures}  {verdict} ({shift.rows_a:,} -> {shift.rows_b:,} rows)"
    shares = sorted(found[0].shares if found else (), key=lambda share: (-abs(share.shift), share.label))
    for share in shares[:_MOST_SHARES]:
        ends = f"[{share.low:+.1%}, {share.high:+.1%}]"
        yield f"      {share.label}: {share.a:.1%} -> {share.b:.1%}  {share.shift:+.1%} {ends}"
    if len(shares) > _MOST_SHARES:
        yield f"      and {len(shares) - _MOST_SHARES} labels that shifted less"


def _crowded(found: Sequence[Crowd]) -> Iterator[str]:
    if found:
        yield "  raters:"
    for crowd in found:
        figures = (("raters", crowd.raters), ("opinions", crowd.opinions), ("samples judged", crowd.samples))
        yield f"    {crowd.kind}: {', '.join(f'{a:,} -> {b:,} {what}' for what, (a, b) in figures)}"


def _agreed(found: Sequence[AgreementShift]) -> Iterator[str]:
    if found:
        yield "  agreement (95 % interval of the shift over items):"
    for shift in found:
        about = ", ".join(part for part in (shift.pool, shift.about) if part)
        values = f"{_number(shift.a)} -> {_number(shift.b)}"
        ends = "" if shift.low is None or shift.high is None else f"  [{shift.low:+.3f}, {shift.high:+.3f}]"
        ends = f"  ({shift.state})" if shift.state else ends
        verdict = "  shifted" if shift.shifted else ""
        yield f"    {shift.question} ({about}; {shift.measure}): {values}{ends}{verdict}"


def _number(value: float | None) -> str:
    return "none" if value is None else f"{value:.3f}"
