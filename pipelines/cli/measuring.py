"""Commands that measure what was rated: agreement."""

import json as json_format
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from affectory.pipelines.cli.options import DEFAULT_RECIPE, Json, WorkspaceDir, open_built
from affectory.pipelines.cli.tables import FILES, is_table, must_exist, read_table
from affectory.pipelines.cli.waiting import told_when_slow

if TYPE_CHECKING:
    from affectory.pipelines.opined import Opined
    from affectory.quality.ratings import Ratings

Where = Annotated[
    Path, typer.Argument(help="A recipe that was built, the folder of a release, or a csv, tsv, jsonl or parquet file.")
]
Item = Annotated[str, typer.Option(help="Of a file: the column that says what was rated.", metavar="COLUMN")]
Columns = Annotated[
    str, typer.Option("--values", help="Columns that are questions, in place of --value.", metavar="A,B")
]
Raters = Annotated[str, typer.Option(help="Columns that are raters, in place of --rater and --value.", metavar="A,B")]
Counts = Annotated[str, typer.Option(help="Columns that count how many said so, in place of all.", metavar="A,B")]
Levels = Annotated[str, typer.Option(help='Names of values in their order: "None,A little,A lot".', metavar="A,B")]


def agreement(
    where: Where = DEFAULT_RECIPE,
    item: Item = "",
    rater: Annotated[str, typer.Option(help="The column that says who rated.", metavar="COLUMN")] = "",
    value: Annotated[str, typer.Option(help="The column that says what was said.", metavar="COLUMN")] = "",
    values: Columns = "",
    raters: Raters = "",
    counts: Counts = "",
    question: Annotated[str, typer.Option(help="The column that says about what.", metavar="COLUMN")] = "",
    cluster: Annotated[str, typer.Option(help="The column of speakers or sources.", metavar="COLUMN")] = "",
    kind: Annotated[str, typer.Option(help="The column that is `model` for models.", metavar="COLUMN")] = "",
    levels: Levels = "",
    level: Annotated[str, typer.Option(help="nominal, ordinal, interval, ratio, multi-label. Default: as shown.")] = "",
    conditional: Annotated[
        bool, typer.Option("--conditional", help="Raters were asked only after an answer of others.")
    ] = False,
    measure: Annotated[list[str] | None, typer.Option(help="Only this measure; may be given again.")] = None,
    by: Annotated[Literal["emotion", "rater"], typer.Option(help="Of each emotion (question), or each rater.")] = (
        "emotion"
    ),
    draws: Annotated[int, typer.Option(min=0, help="Draws of the bootstrap for intervals.")] = 1000,
    seed: Annotated[int, typer.Option(min=0, help="Of these draws.")] = 0,
    workspace: WorkspaceDir = None,
    json: Json = False,
) -> None:
    """Say how far raters agree, people apart from models, with intervals; where no number is honest, say why."""
    from affectory.quality.agreement import agreement as measured

    must_exist(where)
    roles = {"rater": rater, "question": question, "cluster": cluster, "kind": kind, "value": value, "level": level}
    lists = {"columns": values, "raters": raters, "counts": counts, "levels": levels}
    told = {
        **{name: given or None for name, given in roles.items()},
        **{n: _split(given) for n, given in lists.items()},
    }
    if is_table(where):
        ratings = _of_file(where, item, {**told, "conditional": conditional})
    else:
        _refuse([name for name, given in {"item": item, **told}.items() if given], where)
        ratings = _of_release(where) if where.is_dir() else _of_recipe(where, workspace)
    with told_when_slow(f"{draws} draws for each interval; --draws 0 does without"):
        found = measured(ratings, measures=measure or (), draws=draws, seed=seed, by_rater=by == "rater")
    print(json_format.dumps(found.facts(), ensure_ascii=False) if json else found.as_text(by))


def _split(given: str) -> list[str]:
    return [part.strip() for part in given.split(",") if part.strip()]


def _refuse(given: list[str], where: Path) -> None:
    """Columns are of files."""
    from affectory.schemas.errors import UserError

    if given:
        told = f"--{'values' if given[0] == 'columns' else given[0]}"
        raise UserError(f"{told} is for a file of ratings, which {where} is not", f"files end with {', '.join(FILES)}")


def _of_file(path: Path, item: str, told: dict[str, Any]) -> "Ratings":
    from affectory.quality.ratings import Ratings
    from affectory.schemas.errors import UserError

    table = read_table(path)
    if not item:
        raise UserError(
            "which column says what was rated? --item COLUMN", f"the columns are {', '.join(table.column_names)}"
        )
    return Ratings.read(table, item=item, **told)


def _of_recipe(recipe: Path, workspace: str | None) -> "Ratings":
    from affectory.pipelines.bind import read_and_bind
    from affectory.pipelines.opined import of_build

    built = open_built(recipe, workspace)
    return _rated(of_build(built.workspace, built.record, read_and_bind(recipe, (), ()).taxonomy))


def _of_release(folder: Path) -> "Ratings":
    from affectory.pipelines.opined import of_release

    return _rated(of_release(folder))


def _rated(found: "Opined") -> "Ratings":
    from affectory.quality.ratings import Ratings

    return Ratings.of_opinions(found.opinions, found.taxonomy, found.speakers)


COMMANDS = (agreement,)
