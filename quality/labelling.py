"""Labels of any table of ratings, by any rule, without a recipe: for notebooks and for `affectory label`."""

import importlib
import pkgutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import TypeAdapter, ValidationError

import affectory.transforms.views as views
from affectory.quality.ratings import as_table, check_counted
from affectory.schemas.derived import OPINIONS_TABLE
from affectory.schemas.errors import UserError
from affectory.schemas.taxonomy import Taxonomy, load_taxonomy
from affectory.schemas.taxonomy_parts import did_you_mean
from affectory.transforms.views._base import FittedView

VAD = ("valence", "arousal", "dominance")
MOST_WORDS = 8
"""So many unknown words are named."""


def label(opinions: pa.Table, taxonomy: Taxonomy | str, rule: str = "vote_share", **parameters: Any) -> pa.Table:
    """Labels of opinions, such as `opinions_of` makes or a release holds; a rule that fits is fitted on them."""
    known = load_taxonomy(taxonomy) if isinstance(taxonomy, str) else taxonomy
    view, opinions = rule_named(rule, parameters), OPINIONS_TABLE.cast(_whole(opinions))
    if not isinstance(view, FittedView):
        made: pa.Table = view.view(opinions, known)
        return made
    order = [("sample_id", "ascending"), ("opinion_id", "ascending")]
    return view.placed(opinions, known, view.fit(view.evidence(opinions, known).sort_by(order), known))


def rules() -> tuple[str, ...]:
    """The names of all rules."""
    found = (module.name for module in pkgutil.iter_modules(list(views.__path__)))
    return tuple(sorted(name for name in found if not name.startswith("_")))


def rule_named(name: str, parameters: Mapping[str, Any] | None = None) -> Any:
    """A rule with its parameters, checked as those of a recipe are."""
    if name not in rules():
        raise UserError(f"no rule {name!r}{did_you_mean(name, rules())}", f"there are: {', '.join(rules())}")
    module = importlib.import_module(f"{views.__name__}.{name}")
    cls = next(c for c in vars(module).values() if isinstance(c, type) and c.__module__ == module.__name__
               and not c.__name__.startswith("_"))  # fmt: skip
    try:
        return TypeAdapter(cls).validate_python(dict(parameters or {}))
    except ValidationError as error:
        first = error.errors()[0]
        where, allowed = ".".join(map(str, first["loc"])), ", ".join(field.name for field in fields(cls))
        raise UserError(f"rule {name}: {where}: {first['msg']}", f"its parameters: {allowed or 'none'}") from None


def opinions_of(
    table: Any,
    taxonomy: Taxonomy | str,
    *,
    item: str,
    rater: str | None = None,
    value: str | None = None,
    counts: Sequence[str] = (),
    intensities: Sequence[str] = (),
    levels: Sequence[str] = (),
    vad: bool = False,
    modalities: Sequence[str] = (),
    perspective: str = "perceived",
) -> pa.Table:
    """Opinions of a table with a rating a row: an Arrow table, a data frame, columns by name, or rows.

    What was said is a label, or a list of labels, in the column `value`; or how strongly, in a column for each label
    (`intensities`, numbers or `levels`, the names of 0, 1, 2, ...); or how many people said it, in a column for each
    label (`counts`). With `vad` the columns valence, arousal and dominance, from -1 to 1, are read too. Rows that do
    not say what was rated are left out.
    """
    known = load_taxonomy(taxonomy) if isinstance(taxonomy, str) else taxonomy
    rows = _checked(
        as_table(table), [item, *filter(None, [rater, value]), *counts, *intensities, *(VAD if vad else ())]
    )
    rows = rows.filter(pc.not_equal(_texts(rows, item), ""))
    _check_words([*counts, *intensities], known)
    if counts:
        rows, weights = _counted(rows, counts, known)
    else:
        weights = _weights(rows, value, intensities, levels, known)
    rows, weights = _in_order(rows, weights, item, rater)
    numbered = pa.array([f"o_{n:09d}" for n in range(rows.num_rows)], pa.string())
    nobody = pa.array([f"a_{n:09d}" for n in range(rows.num_rows)], pa.string())  # as those who were only counted
    raters = nobody if rater is None else _named_or(rows, rater, nobody)
    listed = _lists(weights)
    return OPINIONS_TABLE.cast(pa.table({
        "opinion_id": numbered, "sample_id": rows.column(item).cast(pa.string()), "rater": raters,
        "rater_kind": pa.repeat("human", rows.num_rows), "perspective": pa.repeat(perspective, rows.num_rows),
        "modalities": _same(list(modalities) or None, "modalities", rows.num_rows),
        "asked": _same(_question(known, weights), "asked", rows.num_rows),
        "answer": _answers(listed, rows, bool(intensities), vad), **_absent(rows.num_rows),
    }).select(OPINIONS_TABLE.schema.names))  # fmt: skip


