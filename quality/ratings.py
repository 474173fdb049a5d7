"""Ratings for measuring agreement: who gave which item which value, question by question, from any table."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from affectory.quality._scales import Scale, listed, scaled
from affectory.schemas.errors import UserError
from affectory.schemas.taxonomy import Taxonomy

LEVELS = ("nominal", "ordinal", "interval", "ratio", "multi-label", "ranking", "trace", "spans")
Level = Literal["nominal", "ordinal", "interval", "ratio", "multi-label", "ranking", "trace", "spans"]
PEOPLE, MODELS = "people", "models"
_PEOPLE_KINDS = ("", "adjudicator", "author", "human", "people")
_MOST_COUNTED = 10_000_000
_ROWS = ("item", "rater", "value", "cluster", "pool", "chance")


@dataclass(frozen=True)
class Question:
    """All ratings that answer one question. `rows` has item, rater (null where nobody said who), value, cluster (who
    speaks or where the item is from), pool (people or models) and chance (of being asked)."""

    name: str
    level: Level
    rows: pa.Table
    levels: tuple[str, ...] = ()
    """What the values 0, 1, 2, ... are called, in order, where they have names."""
    about: str = ""
    """Whose side and what raters saw, where opinions say so: these are never mixed."""
    conditional: bool = False
    """Whether it is declared that raters were asked only after an answer of others."""

    def of(self, pool: str) -> "Question":
        """Only what people, or what models, said."""
        mine = self.rows.filter(pc.equal(self.rows.column("pool"), pool))
        return Question(self.name, self.level, mine, self.levels, self.about, self.conditional)


@dataclass(frozen=True)
class Ratings:
    """Questions with their ratings."""

    questions: tuple[Question, ...]

    @classmethod
    def read(
        cls,
        table: Any,
        *,
        item: str,
        rater: str | None = None,
        value: str | None = None,
        columns: Sequence[str] = (),
        raters: Sequence[str] = (),
        counts: Sequence[str] = (),
        question: str | None = None,
        cluster: str | None = None,
        kind: str | None = None,
        chance: str | None = None,
        level: Level | None = None,
        levels: Sequence[str] = (),
        conditional: bool = False,
    ) -> "Ratings":
        """Ratings of a table: Arrow, a data frame, columns by name, or a list of rows.

        What was said lies in one column (`value`), in a column for each question (`columns`), for each rater
        (`raters`), or as `counts` for each value. `levels` are the names of values in their order: "None" among them
        is a level, not a gap. Gaps are null, NaN and empty text.
        """
        whole = as_table(table)
        if not whole.num_columns:
            return cls(())
        named = {"rater": rater, "question": question, "cluster": cluster, "pool": kind, "chance": chance}
        fixed = {"item": item, **{role: column for role, column in named.items() if column is not None}}
        ways = {"value": [value] if value else [], "columns": columns, "raters": raters, "counts": counts}
        way, wide = _way(whole, {way: list(names) for way, names in ways.items() if names})
        _check_columns(whole, [*fixed.values(), *wide])
        if level is not None and level not in LEVELS:
            raise UserError(f"no level {level!r}", f"there are: {', '.join(LEVELS)}")
        if way == "counts":
            level, levels = level or "nominal", levels or counts
        parts = [_part(whole, fixed, way, name) for name in wide]
        found = (_questions(long, level, tuple(levels), conditional) for long in _together(parts, way))
        return cls(tuple(sorted(chain.from_iterable(found), key=lambda q: q.name)))

    @classmethod
    def of_opinions(
        cls, opinions: pa.Table, taxonomy: Taxonomy, clusters: Mapping[str, str] | None = None
    ) -> "Ratings":
        """The ratings that opinions hold, by perspective and by what raters saw: emotions, main emotion, sets, places
        in valence, arousal and dominance, rankings, traces and spans. `clusters` says of samples who speaks."""
        from affectory.quality._opinion_ratings import questions_of

        return cls(tuple(questions_of(opinions, taxonomy, clusters or {})))


def pool_of(kind: str) -> str:
    """Whether a kind of rater is of people or of models."""
    return PEOPLE if kind in _PEOPLE_KINDS else MODELS


def as_table(given: Any) -> pa.Table:
    """An Arrow table of what notebooks hold: a table, a data frame, columns by name, or rows."""
    try:
        if isinstance(given, list | tuple):
            names = dict.fromkeys(name for row in given for name in row)
            return pa.table({name: [row.get(name) for row in given] for name in names})
        if isinstance(given, pa.Table | Mapping) or hasattr(given, "__arrow_c_stream__"):
            return given if isinstance(given, pa.Table) else pa.table(given)
    except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
        raise UserError(
            f"the ratings are no table: {str(error).splitlines()[0]}", "one kind of value a column"
        ) from error
    raise UserError(
        f"a {type(given).__name__} is no table of ratings", "give an Arrow table, a data frame, a dict of lists or rows"
    )


def _way(table: pa.Table, given: dict[str, list[str]]) -> tuple[str, list[str]]:
    if len(given) != 1:
        said = ", ".join(given) or "none"
        raise UserError(
            f"ratings are read from one of value, columns, raters and counts; given: {said}",
            f"the columns are {', '.join(table.column_names)}",
        )
    return next(iter(given.items()))


def _check_columns(table: pa.Table, wanted: Sequence[str]) -> None:
    odd = [name for name in wanted if name not in table.column_names]
    if odd:
        raise UserError(f"no column {odd[0]!r}", f"the columns are {', '.join(table.column_names)}")


def _part(table: pa.Table, fixed: Mapping[str, str], way: str, name: str) -> pa.Table:
    """One row a rating of one column: item, rater, question, value as given."""
    columns = {role: table.column(column) for role, column in fixed.items()}
    columns["value"] = table.column(name)
    if way == "counts":
        return pa.table(_repeated(columns, name, table.num_rows))
    role = "rater" if way == "raters" else "question"
    if way != "value" or role not in columns:
        columns[role] = pa.repeat(name, table.num_rows)
    return pa.table(columns)


def _together(parts: list[pa.Table], way: str) -> list[pa.Table]:
    """Columns that are questions stay apart; those of raters and counts are one, as text where their types differ."""
    if way == "columns":
        return parts
    try:
        return [pa.concat_tables(parts, promote_options="permissive")]
    except pa.ArrowTypeError:
        place = parts[0].column_names.index("value")
        texts = [pa.array(_texts(part, "value"), pa.string()) for part in parts]
        return [pa.concat_tables([p.set_column(place, "value", t) for p, t in zip(parts, texts, strict=True)])]


def _repeated(columns: Mapping[str, Any], label: str, rows: int) -> dict[str, Any]:
    """A row for each one counted, nobody knows of whom."""
    given = listed(columns["value"])
    counts = [0 if count is None or count == "" else _count(label, count) for count in given]
    check_counted(float(sum(counts)))
    take = pa.array(np.repeat(np.arange(rows), counts))
    kept = {role: column.take(take) for role, column in columns.items() if role != "value"}
    return {**kept, "value": pa.repeat(label, len(take))}


def check_counted(votes: float) -> None:
    """Raises where more votes were counted than can be held, one row each."""
    if votes > _MOST_COUNTED:
        raise UserError(f"{votes:,.0f} votes are too many to count one by one", f"{_MOST_COUNTED:,} are the most")


def _count(label: str, given: Any) -> int:
    try:
        count = float(given)
    except (TypeError, ValueError):
        count = -1.0
    if not count.is_integer() or count < 0:
        raise UserError(f"column {label!r} holds {given!r}, which is not a count", "counts are whole and not below 0")
    return int(count)


def _questions(long: pa.Table, level: Level | None, levels: tuple[str, ...], conditional: bool) -> Iterator[Question]:
    names = _texts(long, "question", "ratings")
    for name in sorted(set(names)):
        mine = long.filter(pa.array([n == name for n in names]))
        scale = scaled(mine.column("value"), level, levels, name)
        yield question(name, scale, _texts(mine, "item"), _roles(mine), conditional=conditional)


def _roles(table: pa.Table) -> dict[str, list[Any]]:
    pools = [pool_of(kind) for kind in _texts(table, "pool", "")]
    return {
        "rater": _texts(table, "rater"),
        "cluster": _texts(table, "cluster"),
        "pool": pools,
        "chance": [None if c is None else _chance(c) for c in _texts(table, "chance")],
    }


def _chance(given: str) -> float:
    try:
        return float(given)
    except ValueError:
        raise UserError(f"{given!r} is no chance of being asked", "chances are numbers from 0 to 1") from None


def question(name: str, scale: Scale, items: Sequence[str | None], roles: Mapping[str, Any], **more: Any) -> Question:
    """A question of aligned lists; ratings without item or value are left out, the others put in order."""
    kept = [n for n, (item, there) in enumerate(zip(items, scale.there, strict=True)) if there and item is not None]
    keys = [*zip(items, (rater or "" for rater in roles["rater"]), scale.keys, strict=True)]
    order = sorted(kept, key=keys.__getitem__)
    take = pa.array(order, pa.int64())
    text, number = pa.string(), pa.float64()
    types = {"rater": text, "cluster": text, "pool": text, "chance": number}
    columns = {role: pa.array(roles[role], kind).take(take) for role, kind in types.items()}
    given = {"item": pa.array(items, text).take(take), "value": scale.values.take(take), **columns}
    return Question(name, scale.level, pa.table({role: given[role] for role in _ROWS}), scale.levels, **more)


def _texts(table: pa.Table, role: str, absent: str | None = None) -> list[Any]:
    """A column as text, or `absent` throughout; whole numbers lose their point."""
    if role not in table.column_names:
        return [absent] * table.num_rows
    found = [None if value is None or value == "" else _text(value) for value in listed(table.column(role))]
    return [absent if text is None else text for text in found]


def _text(value: Any) -> str:
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
