"""The gate of a build: what stops it, who may let it pass and for which reason, and where all of it is written."""

import json
from contextlib import nullcontext
from pathlib import Path

import pytest
from support.project import Project, texts, write_lines
from support.suites import warm_examiner

from affectory.pipelines.gate import read_allowed
from affectory.quality.findings import GateFailed
from affectory.quality.suites import examiner
from affectory.schemas.errors import UserError

WHY = "a pilot: two lines are known to be empty"


@pytest.fixture
def strict(tmp_path: Path) -> Project:
    """A dataset of which more is rejected than its recipe bears."""
    project = texts(tmp_path)
    rows = [{"id": f"l{n}", "who": "a", "body": "I am glad." if n else ""} for n in range(4)]
    write_lines(tmp_path / "lines.jsonl", rows)
    return project


STRICT = "validate.max_rejected=0.1"


def test_what_breaks_a_rule_is_not_published_and_names_how_it_may_be(strict: Project) -> None:
    with pytest.raises(GateFailed) as caught:
        strict.build(STRICT)
    told = str(caught.value)
    assert "--allow 'rejects.share=" in told
    assert not (strict.releases / "LATEST").exists()
    assert json.loads((Path(caught.value.kept_at) / "gate.json").read_text())["findings"][0]["check"] == "rejects.share"


def test_what_is_allowed_with_a_reason_is_published_with_it(strict: Project) -> None:
    assert strict.build(STRICT, allow={"rejects.share": WHY}).version == "v1.0.0"
    gate = json.loads((strict.releases / "v1.0.0" / "gate.json").read_text())
    assert gate["allowed"] == [{"check": "rejects.share", "reason": WHY}]
    assert WHY in (strict.releases / "v1.0.0" / "README.md").read_text()


def test_a_reason_for_what_did_not_happen_is_not_published(tmp_path: Path) -> None:
    project = texts(tmp_path)
    project.build(allow={"rejects.share": WHY})
    assert json.loads((project.releases / "v1.0.0" / "gate.json").read_text())["allowed"] == []


@pytest.mark.parametrize("given", ["rejects.share", "rejects.share=", "=because it is a pilot", "rejects.share=pilot"])
def test_without_a_name_and_a_reason_nothing_is_allowed(given: str) -> None:
    with pytest.raises(UserError, match="it is published"):
        read_allowed([given])


def test_validate_looks_at_all_and_publishes_nothing(strict: Project) -> None:
    strict.build(publish=False)
    arguments = ("--workspace", str(strict.workspace), "--set", STRICT)
    done = strict.told("validate", "recipe.yaml", *arguments)
    assert done.returncode == 4, done.stderr
    assert "rejects.share" in done.stdout
    assert not (strict.releases / "LATEST").exists()


def test_an_audit_that_is_not_there_is_told_with_those_that_are(tmp_path: Path) -> None:
    done = texts(tmp_path).told("plan", "recipe.yaml", "--set", "validate.audits=[leakige]")
    assert done.returncode == 2
    assert "did you mean: leakage" in done.stderr


@pytest.mark.xdist_group("suites")
def test_what_a_recipe_expects_is_looked_at_without_the_rest_of_the_suite(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(examiner, "started", lambda: nullcontext(warm_examiner()))
    project = texts(tmp_path)
    short = {"table": "samples", "expect": "column_value_lengths_to_be_between", "column": "text", "max_value": 3}
    expected = f"validate.expect={json.dumps([short])}"
    assert project.plan(expected).gate == ("rules", "1 check that the recipe asks for")
    with pytest.raises(GateFailed) as caught:
        project.build(expected)
    gate = json.loads((Path(caught.value.kept_at) / "gate.json").read_text())
    assert [check["name"] for check in gate["suite"]["checks"]] == ["samples.text.value_lengths_to_be_between"]
    assert [found["check"] for found in gate["findings"]] == ["samples.text.value_lengths_to_be_between"]


def test_an_audit_is_as_severe_as_the_recipe_says_wherever_it_is_told(strict: Project) -> None:
    adjusted = ("validate.audits=[balance]", "validate.adjust={audit.balance: {severity: blocks}}")
    with pytest.raises(GateFailed) as caught:
        strict.build(STRICT, *adjusted, allow={"rejects.share": WHY})
    assert [finding.check for finding in caught.value.findings] == ["audit.balance"]
    kept = Path(caught.value.kept_at)
    assert [audited["verdict"] for audited in json.loads((kept / "gate.json").read_text())["audits"]] == ["blocks"]
    assert [line.split()[:2] for line in (kept / "summary.txt").read_text().splitlines()] == [
        ["blocks", "balance:"],
        ["blocks", "[rejects.share]"],
        ["allowed", "rejects.share:"],
    ]


@pytest.mark.xdist_group("suites")
def test_what_was_not_kept_is_looked_at_too(strict: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(examiner, "started", lambda: nullcontext(warm_examiner()))
    strict.build("validate.adjust={rejects.outcome: {severity: blocks}}")
    gate = json.loads((strict.releases / "v1.0.0" / "gate.json").read_text())
    assert gate["suite"]["rows"]["rejects"] == len(strict.rejects()) > 0
    [looked] = gate["suite"]["checks"]
    assert (looked["name"], looked["status"]) == ("rejects.outcome", "passed")


@pytest.mark.xdist_group("suites")
def test_what_is_mended_is_no_fault_any_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As the gate says itself: give the source a licence. The ledger of sources keeps what was said before."""
    monkeypatch.setattr(examiner, "started", lambda: nullcontext(warm_examiner()))
    project, looked = texts(tmp_path), "validate.adjust={sources.licence: {severity: blocks}}"
    with pytest.raises(GateFailed):
        project.build(looked)
    assert project.build(looked, "licence=CC0-1.0").version == "v1.0.0"
