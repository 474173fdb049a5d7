"""What the page says of the gate: each thing once, the gravest first."""

from pathlib import Path
from typing import Any

import pytest
from support.released import released

from affectory.quality.audits._audited import Audited
from affectory.quality.findings import Finding
from affectory.quality.report.counting import count
from affectory.quality.report.figures import figures_of
from affectory.quality.report.judging import Judged
from affectory.quality.report.released import Released


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return released(tmp_path_factory.mktemp("release") / "v1.0.0", 20, gate=False)


def gate(release: Path, **given: Any) -> Any:
    found = Released(release)
    found.__dict__["gate"] = given
    return figures_of(found, count(found, 5), Judged())["gate"]


def test_of_a_release_that_says_nothing_nothing_is_said(release: Path) -> None:
    assert gate(release) is None


def test_the_gravest_come_first_and_audits_once(release: Path) -> None:
    findings = [vars(Finding("samples", rule, 1, (), rule)) for rule in ("tells", "blocks", "warns")]  # type: ignore[arg-type]
    findings.append(vars(Finding("audits", "leakage: two", 2, (), "warns")))
    audits = [Audited(name, "so it is", verdict=name).facts() for name in ("clean", "not looked at", "warns", "tells")]  # type: ignore[arg-type]
    told = gate(release, findings=findings, audits=audits)
    assert [finding["rule"] for finding in told["findings"]] == ["blocks", "warns", "tells"]
    assert [audit["name"] for audit in told["audits"]] == ["warns", "tells", "clean", "not looked at"]


@pytest.mark.parametrize(("verdict", "quiet"), [("clean", True), ("not looked at", True), ("warns", False)])
def test_it_is_quiet_only_where_no_audit_speaks(release: Path, verdict: Any, quiet: bool) -> None:
    assert gate(release, audits=[Audited("leakage", "so it is", verdict=verdict).facts()])["quiet"] is quiet


def test_words_stand_before_numbers_in_the_table_of_an_audit(release: Path) -> None:
    table = ({"high": 0.4, "label": "joy", "of": "split test"}, {"high": None, "label": "fear", "of": "split test"})
    told = gate(release, audits=[Audited("balance", "so it is", table=table).facts()])
    assert told["audits"][0]["columns"] == [("label", False), ("of", False), ("high", True)]


def test_checks_are_counted_by_table_and_end(release: Path) -> None:
    checks = [{"table": "samples", "status": status} for status in ("passed", "passed", "warns", "not looked at")]
    told = gate(release, suite={"rows": {"samples": 20}, "checks": checks})
    expected = [("passed", 2), ("blocks", 0), ("warns", 1), ("tells", 0)]
    assert told["suite"] == [{"table": "samples", "rows": 20, "held": expected}]
