"""The command that labels opinions by any rule, without building."""

import json as json_format
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from affectory.pipelines.cli.options import DEFAULT_RECIPE, Json, Set, WorkspaceDir, open_built
from affectory.pipelines.cli.tables import FILES, is_table, must_exist, read_table
from affectory.pipelines.cli.waiting import told_when_slow

if TYPE_CHECKING:
    import pyarrow as pa

    from affectory.schemas.taxonomy import Taxonomy


Where = Annotated[
    Path, typer.Argument(help="A recipe that was built, the folder of a release, or a csv, tsv, jsonl or parquet file.")
]
Columns = Annotated[str, typer.Option(help="Of a file: columns, one a label, that say how strongly.", metavar="A,B")]
Levels = Annotated[
    str, typer.Option(help='Names of intensities from 0 on, in order: "None,A little,A lot".', metavar="A,B")
]
Counts = Annotated[
    str, typer.Option(help="Of a file: columns, one a label, that count how many said so.", metavar="A,B")
]

Rule = tuple[str, dict[str, Any]]


def label(
    where: Where = DEFAULT_RECIPE,
    rule: Annotated[
        list[str] | None,
        typer.Option(help='A rule, or one with parameters: n_best, or {"n_best": {"n": 3}}. Default: the recipe\'s.'),
    ] = None,
    taxonomy: Annotated[
        str,
        typer.Option(help="Of a file: the taxonomy of its labels, built in or a YAML file. Of others: to label in."),
    ] = "",
    item: Annotated[str, typer.Option(help="Of a file: the column that says what was rated.", metavar="COLUMN")] = "",
    rater: Annotated[str, typer.Option(help="Of a file: the column that says who rated.", metavar="COLUMN")] = "",
    value: Annotated[str, typer.Option(help="Of a file: the column with the label.", metavar="COLUMN")] = "",
    separator: Annotated[str, typer.Option(help="Between several labels in one cell of --value.")] = "",
    intensities: Columns = "",
    levels: Levels = "",
    counts: Counts = "",
    out: Annotated[Path | None, typer.Option(help="Write the labels to a Parquet, CSV or JSONL file.")] = None,
    overrides: Set = None,
    workspace: WorkspaceDir = None,
    json: Json = False,
) -> None:
    """Label opinions by any rule and say what comes of it; nothing that was built is changed."""
    from affectory.pipelines.named_values import named_values
    from affectory.quality.label_summary import summary

    must_exist(where)
    rules = [_rule(text) for text in rule or ()]
    columns = {"item": item, "rater": rater, "value": value, "intensities": intensities, "counts": counts}
    columns |= {"levels": levels, "separator": separator}
    if not is_table(where) and (given := [name for name, column in columns.items() if column]):
        _refuse(f"--{given[0]}", where)
    if is_table(where):
        known = _named(taxonomy)
        labels = _labelled(_of_file(where, known, columns), rules, known)
    elif where.is_dir():
        opinions, known = _of_release(where, taxonomy)
        labels = _labelled(opinions, rules, known)
    else:
        labels, known = _of_recipe(where, rules, taxonomy, overrides, workspace)
    if out is not None:
        _write(named_values(labels, known), out)
    found = summary(labels, known)
    print(json_format.dumps(found.facts(), ensure_ascii=False) if json else found.as_text())


def _labelled(opinions: "pa.Table", rules: list[Rule], taxonomy: "Taxonomy") -> "pa.Table":
    import pyarrow as pa

    from affectory.quality.labelling import label as labelled

    made = []
    for name, params in rules or [("vote_share", {})]:
        with told_when_slow(f"{name} over {opinions.num_rows} opinions"):
            made.append(labelled(opinions, taxonomy, name, **params))
        if not made[-1].num_rows:
            print(_nothing(name, opinions.num_rows, taxonomy.name), file=sys.stderr)
    return pa.concat_tables(made)


def _nothing(rule: str, opinions: int, taxonomy: str) -> str:
    if not opinions:
        return f"{rule}: there are no opinions"
    return f"{rule}: none of {opinions} opinions says what it counts, in {taxonomy} or in labels with a map to it"


def _of_release(folder: Path, taxonomy: str) -> "tuple[pa.Table, Taxonomy]":
    from affectory.pipelines.opined import of_release

    release = of_release(folder)
    return release.opinions, _named(taxonomy) if taxonomy else release.taxonomy