def _whole(opinions: pa.Table) -> pa.Table:
    """Opinions with all columns, also of releases of earlier versions."""
    missing = [c for c in OPINIONS_TABLE.columns if c.name not in opinions.column_names]
    if required := [c.name for c in missing if c.required]:
        raise UserError(f"these are no opinions: they have no column {required[0]!r}", "see `opinions_of`")
    for column in missing:
        opinions = opinions.append_column(column.name, pa.nulls(opinions.num_rows, column.type))
    return opinions.select(OPINIONS_TABLE.schema.names)


def _checked(table: pa.Table, wanted: Sequence[str]) -> pa.Table:
    odd = [name for name in wanted if name not in table.column_names]
    if odd:
        hint = f"the columns are {', '.join(table.column_names)}" if table.num_columns else "the table is empty"
        raise UserError(f"no column {odd[0]!r}", hint)
    return table


def _texts(rows: pa.Table, name: str) -> pa.ChunkedArray:
    return pc.utf8_trim_whitespace(pc.fill_null(rows.column(name).cast(pa.string()), ""))


def _named_or(rows: pa.Table, rater: str, nobody: pa.Array) -> pa.ChunkedArray:
    return pc.if_else(pc.equal(_texts(rows, rater), ""), nobody, rows.column(rater).cast(pa.string()))


def _check_words(words: Iterable[str], taxonomy: Taxonomy) -> None:
    """All unknown words at once."""
    odd = [word for word in dict.fromkeys(words) if taxonomy.resolve(word) is None]
    if odd:
        told = [f"{word!r}{did_you_mean(word, taxonomy.labels)}" for word in odd[:MOST_WORDS]]
        more = f" and {len(odd) - MOST_WORDS} more" if len(odd) > MOST_WORDS else ""
        hint = f"its labels: {', '.join(taxonomy.labels)}; labels of your own: a taxonomy in a YAML file, with synonyms"
        raise UserError(f"{taxonomy.name} knows no {'; no '.join(told)}{more}", hint)


def _index(word: str, taxonomy: Taxonomy) -> int:
    return taxonomy.index(taxonomy.resolve(word) or word)


def _weights(
    rows: pa.Table, value: str | None, columns: Sequence[str], levels: Sequence[str], taxonomy: Taxonomy
) -> Any:
    """Ratings x labels; NaN where a label was not asked."""
    if columns:
        found = np.full((rows.num_rows, len(taxonomy.labels)), np.nan)
        for name in columns:
            found[:, _index(name, taxonomy)] = _steps(rows, name, levels) if levels else _numbers(rows, name)
        return found
    found = np.zeros((rows.num_rows, len(taxonomy.labels)))
    if value is None:
        return np.full_like(found, np.nan)
    said = rows.column(value).combine_chunks()
    if pa.types.is_string(said.type):  # an empty cell of a csv is a gap
        said = pc.if_else(pc.equal(said, ""), pa.scalar(None, pa.string()), said)
    if pa.types.is_dictionary(said.type):
        said = said.cast(said.type.value_type)
    many = pa.types.is_list(said.type)
    row = pc.list_parent_indices(said).to_numpy() if many else np.arange(len(said))
    words = (pc.list_flatten(said) if many else said).cast(pa.string()).dictionary_encode()
    _check_words(words.dictionary.to_pylist(), taxonomy)
    at = np.array([_index(word, taxonomy) for word in words.dictionary.to_pylist()] or [0])
    there = pc.is_valid(words).to_numpy(zero_copy_only=False)
    found[row[there], at[pc.fill_null(words.indices, 0).to_numpy()[there]]] = 1.0
    return found


