"""The command that tells of raters: how much they judged, whether they attended, whom it touches."""

import json as json_format
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from affectory.pipelines.cli.options import DEFAULT_RECIPE, Json, WorkspaceDir, open_built
from affectory.pipelines.cli.tables import read_table

if TYPE_CHECKING:
    import pyarrow as pa

    from affectory.pipelines.opined import Opined

Where = Annotated[Path, typer.Argument(help="A recipe that was built, or the folder of a release.")]
Gold = Annotated[
    Path | None,
    typer.Option(
        help="A table of samples whose answer is known: `sample_id`, and `label`, several as rows.", metavar="FILE"
    ),
]
Groups = Annotated[
    Path | None,
    typer.Option(help="A table of `rater` and `group`. Default: how raters stand to those rated.", metavar="FILE"),
]


def raters(
    where: Where = DEFAULT_RECIPE,
    gold: Gold = None,
    groups: Groups = None,
    limit: Annotated[int, typer.Option(min=1, help="Raters to show; --json has all.")] = 20,
    workspace: WorkspaceDir = None,
    json: Json = False,
) -> None:
    """Say of each rater whether they attended, and of groups of raters how far labels move if that is weighed."""
    from affectory.quality.rater_text import rater_lines, shift_lines
    from affectory.quality.raters import attended_share, rater_report, shift_by_group

    found, relations = _opined(where, workspace)
    known = _gold(gold, found) if gold else None
    report = rater_report(found.opinions, found.taxonomy, known)
    weights = dict(zip(report["rater"].to_pylist(), report["attention"].to_pylist(), strict=True))
    before, after = (attended_share(found.opinions, found.taxonomy, given) for given in ({}, weights))
    whose = read_table(groups) if groups else relations
    shift = shift_by_group(found.opinions, found.taxonomy, before, after, whose)
    if json:
        facts = {"raters": report.to_pylist(), "groups": shift.to_pylist()}
        print(json_format.dumps(facts, ensure_ascii=False))
    else:
        print("\n".join([*rater_lines(report, limit), "", *shift_lines(shift)]).strip())


def _opined(where: Path, workspace: str | None) -> "tuple[Opined, pa.Table]":
    """Opinions, and what is known of how raters stand to those rated."""
    import pyarrow as pa

    from affectory.pipelines.opined import of_build, of_release

    nobody = pa.table({"rater": pa.array([], pa.string()), "group": pa.array([], pa.string())})
    if where.is_dir():
        return of_release(where), nobody
    from affectory.pipelines.bind import read_and_bind

    built = open_built(where, workspace)
    people = built.workspace.ledger("people").read(["person_id", "revision", "relation"]).sort_by("revision")
    newest = {row["person_id"]: row["relation"] for row in people.to_pylist() if row["relation"]}
    relations = pa.table(
        {"rater": pa.array([*newest], pa.string()), "group": pa.array([*newest.values()], pa.string())}
    )
    return of_build(built.workspace, built.record, read_and_bind(where, (), ()).taxonomy), relations


def _gold(path: Path, found: "Opined") -> "pa.Table":
    import pyarrow as pa

    from affectory.schemas.errors import UserError

    table = read_table(path)
    if not {"sample_id", "label"} <= set(table.column_names):
        raise UserError(f"{path} lacks a column", "known answers are columns sample_id and label")
    answers: dict[str, list[Any]] = {}
    for row in table.select(["sample_id", "label"]).to_pylist():
        label = found.taxonomy.resolve(row["label"] or "")
        if label is None:
            raise UserError(
                f"{found.taxonomy.name} knows no {row['label']!r}", f"its labels: {', '.join(found.taxonomy.labels)}"
            )
        answers.setdefault(row["sample_id"], []).append(label)
    return pa.table(
        {"sample_id": pa.array([*answers], pa.string()), "labels": pa.array([*answers.values()], pa.list_(pa.string()))}
    )


COMMANDS = (raters,)
"""Commands that tell of raters."""
