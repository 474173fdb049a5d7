"""The figures of the page, in the order in which it tells them."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from affectory.quality.report.counting import BANDS, Counted, wilson
from affectory.quality.report.judging import Judged
from affectory.quality.report.released import Released

_LINES = 40
"""Of tables that may be long: sources, reasons, languages."""
_GRAVE = ("blocks", "warns", "tells")


def figures_of(release: Released, counted: Counted, judged: Judged) -> dict[str, Any]:
    """What the template tells, by name."""
    return {
        "title": release.title,
        "licence": release.licence,
        "described": str(release.recipe.get("description") or ""),
        "facts": list(_facts(release, counted, judged)),
        "labels": _labels(release, counted),
        "counted": counted,
        "bands": [(name, counted.bands[name]) for name in BANDS if counted.bands[name]],
        "splits": _splits(release, counted),
        "sources": _sources(counted),
        "tables": _tables(counted),
        "media": _media(release, counted),
        "plane": _plane(release, counted),
        "judged": judged,
        "taxonomy": release.taxonomy,
        "rejects": _rejects(release),
        "gate": _gate(release.gate),
    }


def ranked(counter: Mapping[Any, int]) -> list[tuple[Any, int]]:
    """The most first."""
    return sorted(counter.items(), key=lambda item: (-item[1], item[0]))


def _facts(release: Released, counted: Counted, judged: Judged) -> Any:
    people = len(judged.raters) + judged.more_raters
    yield counted.total, "sample" if counted.total == 1 else "samples"
    yield len(release.taxonomy.labels), "labels"
    if judged.opinions:
        yield (
            judged.opinions,
            "opinions" if judged.samples == counted.total else f"opinions of {judged.samples:,} samples",
        )
    if people:
        yield people, "people who judged"
    if judged.machines:
        yield len(judged.machines), "models and lexicons"


def _labels(release: Released, counted: Counted) -> list[dict[str, Any]]:
    """Each label with its share of the samples that have one, and of the weight of all distributions."""
    of: Counter[int] = Counter()
    for (_, label), many in counted.chosen.items():
        of[label] += many
    whole, weight = counted.labelled, float(counted.mass.sum()) or 1.0
    rows = []
    for number, name in enumerate(release.taxonomy.labels):
        low, high = wilson(of[number], whole)
        share = of[number] / whole if whole else 0.0
        rows.append(
            {"name": name, "number": number, "many": of[number], "share": share, "low": low, "high": high,
             "mass": float(counted.mass[number]) / weight}
        )  # fmt: skip
    return rows


def _splits(release: Released, counted: Counted) -> list[dict[str, Any]]:
    labels = range(len(release.taxonomy.labels))
    rows = []
    for split, many in counted.splits.items():
        parts = [(f"e{label}", counted.chosen[split, label]) for label in labels]
        told = ", ".join(f"{release.taxonomy.labels[n]} {counted.chosen[split, n]:,}" for n in labels)
        rest = many - sum(n for _, n in parts)
        rows.append({"name": split, "many": many, "parts": [*parts, ("none", rest)], "told": told, "rest": rest})
    return rows


def _sources(counted: Counted) -> list[dict[str, Any]]:
    of: Counter[str] = Counter()
    for (source, _), many in counted.sources.items():
        of[source or "not said"] += many
    return [
        {"name": name, "many": many, "splits": [counted.sources[name, split] for split in counted.splits]}
        for name, many in ranked(of)[:_LINES]
    ]


def _tables(counted: Counted) -> list[tuple[str, str, list[tuple[Any, int]]]]:
    """Short tables of what samples are, those with one line left out where that says nothing."""
    words: dict[str, tuple[str, Counter[str]]] = {
        "Kind": ("what they are", counted.kinds),
        "Language": ("of their text", counted.languages),
        "Whose opinions": ("make the label", counted.pools),
        "Perspective": ("of the label", counted.perspectives),
        "Seen or heard": ("by those who gave it", Counter({k or "not said": n for k, n in counted.seen.items()})),
        "State": ("of the label", counted.states),
        "Held back": ("of rows that are here", counted.withheld),
    }
    return [(name, told, ranked(counter)[:_LINES]) for name, (told, counter) in words.items() if counter]


def _media(release: Released, counted: Counted) -> list[dict[str, Any]]:
    return [
        {"name": kind, "many": many, "media": [(name, counted.media[kind, name]) for name in release.media]}
        for kind, many in ranked(counted.kinds)
        if any(counted.media[kind, name] for name in release.media) or kind in release.media
    ]


def _plane(release: Released, counted: Counted) -> dict[str, Any] | None:
    many = int(counted.plane.sum())
    if not many:
        return None
    places = [
        (name, n, *(counted.places[n, :2] / counted.places[n, 2]).tolist(), int(counted.places[n, 2]))
        for n, name in enumerate(release.taxonomy.labels)
        if counted.places[n, 2]
    ]
    return {"many": many, "counts": counted.plane, "places": places}


def _rejects(release: Released) -> dict[str, Any] | None:
    if release.rejects is None:
        return None
    lines = ranked(release.rejects)
    return {"many": sum(many for _, many in lines), "lines": lines[:_LINES], "more": max(0, len(lines) - _LINES)}


def _suite(suite: Mapping[str, Any]) -> list[dict[str, Any]]:
    """By table how many checks there were, and how they ended."""
    checks = suite.get("checks") or ()
    statuses = ("passed", *_GRAVE)
    return [
        {"table": table, "rows": many, "held": [(s, sum(_of(c) == (table, s) for c in checks)) for s in statuses]}
        for table, many in (suite.get("rows") or {}).items()
    ]


def _of(check: Mapping[str, Any]) -> tuple[Any, Any]:
    return check.get("table"), check.get("status")


def _columns(lines: Sequence[Mapping[str, Any]]) -> list[tuple[str, bool]]:
    """The columns of a table and whether they hold numbers; words come first, as files sort the names."""
    names = list(lines[0]) if lines else []
    numbers = {name for name in names if any(isinstance(line[name], int | float) for line in lines)}
    return [*((name, False) for name in names if name not in numbers), *((n, True) for n in names if n in numbers)]


def _gate(gate: Mapping[str, Any]) -> dict[str, Any] | None:
    """Findings and audits, the gravest first; None where a release does not say."""
    if not gate:
        return None
    order = (*_GRAVE, "clean", "not looked at")
    found = [*(gate.get("findings") or ()), *(gate.get("rules") or ())]
    findings = [finding for finding in found if finding.get("table") != "audits"]  # audits are told below, with more
    audits = sorted(gate.get("audits") or (), key=lambda a: (order.index(a.get("verdict", "clean")), a["name"]))
    return {
        "findings": sorted(findings, key=lambda f: order.index(f.get("severity", "tells"))),
        "audits": [{**audit, "columns": _columns(audit.get("table") or ())} for audit in audits],
        "quiet": not findings and all(audit.get("verdict") in ("clean", "not looked at") for audit in audits),
        "allowed": list(gate.get("allowed") or ()),
        "suite": _suite(gate.get("suite") or {}),
    }