def _numbers(rows: pa.Table, name: str) -> Any:
    """A column of numbers, of a csv too, where an empty cell is a gap."""
    given = rows.column(name)
    try:
        if pa.types.is_string(given.type):
            given = pc.if_else(pc.equal(pc.utf8_trim_whitespace(given), ""), pa.scalar(None, pa.string()), given)
        return given.cast(pa.float64()).to_numpy()
    except pa.ArrowInvalid as error:
        hint = "for steps in words name them all in order: levels"
        raise UserError(f"column {name!r} holds what is no number: {error}", hint) from None


def _steps(rows: pa.Table, name: str, levels: Sequence[str]) -> Any:
    """A column of named steps, the first of which is 0."""
    given = pc.dictionary_encode(_texts(rows, name)).combine_chunks()
    words, places = given.dictionary.to_pylist(), {"": np.nan, **{level: n for n, level in enumerate(levels)}}
    if odd := [word for word in words if word not in places]:
        raise UserError(f"{name}: {odd[0]!r} is not one of the levels", f"the levels are {', '.join(levels)}")
    return np.array([places[word] for word in words] or [np.nan])[given.indices.to_numpy()]


def _counted(rows: pa.Table, counts: Sequence[str], taxonomy: Taxonomy) -> tuple[pa.Table, Any]:
    """A row for each vote that was only counted."""
    given = np.nan_to_num(np.stack([_numbers(rows, name) for name in counts], axis=1))
    if wrong := [
        name for name, column in zip(counts, given.T, strict=True) if (column % 1).any() or (column < 0).any()
    ]:
        raise UserError(f"column {wrong[0]!r} holds what is no count", "counts are whole and not below 0")
    check_counted(float(given.sum()))
    row, place = np.nonzero(given)
    times = given[row, place].astype(np.int64)
    row, place = np.repeat(row, times), np.repeat(place, times)
    at = np.array([_index(name, taxonomy) for name in counts])
    return rows.take(pa.array(row)), np.eye(len(taxonomy.labels))[at[place]]


def _in_order(rows: pa.Table, weights: Any, item: str, rater: str | None) -> tuple[pa.Table, Any]:
    """In an order that does not depend on the one given, so that ids do not either."""
    keys = {f"w{n}": column for n, column in enumerate(np.nan_to_num(weights, nan=-1.0).T)}
    names = [item, *([rater] if rater else []), *(name for name in VAD if name in rows.column_names)]
    table = pa.table({**{f"k{n}": rows.column(name) for n, name in enumerate(names)}, **keys})
    order = pc.sort_indices(table, sort_keys=[(name, "ascending") for name in table.column_names])
    return rows.take(order), weights[order.to_numpy()]


def _lists(weights: Any) -> pa.ListArray:
    flat = weights.ravel()
    offsets = pa.array(np.arange(len(weights) + 1) * weights.shape[1], pa.int32())
    return pa.ListArray.from_arrays(offsets, pa.array(flat, pa.float32(), mask=np.isnan(flat)))


def _question(taxonomy: Taxonomy, weights: Any) -> dict[str, Any]:
    response = "simplex" if np.nansum(weights, axis=1).max(initial=0) <= 1 else "multi-label"
    named = {"taxonomy": taxonomy.name, "taxonomy_hash": taxonomy.hash}
    return {"question": "", "labels": list(taxonomy.labels), "response": response, **named}


def _answers(weights: pa.ListArray, rows: pa.Table, strength: bool, vad: bool) -> pa.StructArray:
    kind = OPINIONS_TABLE.schema.field("answer").type
    places = kind.field("vad").type
    columns = {field.name: pa.nulls(rows.num_rows, field.type) for field in kind}
    columns["intensities" if strength else "weights"] = weights
    if vad:
        given = [rows.column(name).combine_chunks().cast(pa.float32()) for name in VAD]
        columns["vad"] = pa.StructArray.from_arrays(given, fields=list(places))
    return pa.StructArray.from_arrays(list(columns.values()), fields=list(kind))


def _same(given: Any, column: str, rows: int) -> pa.Array:
    one = pa.array([given], OPINIONS_TABLE.schema.field(column).type)
    return one.take(pa.array(np.zeros(rows, np.int64)))


def _absent(rows: int) -> dict[str, pa.Array]:
    said = {"opinion_id", "sample_id", "rater", "rater_kind", "perspective", "modalities", "asked", "answer"}
    return {c.name: pa.nulls(rows, c.type) for c in OPINIONS_TABLE.columns if c.name not in said}
