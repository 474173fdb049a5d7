"""What people read at the end of a build and between builds."""

import json
import re
import shutil
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from affectory.pipelines.build import Summary
from affectory.pipelines.costs import ModelUse, model_uses, uses_text
from affectory.pipelines.history import StageTotals, last_build
from affectory.pipelines.release.loading import load_line
from affectory.pipelines.release.model import Release
from affectory.pipelines.release.places import files_of
from affectory.pipelines.release.shelf import shelf_at
from affectory.pipelines.store.files import is_remote, local_path
from affectory.pipelines.store.workspace import Workspace
from affectory.schemas.errors import UserError
from affectory.schemas.urls import Location, as_location


def summary_text(summary: Summary, recipe: Path, workspace: str | Path | None) -> str:
    """Kept, rejected, failed, where to look, and how to load; `workspace` is named where it is not the recipe's own."""
    where = f" --workspace {_short(workspace)}" if workspace else ""
    see = f"{_command()} rejects {_short(recipe)}{where}"
    lines = [
        _title(summary),
        f"  in          {summary.found} found: {summary.records} records, {summary.found - summary.records} refused",
        f"  kept        {summary.kept} samples",
        f"  rejected    {summary.rejected}",
        f"  failed      {summary.failed}",
        f"  judgements  {_judgements(summary)}",
        f"  done        {summary.partitions_run} of {summary.partitions} partitions had something to do",
    ]
    lines += [f"  moved       {summary.groups_moved} groups changed their split"] if summary.refitted else []
    why = [_counted(Counter(summary.reasons))] if summary.reasons else []
    why += [f"ratings: {_counted(Counter(summary.refused_ratings))}"] if summary.refused_ratings else []
    lines += [f"  why         {'; '.join(why)}"] if why else []
    lines += [f"  withheld    {_counted(Counter(n))} ({what})" for what, n in summary.withheld.items() if n]
    lines += [f"  mind        {warning}" for warning in summary.warnings]
    lines += [f"  gate        {_short(summary.gate)}"] if summary.gate else []
    lines += [f"  {'models' if first else '':10}  {line}" for first, line in _marked(uses_text(summary.models))]
    left_out = summary.reasons or summary.unattached or _refused_ratings(summary)
    lines += [f"  look        {see}"] if left_out else []
    lines += [f"  log         {_short(summary.log)}"] if summary.partitions_run else []
    return "\n".join([*lines, *(_release(summary) if summary.release else ())])


def _marked(lines: list[str]) -> Iterator[tuple[bool, str]]:
    return ((number == 0, line) for number, line in enumerate(lines))


def _title(summary: Summary) -> str:
    if not summary.version:
        return f"{summary.dataset}: built, {'not published' if summary.kept else 'and nothing is left to publish'}"
    preview = "preview of " if summary.preview else ""
    return f"{preview}{summary.dataset} {summary.version} ({'unchanged' if summary.unchanged else how(summary)})"


def how(made: Summary | Release) -> str:
    """Why a release has the version it has."""
    reasons = ", ".join(made.changes if isinstance(made, Summary) else made.reasons)
    return reasons if made.bump == "first" else f"{made.bump}: {reasons}"


def _command() -> str:
    """How this program is called here."""
    return "affectory" if shutil.which("affectory") else _short(Path(sys.argv[0]))


def _refused_ratings(summary: Summary) -> int:
    return sum(t.counts.rejected for t in summary.stages if t.stage == "ratings")


def _judgements(summary: Summary) -> str:
    refused = _refused_ratings(summary)
    found = f"{summary.judgements}: {summary.attached} attached, {summary.unattached} without a sample"
    return f"{found}; {refused} rows of ratings refused" if refused else found


def _release(summary: Summary) -> list[str]:
    place = as_location(summary.release)
    kinds, labels, splits = contents(place)
    return [
        "",
        f"  release     {_short(place)}",
        *([f"  version     {summary.why}"] if summary.why else []),
        f"  holds       {_counted(kinds)}",
        f"  splits      {_counted(splits)}",
        f"  labels      {_counted(labels)}",
        f"  card        {_short(place / 'README.md')}",
        f"  page        {_short(place / 'report.html')}",
        f"  load        {load_line(place)}",
    ]


def contents(release: Location) -> tuple[Counter[str], Counter[str], Counter[str]]:
    """Samples of a release by kind, by label and by split."""
    files = files_of(release)
    rows = json.loads(files.read("manifest.json"))["rows"]["default"]
    names = json.loads(files.read("taxonomy.json"))["labels"]
    kinds, labels = Counter[str](), Counter[str]()
    for name in files.names("data/default"):
        with files.open(name) as file, pq.ParquetFile(file) as shard:
            table = shard.read(columns=["kind", "label"], use_threads=False)
        kinds.update(table.column("kind").to_pylist())
        labels.update("no label" if i is None else names[i] for i in table.column("label").to_pylist())
    return kinds, labels, Counter(rows)


