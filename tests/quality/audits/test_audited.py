"""A verdict follows from numbers: what is large and not by chance, after all tests of a gate are counted."""

from collections.abc import Sequence
from dataclasses import dataclass

import pytest
from support.audited import data

from affectory.quality.audits._audited import Audited, Measure, judged, run, skipped
from affectory.quality.audits._data import AuditData
from affectory.quality.findings import SHOWN, Severity


def verdict(*measures: Measure, severity: Severity = "warns") -> str:
    [found] = judged([Audited("a", "says", measures)], [severity])
    return found.verdict


@pytest.mark.parametrize("severity", ["blocks", "warns", "tells"])
def test_what_is_large_and_not_by_chance_accuses(severity: Severity) -> None:
    assert verdict(Measure("m", 1, p=0.05), severity=severity) == severity
    assert verdict(Measure("m", 1), severity=severity) == severity


@pytest.mark.parametrize(
    "measure", [Measure("m", 1, p=0.051), Measure("m", 1, p=0.001, large=False), Measure("m", 1, large=False)]
)
def test_what_is_small_or_by_chance_does_not(measure: Measure) -> None:
    assert verdict(measure) == "clean" == verdict()


def test_the_more_is_tested_the_less_accuses() -> None:
    one = Measure("m", 1, p=0.02)
    assert verdict(one) == "warns" and verdict(one, Measure("other", 1, p=0.5)) == "warns"
    assert verdict(one, *[Measure(f"m{n}", 1, p=0.5) for n in range(2)]) == "clean"


def test_tests_of_other_audits_count() -> None:
    audits = [Audited(name, "", (Measure("m", 1, p=0.02),)) for name in "abc"]
    found = list(judged(audits, ["warns"] * 3))
    assert [one.verdict for one in found] == ["clean"] * 3
    assert [m.adjusted for one in found for m in one.measures] == pytest.approx([0.06] * 3)


@pytest.mark.parametrize(
    ("own", "follows"),
    [((None,), "warns"), (("blocks", "tells"), "blocks"), (("tells", None), "warns"), (("tells",), "tells")],
)
def test_a_number_may_be_graver_than_its_audit(own: Sequence[Severity | None], follows: str) -> None:
    assert verdict(*[Measure("m", 1, severity=severity) for severity in own]) == follows


def test_only_numbers_that_accuse_make_it_grave() -> None:
    assert verdict(Measure("m", 1, large=False, severity="blocks"), Measure("m", 1)) == "warns"


def test_what_could_not_look_accuses_of_nothing() -> None:
    [found] = judged([skipped("a", "no opinions")], ["blocks"])
    assert (found.verdict, found.skipped, found.finding()) == ("not looked at", "no opinions", None)


def test_a_finding_names_the_audit_and_the_first_rows() -> None:
    rows = tuple(f"s_{n}" for n in range(30))
    [found] = judged([Audited("leakage", "much leaks", (Measure("m", 1),), rows, 40)], ["blocks"])
    finding = found.finding()
    assert finding is not None and (finding.check, finding.severity) == ("audit.leakage", "blocks")
    assert (finding.count, finding.rows, finding.rule) == (40, rows[:SHOWN], "much leaks")


@dataclass(frozen=True)
class Says:
    """An audit that says how many samples it was given."""

    severity: Severity = "tells"

    def audit(self, data: AuditData) -> Audited:
        return Audited("says", str(len(data.split_of)), (Measure("m", 1, p=0.001),))


def test_audits_are_run_in_their_order() -> None:
    found = run([Says(), Says("blocks")], data({"samples": []}))
    assert [(one.says, one.verdict) for one in found] == [("0", "tells"), ("0", "blocks")]
    assert found[0].facts()["measures"][0]["adjusted"] == 0.002
