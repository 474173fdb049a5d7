"""What forgetting a person would take out and what it did, in words and as plain data."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from affectory.pipelines.forget.traces import Traces

_NOT_REACHED = (
    "  other copies are out of reach: backups, what others downloaded, what was pushed to a hub or a bucket, and your "
    "own source files, as named above"
)


@dataclass(frozen=True)
class Plan:
    """What there is of a person."""

    traces: Traces
    rows: Mapping[str, int]
    """Rows that go, by ledger."""
    releases: Mapping[str, int]
    """How many rows each version holds."""

    def facts(self) -> dict[str, Any]:
        """All of it as plain data."""
        traces = self.traces
        found = {"records": len(traces.records), "samples": len(traces.samples), "rows": dict(self.rows)}
        yours = {"files": list(traces.files), "tables": list(traces.tables)}
        return {**found, **yours, "releases": dict(self.releases)}

    def as_text(self) -> str:
        """All of it on a screen."""
        traces = self.traces
        rows = ", ".join(f"{count} of {name}" for name, count in self.rows.items() if count) or "none"
        lines = [
            f"{traces.person}: {len(traces.records)} records, {len(traces.samples)} samples",
            f"  rows of ledgers that go: {rows}",
            "  what is derived of them goes, and is made anew of all others by the next build",
        ]
        if not (any(self.rows.values()) or traces.records):
            lines.append("  nothing is known of them here: they are only kept from coming in")
        return "\n".join([*lines, *self._left()])

    def _left(self) -> list[str]:
        lines = [f"  {version} holds {count} rows of them" for version, count in self.releases.items()]
        lines += [f"  delete yourself: {file} (source/file)" for file in self.traces.files]
        return lines + [f"  delete yourself: rows of theirs in {file} (source/file)" for file in self.traces.tables]


@dataclass(frozen=True)
class Done:
    """What was done, and what is left to do."""

    plan: Plan
    review: str
    """What became of their tasks in Label Studio."""

    def facts(self) -> dict[str, Any]:
        """All of it as plain data."""
        return {"forgotten": True, "label_studio": self.review}

    def as_text(self) -> str:
        """All of it on a screen."""
        old = [f"  {version} holds {count} rows of them still: releases are never rewritten, so delete it"
               for version, count in self.plan.releases.items()]  # fmt: skip
        review = [f"  Label Studio: {self.review}"] if self.review else []
        return "\n".join(["forgotten; a keyed hash keeps them from coming back", *review, *old, _NOT_REACHED,
                          "  next: affectory build, which publishes a version without them"])  # fmt: skip