def _counted(counts: Counter[str]) -> str:
    return ", ".join(f"{n} {name}" for name, n in counts.most_common()) or "nothing"


def _short(location: str | Path | None) -> str:
    if location is None or is_remote(location):
        return str(location or "")
    try:
        return str(local_path(location).absolute().relative_to(Path.cwd()))
    except ValueError:
        return str(location)


def release_line(release: Release) -> str:
    """Version, size and reason of a release on one line."""
    rows = _counted(Counter(release.rows.get("default", {})))
    return f"{release.version:10} {release.hash[:12]}  {rows}  ({how(release)})"


def chosen_rejects(table: pa.Table, reason: str | None, stage: str | None) -> pa.Table:
    """The rejects of one reason or stage."""
    for column, wanted in (("reason", reason), ("stage", stage)):
        if wanted is not None:
            there = sorted(set(table.column(column).to_pylist()))
            table = table.filter(pc.equal(table.column(column), wanted))
            if not table.num_rows:
                raise UserError(
                    f"nothing was left out with the {column} {wanted!r}", f"there are: {', '.join(there) or 'none'}"
                )
    return table


def rejects_text(table: pa.Table, limit: int) -> str:
    """Counts by stage and reason, then the rows."""
    if not table.num_rows:
        return "nothing was left out"
    groups = zip(*(table.column(c).to_pylist() for c in ("stage", "outcome", "reason")), strict=True)
    lines = [
        f"  {n:>6}  {stage:12} {outcome:8} {reason}" for (stage, outcome, reason), n in Counter(groups).most_common()
    ]
    rows = [_reject_line(row) for row in table.slice(0, limit).to_pylist()]
    more = [f"... and {table.num_rows - limit} more: --limit, --out FILE"] if table.num_rows > limit else []
    return "\n".join([f"{table.num_rows} not kept", *lines, "", *rows, *more])


def _reject_line(row: dict[str, Any]) -> str:
    place = ": ".join(p for p in (row["source"], row["uri"]) if p) or row["record_id"] or ""
    shown = f"\n    {row['row'][:160]}" if row["row"] else ""
    return _harmless(f"{row['stage']}: {row['reason']}  {place}\n    {row['detail'] or ''}{shown}")


def _harmless(text: str) -> str:
    """What files and models say, without anything by which a terminal is told what to do."""
    return re.sub(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", lambda c: ascii(c[0])[1:-1], text)


def write_rows(table: pa.Table, out: Path) -> None:
    """A table as Parquet, CSV or JSONL, by the file's ending."""
    if out.suffix == ".parquet":
        pq.write_table(table, out)
    elif out.suffix == ".csv":
        from pyarrow import csv

        csv.write_csv(table, out)
    elif out.suffix == ".jsonl":
        rows = (json.dumps(row, ensure_ascii=False) for row in table.to_pylist())
        out.write_text("".join(f"{row}\n" for row in rows), encoding="utf-8")
    else:
        raise UserError(f"cannot write {out.name}", "allowed endings: .parquet, .csv, .jsonl")


@dataclass(frozen=True)
class Status:
    """What was built last, who is building, which release is the latest."""

    workspace: str
    builds: int
    stages: tuple[StageTotals, ...]
    lease: str
    latest: str
    last_run: str
    models: tuple[ModelUse, ...] = ()

    def facts(self) -> dict[str, Any]:
        return asdict(self)

    def as_text(self) -> str:
        head = [f"workspace  {self.workspace}", f"builds     {self.builds}", f"lease      {self.lease}"]
        head += [f"release    {self.latest or 'none'}", f"last run   {self.last_run or 'none'}", ""]
        rows = [f"  {t.stage:22} {_counts(t)}" for t in self.stages]
        title = f"  {'stage':22} {'in':>8} {'kept':>8} {'out':>8} {'rejected':>9} {'failed':>7}"
        asked = ["", *(f"  {line}" for line in uses_text(self.models))] if self.models else []
        return "\n".join([*head, title, *rows, *asked] if rows else [*head, "nothing was built yet"])


def _counts(total: StageTotals) -> str:
    c = total.counts
    return f"{c.rows_in:>8} {c.kept:>8} {c.out:>8} {c.rejected:>9} {c.failed:>7}"


def status_of(where: str | Path, releases: Location) -> Status:
    """The state of a workspace and its releases."""
    workspace = Workspace(where)
    build = last_build(workspace)
    stages = build.totals if build else ()
    version = shelf_at(releases).named() or ""
    return Status(
        str(where), build.number if build else 0, stages, workspace.lease().state(), version, _last_run(workspace),
        model_uses(build.models, build.facts) if build else (),
    )  # fmt: skip


def _last_run(workspace: Workspace) -> str:
    logs = [name for name in workspace.runs().names() if name.endswith(".jsonl")]
    if not logs:
        return ""
    ended = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(workspace.runs().modified(logs[-1])))
    return f"{logs[-1]}, last written {ended}"
