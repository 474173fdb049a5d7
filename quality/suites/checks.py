"""The checks of a suite: from the tables' schemas, taxonomy and recipe, with what the recipe adjusts and adds."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

import pyarrow as pa

from affectory.quality.findings import Finding, Severity
from affectory.quality.gate import CHECKS as RULES
from affectory.quality.suites._flat_labels import TOLERANCE
from affectory.quality.suites._flat_samples import MEDIA
from affectory.quality.suites._ground import key_columns
from affectory.quality.suites._lots import SPECS
from affectory.quality.suites.about import About, Check
from affectory.quality.suites.decoding import decode_check
from affectory.quality.suites.own import KINDS as EXPECTATIONS
from affectory.quality.suites.own import Unfit, own_checks, unfits
from affectory.schemas.derived import REASONS, SPACES
from affectory.schemas.ledgers import KINDS
from affectory.schemas.opinion import PERSPECTIVES, RATER_KINDS, RESPONSES
from affectory.schemas.recipe.gate import Validate
from affectory.schemas.taxonomy_parts import did_you_mean

_ID = "[0-9a-f]{24}$"
_DECLARED = {"samples.language": "languages", "samples.medium": "publish.media", "labels.raters": "review.raters"}
"""Checks that there are where a recipe says what is to be expected."""
AUDIT = "audit."
"""How names of checks begin that are audits."""


def checks_for(about: About) -> tuple[Check, ...]:
    """Every check of every table; raises `Unfit` for an expectation or an adjustment that cannot be."""
    made = [*_made(about)]
    every = [*made, *own_checks(about.validate.expect)]
    for unfit in _unadjustable(about.validate, made, every):
        raise unfit
    return tuple(_adjusted(check, about.validate) for check in every)


def asked_for(about: About) -> tuple[Check, ...]:
    """Those that a recipe itself asks for: its expectations, and what it adjusts that no rule looks at as it says."""
    changed = {name: change.mostly for name, change in about.validate.adjust.items()}
    return tuple(
        c for c in checks_for(about) if c.origin or (c.name in changed and (c.name not in RULES or changed[c.name]))
    )


def unfit_for(about: About) -> Iterator[Unfit]:
    """All that is wrong with what a recipe asks of the suite; names are compared once there is no doubt about them."""
    wrong = [*unfits(about.validate.expect)]
    yield from wrong
    if not wrong:
        made = [*_made(about)]
        yield from _unadjustable(about.validate, made, [*made, *own_checks(about.validate.expect)])


def adjusted(findings: Iterable[Finding], validate: Validate) -> tuple[Finding, ...]:
    """Findings of other rules, as severe as the recipe says by the names of their checks."""
    severities = {name: change.severity for name, change in validate.adjust.items()}
    return tuple(replace(f, severity=severities.get(f.check) or f.severity) for f in findings)


def _unadjustable(validate: Validate, made: list[Check], every: list[Check]) -> Iterator[Unfit]:
    checks = {check.name: check for check in every}
    names = [*checks, *sorted(RULES - {check.name for check in made})]
    for name, change in validate.adjust.items():
        at = ("validate", "adjust", name)
        if name.startswith(AUDIT):
            continue
        if name not in names and name in _DECLARED:
            what = f"{name} is not checked, as the recipe does not say `{_DECLARED[name]}`"
            yield Unfit.of(at, what, given=name, hint=f"say `{_DECLARED[name]}`, or leave this out")
        elif name not in names:
            table = name.partition(".")[0]
            near = [n for n in names if n.startswith(f"{table}.")] or names
            said = f"checks{f' of {table}' if near != names else ''}: {', '.join(near)}"
            yield Unfit.of(at, f"there is no check {name!r}{did_you_mean(name, names)}", said, given=name)
        elif change.mostly and (name not in checks or _as_a_whole(checks[name])):
            about = "the column as a whole" if name in checks else "any such row"
            what = f"{name} is about {about}, not about a share of the rows"
            yield Unfit.of((*at, "mostly"), what, given=str(change.mostly), hint="leave `mostly` out")


def _as_a_whole(check: Check) -> bool:
    return check.expect in EXPECTATIONS and not EXPECTATIONS[check.expect].by_row


def _adjusted(check: Check, validate: Validate) -> Check:
    change = validate.adjust.get(check.name)
    if change is None:
        return check
    return replace(check, severity=change.severity or check.severity, mostly=change.mostly or check.mostly)


def _made(about: About) -> Iterator[Check]:
    for table in SPECS:
        yield from _required(table)
        yield from _of(table, about)


def _required(table: str) -> Iterator[Check]:
    """Of the schema: what must be there, and that no key comes twice."""
    for column in SPECS[table].columns:
        if column.required and not pa.types.is_nested(column.type):
            means = f"{column.name} is missing"
            yield Check(
                f"{table}.{column.name}_there", table, "column_values_to_not_be_null", {"column": column.name}, means
            )
    key = key_columns(table)
    yield _range(table, "unique", "copies", 1, 1, f"{', '.join(key)} {'is' if len(key) == 1 else 'are'} not unique")


def _of(table: str, about: About) -> Iterator[Check]:
    made = {"samples": _samples, "notes": _notes, "opinions": _opinions, "labels": _labels}
    more = {"rejects": _rejects, "sources": _sources, "people": _people}
    return {**made, **more}[table](about)


def _samples(about: About) -> Iterator[Check]:
    yield _regex("samples", "id", "sample_id", f"^s_{_ID}", "sample_id is not one that affectory makes")
    yield _among("samples", "kind", "kind", KINDS, "kind is not one of those there are")
    yield _refused("samples", "uri", "uri", r"^/|^[A-Za-z]:[\\/]|(^|/)\.\.(/|$)", "uri leads out of the source's root")
    yield _true("samples", "times", "times_in_order", "its time does not begin, at 0 or later, before it ends")
    yield _true("samples", "characters", "characters_in_order", "its characters do not begin before they end")
    yield _true("samples", "box", "box_sound", "its box is not x, y, width, height")
    yield _true("samples", "parent", "own_parent", "it is its own parent", value=False)
    yield _true("samples", "in_parent", "in_parent", "its time does not lie within that of the sample it was cut from")
    yield _range("samples", "position", "position", 0, None, "its place in the dialogue is below 0")
    yield _true("samples", "text", "text_there", "a text sample says nothing")
    yield _true("samples", "text_readable", "text_readable", "its text holds characters that could not be decoded")
    code = "^[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8})*$"
    yield _regex("samples", "language_code", "language", code, "language is not a BCP 47 code", "warns")
    if about.languages:
        bases = sorted({language.partition("-")[0].lower() for language in about.languages})
        means = f"language is not one of those declared: {', '.join(about.languages)}"
        yield _among("samples", "language", "language_base", bases, means, "warns")
    yield _true("samples", "file", "file_there", "it has neither file nor recording")
    if about.media:
        yield _true("samples", "medium", "medium_there", "it has nothing to publish of its medium", "warns")
        yield from (decode_check(medium) for medium in MEDIA if medium in about.media)
    yield _true("samples", "asset", "assets_named", "a file is not named by the sha256 of its bytes")
    yield _true("samples", "format", "formats_known", "a file's format is not one of its medium")
    yield _true("samples", "frames", "frames_inside", "a still lies outside of the sample's time")
    yield _true("samples", "segments", "segments_in_order", "a segment ends before it begins")


def _notes(about: About) -> Iterator[Check]:
    yield _true("notes", "sample", "of_a_sample", "sample_id names no sample")
    yield _true("notes", "value", "has_value", "a note says nothing", "warns")
    yield _true("notes", "number", "number_finite", "a number is not finite")
    yield _true("notes", "vector", "vector_finite", "a number of a vector is not finite")
    yield _true("notes", "places", "places_in_order", "something found ends before it begins")
    yield _true("notes", "places_inside", "places_inside", "something found lies outside of the sample's time", "warns")


def _opinions(about: About) -> Iterator[Check]:
    yield _regex("opinions", "id", "opinion_id", f"^[oj]_{_ID}", "opinion_id is not one that affectory makes")
    yield _true("opinions", "sample", "of_a_sample", "sample_id names no sample")
    yield _among("opinions", "perspective", "perspective", PERSPECTIVES, "perspective is not one of those there are")
    yield _among("opinions", "rater_kind", "rater_kind", RATER_KINDS, "rater_kind is not one of those there are")
    yield _true("opinions", "rater", "rater_pseudonym", "a person does not go by a pseudonym")
    yield _among("opinions", "response", "asked.response", RESPONSES, "asked.response is not one of those there are")
    yield _true("opinions", "labels", "labels_of_taxonomy", "a label was asked that the taxonomy has not")
    yield _true("opinions", "aligned", "numbers_aligned", "weights or intensities do not match the labels asked")
    yield _true("opinions", "weights", "weights_sound", "a weight is negative or not a number")
    yield _true("opinions", "intensities", "intensities_sound", "an intensity is negative or not a number")
    yield _true("opinions", "vad", "vad_sound", "valence, arousal or dominance is not from -1 to 1")
    yield _true("opinions", "ranking", "ranking_sound", "a ranking names a label twice, or one that was not asked")
    yield _true("opinions", "trace", "trace_sound", "a trace goes back in time, or holds what is not a number")
    yield _true("opinions", "answer", "says_something", "an opinion without an answer", "warns")
    yield _range("opinions", "confidence", "confidence", 0, 1, "confidence is not from 0 to 1")
    yield _range("opinions", "spent", "spent_s", 0, None, "the time taken is below 0")
    yield _range("opinions", "people", "people", 0, None, "it sums up less than nobody")
    yield _true("opinions", "evidence", "evidence_in_order", "evidence ends before it begins")
    yield _true("opinions", "evidence_inside", "evidence_inside", "evidence lies outside of the sample's time", "warns")


def _labels(about: About) -> Iterator[Check]:
    yield _true("labels", "sample", "of_a_sample", "sample_id names no sample")
    yield _among("labels", "perspective", "perspective", PERSPECTIVES, "perspective is not one of those there are")
    yield _among("labels", "space", "space", SPACES, "space is not one of those there are")
    yield _true("labels", "values", "values_counted", "there is not one value for each label")
    yield _true("labels", "finite", "values_finite", "a value is not finite")
    yield _true("labels", "shares", "shares_sound", "a share is not from 0 to 1")
    yield _range("labels", "sum", "values_sum", 1 - TOLERANCE, 1 + TOLERANCE, "a simplex does not sum to 1")
    yield _true("labels", "interval", "interval_sound", "a value lies outside of its own interval")
    yield _true("labels", "spread", "spread_sound", "a standard deviation is negative, or not one for each value")
    yield _true("labels", "covariance", "covariance_square", "a covariance is not of all values with all")
    yield _true("labels", "chosen", "chosen_allowed", "a label was chosen that the taxonomy has not")
    yield _true("labels", "times", "times_rise", "a trace has no rising time for each value")
    yield _true("labels", "uncertainty", "uncertainty_sound", "uncertainty is not from 0 to 1")
    yield _true("labels", "agreement", "agreement_sound", "agreement is not from 0 to 1")
    yield _range("labels", "count", "count", 1, None, "a label without opinions")
    if about.raters:
        means = f"fewer than the {about.raters} people judged that were to"
        yield _range("labels", "raters", "people_count", about.raters, None, means, "warns")


def _rejects(about: About) -> Iterator[Check]:
    yield _among("rejects", "outcome", "outcome", ("rejected", "failed"), "outcome is neither rejected nor failed")
    yield _among("rejects", "reason", "rejected_because", REASONS, "the reason is not from the fixed list")


def _sources(about: About) -> Iterator[Check]:
    yield _regex("sources", "id", "record_id", f"^r_{_ID}", "record_id is not one that affectory makes")
    yield _among("sources", "kind", "kind", KINDS, "kind is not one of those there are")
    told = "no licence is said; give the recipe or the source a `licence`"
    yield _true("sources", "licence", "licensed", told, "tells" if about.licensed_only else "blocks")
    yield _regex("sources", "asset", "asset_id", "^[0-9a-f]{64}$", "a file is not named by the sha256 of its bytes")
    yield _true("sources", "subjects", "subjects_named", "a person does not go by a pseudonym")
    yield _range("sources", "size", "size", 0, None, "a file has less than no bytes")


def _people(about: About) -> Iterator[Check]:
    yield _regex("people", "id", "person_id", "^p_[0-9a-f]+$", "a person does not go by a pseudonym")
    yield _range("people", "revision", "revision", 0, None, "a revision is below 0")
    yield _true("people", "roles", "roles_known", "a role is neither subject nor rater")


def _true(
    table: str, name: str, column: str, means: str, severity: Severity = "blocks", *, value: bool = True
) -> Check:
    return _among(table, name, column, (value,), means, severity)


def _among(
    table: str, name: str, column: str, allowed: Iterable[Any], means: str, severity: Severity = "blocks"
) -> Check:
    arguments = {"column": column, "value_set": list(allowed)}
    return Check(f"{table}.{name}", table, "column_values_to_be_in_set", arguments, means, severity)


def _regex(table: str, name: str, column: str, pattern: str, means: str, severity: Severity = "blocks") -> Check:
    arguments = {"column": column, "regex": pattern}
    return Check(f"{table}.{name}", table, "column_values_to_match_regex", arguments, means, severity)


def _refused(table: str, name: str, column: str, pattern: str, means: str, severity: Severity = "blocks") -> Check:
    arguments = {"column": column, "regex": pattern}
    return Check(f"{table}.{name}", table, "column_values_to_not_match_regex", arguments, means, severity)


def _range(
    table: str, name: str, column: str, low: float | None, high: float | None, means: str,
    severity: Severity = "blocks",
) -> Check:  # fmt: skip
    arguments = {"column": column, "min_value": low, "max_value": high}
    return Check(f"{table}.{name}", table, "column_values_to_be_between", arguments, means, severity)
