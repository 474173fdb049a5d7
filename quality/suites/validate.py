"""Running the suite of a dataset: lots of rows are prepared here, looked at in another process and counted together."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from affectory.quality.suites import examiner as examining
from affectory.quality.suites._ground import Ground, ground
from affectory.quality.suites._lots import SPECS, lots
from affectory.quality.suites.about import About, Check
from affectory.quality.suites.checks import asked_for, checks_for
from affectory.quality.suites.child import ROW
from affectory.quality.suites.decoding import DECODES, OpenMedia, decoded
from affectory.quality.suites.examiner import Examiner
from affectory.quality.suites.flat import find, flattened, row_id
from affectory.quality.suites.own import KINDS
from affectory.quality.suites.result import Counted, SuiteResult
from affectory.schemas.errors import UserError
from affectory.schemas.parquet import Part

Tables = Mapping[str, Sequence[Part]]


def validate(
    tables: Tables,
    about: About,
    *,
    docs: Path | None = None,
    open_media: OpenMedia | None = None,
    examiner: Examiner | None = None,
    own: bool = False,
    told: Callable[[int, int], None] = lambda done, total: None,
) -> SuiteResult:
    """Everything that the suite finds. A lot of rows is in memory at a time, and of all rows what `Ground` holds.

    `docs` is a folder into which Great Expectations writes its pages; `open_media` opens and decodes a file of a
    medium, and is asked for a few of each; `own` looks at what the recipe itself asks for alone. Raises `UserError` for
    expectations that cannot be. `told` hears of how many tables it is done.
    """
    checks = asked_for(about) if own else checks_for(about)
    there = {name: parts for name, parts in tables.items() if name in SPECS}
    held: AbstractContextManager[Examiner] = nullcontext(examiner) if examiner else examining.started()
    with held as asked:
        expected = [check for check in checks if check.expect in KINDS]
        _refuse(asked, [check for check in expected if check.origin])
        look = _Looking(asked, ground(there, about), told)
        look.at(there, expected)
        if open_media and "samples" in there:
            of_media = [check for check in checks if check.expect == DECODES]
            look.counted |= {c.check.name: c for c in decoded(there["samples"], of_media, open_media)}
        result = SuiteResult(tuple(look.counted.get(check.name, Counted(check)) for check in checks), look.rows)
        if docs is not None:
            asked.write_docs(docs, [*_pages(result)])
    return result


def _refuse(asked: Examiner, checks: Sequence[Check]) -> None:
    """What the recipe expects is tried before anything is read."""
    refused = asked.refused(checks) if checks else {}
    for check in checks:
        if check.name in refused:
            hint = f"its arguments: {', '.join(f'{k}: {v!r}' for k, v in check.arguments.items())}"
            raise UserError(f"{check.origin}: {check.expect} cannot be: {refused[check.name]}", hint)


@dataclass
class _Looking:
    """Checks are asked in lots, and counted by name."""

    examiner: Examiner
    ground: Ground
    told: Callable[[int, int], None]
    counted: dict[str, Counted] = field(default_factory=dict)
    rows: dict[str, int] = field(default_factory=dict)

    def at(self, tables: Tables, checks: Sequence[Check]) -> None:
        self.counted = {check.name: Counted(check) for check in checks}
        for number, (table, parts) in enumerate(tables.items()):
            self.told(number, len(tables))
            of_it = [check for check in checks if check.table == table]
            self._by_lots(table, parts, [c for c in of_it if not KINDS[c.expect].whole])
            for check in of_it:
                if KINDS[check.expect].whole:
                    self._as_a_whole(parts, check)

    def _by_lots(self, table: str, parts: Sequence[Part], checks: Sequence[Check]) -> None:
        self.rows[table] = 0
        for rows in lots(parts, table, _needed(table, checks)):
            self.rows[table] += len(rows)
            for alike in _alike(checks):
                self._count(alike, self._prepared(table, self._chosen(rows, alike[0]), alike))
        for check in checks:
            if not self.counted[check.name].looked:
                nobody = bool(self.rows[table])
                self.counted[check.name] = Counted(check, looked=True, nobody=nobody)

    def _as_a_whole(self, parts: Sequence[Part], check: Check) -> None:
        """All of one column, sorted, so that no sum hangs on the order of rows."""
        read = lots(parts, check.table, _needed(check.table, [check]))
        chosen = (self._chosen(rows, check) for rows in read)
        found = [self._prepared(check.table, rows, [check]) for rows in chosen]
        if found:
            whole = pa.concat_tables(found)
            self._count([check], whole.sort_by([(name, "ascending") for name in (*check.columns, ROW)]))

    def _prepared(self, table: str, rows: pa.Table, checks: Sequence[Check]) -> pa.Table:
        names = tuple(sorted({name for check in checks for name in check.columns}))
        return flattened(rows, table, names, self.ground).append_column(ROW, rows.column(row_id(table)))

    def _count(self, checks: Sequence[Check], rows: pa.Table) -> None:
        for found in self.examiner.look(checks, rows) if len(rows) else ():
            counted = self.counted[found["name"]]
            if "error" in found:
                check = counted.check
                columns = ", ".join(f"{name} is {rows.schema.field(name).type}" for name in check.columns)
                told = f"{check.origin or check.name}: {check.expect} cannot be computed: {found['error']}"
                raise UserError(told, f"does it take such a column? {columns}")
            self.counted[found["name"]] = counted.plus(found)

    def _chosen(self, rows: pa.Table, check: Check) -> pa.Table:
        """The rows that a check is about."""
        for name, value in check.where.items():
            column = flattened(rows, check.table, (name,), self.ground).column(name)
            rows = rows.filter(
                pc.fill_null(pc.equal(column, _like(value, column.type, f"{check.origin}.where")), False)
            )
        return rows


def _needed(table: str, checks: Iterable[Check]) -> list[str]:
    """The columns from which the checks' flat columns are made, in the table's order."""
    flats = (find(table, name) for check in checks for name in (*check.columns, *check.where))
    wanted = {row_id(table), *(name for flat in flats if flat for name in flat.needs)}
    return [name for name in SPECS[table].schema.names if name in wanted]


def _alike(checks: Sequence[Check]) -> list[list[Check]]:
    """Checks that are about the same rows."""
    groups: dict[str, list[Check]] = {}
    for check in checks:
        groups.setdefault(repr(sorted(check.where.items())), []).append(check)
    return list(groups.values())


def _like(value: object, kind: pa.DataType, where: str) -> pa.Scalar:
    try:
        return pa.scalar(value, kind)
    except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
        raise UserError(f"{where}: nothing there can be {value!r}", f"its values are of the type {kind}") from error


def _pages(result: SuiteResult) -> Iterable[dict[str, object]]:
    for table in sorted(result.rows):
        checks = [c.facts() | {"of": c.of} for c in result.counted if c.looked and c.check.table == table]
        yield {"table": table, "rows": result.rows[table], "checks": checks}