def _of_recipe(
    recipe: Path, rules: list[Rule], taxonomy: str, overrides: list[str] | None, workspace: str | None
) -> "tuple[pa.Table, Taxonomy]":
    """Without a rule the labels as they were built, with the fits of then."""
    from affectory.pipelines.bind import read_and_bind
    from affectory.pipelines.history import parts, read_parts
    from affectory.pipelines.opined import of_build
    from affectory.schemas.derived import LABELS

    bound, built = read_and_bind(recipe, overrides or (), ()), open_built(recipe, workspace)
    known = _named(taxonomy) if taxonomy else bound.taxonomy
    if rules:
        return _labelled(of_build(built.workspace, built.record, known).opinions, rules, known), known
    files = parts(built.workspace, built.record.finished, "labels")
    labels = read_parts(files, LABELS.schema, LABELS.schema.names)
    made = set(labels.column("rule").unique().to_pylist())
    for name in (view.name for view in bound.views[: len(bound.recipe.rules())] if view.name not in made):
        print(f"{name}: no such labels were built; build, or ask for it with --rule", file=sys.stderr)
    return labels, known


def _named(taxonomy: str) -> "Taxonomy":
    from affectory.schemas.errors import UserError
    from affectory.schemas.taxonomy import load_taxonomy, read_taxonomy, taxonomy_names

    if not taxonomy:
        hint = f"there are: {', '.join(taxonomy_names())}; or a YAML file with a name and entries: [good, bad]"
        raise UserError("which labels may a rating say? --taxonomy NAME", hint)
    is_file = Path(taxonomy).suffix in (".yaml", ".yml")
    return read_taxonomy(Path(taxonomy)) if is_file else load_taxonomy(taxonomy)


def _refuse(option: str, where: Path) -> None:
    from affectory.schemas.errors import UserError

    raise UserError(f"{option} is for a file of ratings, which {where} is not", f"files end with {', '.join(FILES)}")


def _of_file(path: Path, taxonomy: "Taxonomy", columns: dict[str, str]) -> "pa.Table":
    from affectory.quality.labelling import opinions_of
    from affectory.schemas.errors import UserError

    table = read_table(path)
    said = [name for name in ("value", "intensities", "counts") if columns[name]]
    if not columns["item"] or len(said) != 1:
        raise UserError(
            "of a file --item COLUMN and one of --value, --intensities and --counts are needed",
            f"the columns are {', '.join(table.column_names)}",
        )
    if columns["separator"] and columns["value"] in table.column_names:
        table = _parted(table, columns["value"], columns["separator"])
    lists = {n: [x.strip() for x in columns[n].split(",") if x.strip()] for n in ("intensities", "levels", "counts")}
    return opinions_of(
        table,
        taxonomy,
        item=columns["item"],
        rater=columns["rater"] or None,
        value=columns["value"] or None,
        intensities=lists["intensities"],
        levels=lists["levels"],
        counts=lists["counts"],
    )


def _parted(table: "pa.Table", column: str, separator: str) -> "pa.Table":
    """Several labels in a cell as a list; an empty cell stays a gap."""
    import pyarrow as pa
    import pyarrow.compute as pc

    given = table.column(column).cast(pa.string())
    there = pc.if_else(pc.equal(pc.utf8_trim_whitespace(given), ""), pa.scalar(None, pa.string()), given)
    return table.set_column(table.column_names.index(column), column, pc.split_pattern(there, separator))


def _rule(text: str) -> Rule:
    import yaml

    from affectory.schemas.errors import UserError

    try:
        said = yaml.safe_load(text)
    except yaml.YAMLError:
        said = None
    if isinstance(said, str):
        return said, {}
    if isinstance(said, dict) and len(said) == 1:
        [(name, params)] = said.items()
        if isinstance(name, str) and isinstance(params, dict | None):
            return name, params or {}
    raise UserError(f"--rule {text!r} is no rule", 'write a name, or a name with parameters: {"n_best": {"n": 3}}')


def _write(labels: "pa.Table", out: Path) -> None:
    """A cell of csv holds one thing: lists stand in it as JSON."""
    import pyarrow as pa

    from affectory.pipelines.report import write_rows

    if out.suffix == ".csv":
        for place, field in enumerate(labels.schema):
            if pa.types.is_nested(field.type):
                cells = [None if x is None else json_format.dumps(x) for x in labels.column(place).to_pylist()]
                labels = labels.set_column(place, field.name, pa.array(cells, pa.string()))
    write_rows(labels, out)


COMMANDS = (label,)
"""Commands that label."""
