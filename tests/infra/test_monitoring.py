"""The dashboard shows every metric of a build and no other; what scrapes and what provisions fit together."""

import importlib.util
import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from house.tree import ROOT
from jsonschema import Draft202012Validator

from affectory.pipelines.engines._ray_metrics import METRICS, samples

MONITORING = ROOT / "infra" / "monitoring"
DASHBOARD: dict[str, Any] = json.loads((MONITORING / "affectory.json").read_text())
PANELS = [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]
EXPRESSIONS = [target["expr"] for panel in PANELS for target in panel["targets"]]
VARIABLES = {"$dataset": ".*", "$__range": "6h", "$cpu_hour": "0.04", "$gpu_hour": "2.5"}
NAME = re.compile(r"\bray_\w+")


def test_the_dashboard_and_the_code_know_the_same_metrics() -> None:
    used = {name for text in EXPRESSIONS for name in NAME.findall(text) if name.startswith("ray_affectory_")}
    known = {series for metric in METRICS for series in metric.series}
    assert used - known == set()
    assert [metric.name for metric in METRICS if not used & set(metric.series)] == []


def test_rays_own_metrics_are_among_those_that_its_own_dashboards_show() -> None:
    spec = importlib.util.find_spec("ray")
    assert spec is not None and spec.origin is not None
    panels = Path(spec.origin).parent / "dashboard" / "modules" / "metrics" / "dashboards"
    known = "".join(path.read_text() for path in panels.glob("*.py"))
    used = {name for text in EXPRESSIONS for name in NAME.findall(text) if not name.startswith("ray_affectory_")}
    assert len(used) >= 5
    assert [name for name in used if name not in known] == []


@pytest.mark.parametrize("text", EXPRESSIONS)
def test_labels_that_an_expression_names_are_tags_of_its_metric(text: str) -> None:
    by_series = {series: {"dataset", *metric.tags} for metric in METRICS for series in metric.series}
    for name, matchers in re.findall(r"\b(ray_affectory_\w+)\{([^}]*)\}", text):
        assert set(re.findall(r'(\w+)(?:=~|!=|=)"', matchers)) <= by_series[name]
    grouped = {label for group in re.findall(r"by \(([^)]*)\)", text) for label in re.split(r",\s*", group)}
    assert grouped <= {"le", "stage", "outcome", "resource", "kind"}


def test_expressions_parse(tmp_path: Path) -> None:
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("no promtool (of the package prometheus): brackets and variables are checked all the same")
    rules = [{"record": f"check:r{i}", "expr": filled(text)} for i, text in enumerate(EXPRESSIONS)]
    file = tmp_path / "rules.yaml"
    file.write_text(json.dumps({"groups": [{"name": "dashboard", "rules": rules}]}))
    done = subprocess.run([promtool, "check", "rules", file], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def filled(text: str) -> str:
    for name, value in VARIABLES.items():
        text = text.replace(name, value)
    return text


@pytest.mark.parametrize("text", EXPRESSIONS)
def test_brackets_close_and_variables_are_declared(text: str) -> None:
    declared = {f"${variable['name']}" for variable in DASHBOARD["templating"]["list"]}
    assert set(re.findall(r"\$\w+", text)) <= declared | {"$__range"}
    rest = re.sub(r'"[^"]*"', "", filled(text))
    while (shorter := re.sub(r"\([^()\[\]{}]*\)|\[[^()\[\]{}]*\]|\{[^()\[\]{}]*\}", "", rest)) != rest:
        rest = shorter
    assert not set(rest) & set("()[]{}")


def test_the_documentation_names_every_metric_and_no_other() -> None:
    told = set(re.findall(r"`(ray_affectory_\w+)\{", (ROOT / "docs" / "cluster.md").read_text()))
    assert told <= {series for metric in METRICS for series in metric.series}
    assert [metric.name for metric in METRICS if not told & set(metric.series)] == []


def test_panels_are_told_apart_and_do_not_overlap() -> None:
    ids = [panel["id"] for panel in DASHBOARD["panels"]]
    assert len(ids) == len(set(ids))
    cells: set[tuple[int, int]] = set()
    for panel in DASHBOARD["panels"]:
        at = panel["gridPos"]
        mine = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
        assert at["x"] + at["w"] <= 24 and not mine & cells, panel["title"]
        cells |= mine
    assert all(panel["description"] for panel in PANELS)


def test_the_dashboard_is_what_grafana_reads() -> None:
    target = {"type": "object", "required": ["refId", "expr", "datasource"]}
    panel = {"required": ["id", "type", "title", "gridPos"], "properties": {"targets": {"items": target}}}
    schema = {"required": ["uid", "title", "schemaVersion", "panels"], "properties": {"panels": {"items": panel}}}
    assert list(Draft202012Validator(schema).iter_errors(DASHBOARD)) == []


def test_events_become_samples() -> None:
    counts = {"rows_in": 10, "out": 7, "rejected": 2, "failed": 1}
    stage = {"event": "stage", "stage": "lexicon", "seconds": 1.5, "gpus": 1, "asked": 4, **counts}
    found = {(m.name, *sorted(tags.values())): value for m, tags, value in samples(stage)}
    assert found[("affectory_rows_total", "in", "lexicon")] == 10
    assert found[("affectory_rows_total", "lexicon", "rejected")] == 2
    assert found[("affectory_stage_seconds_total", "gpu", "lexicon")] == 1.5
    assert found[("affectory_questions_total", "lexicon")] == 4
    progress = {"event": "progress", "what": "build", "done": 3, "total": 10, "rejected": 1, "failed": 0}
    assert [value for _, _, value in samples(progress)] == [3, 7, 1, 0]
    assert [m.name for m, _, _ in samples({"event": "say", "what": "again"})] == ["affectory_notices_total"]
    assert list(samples({"event": "progress", "what": "publish", "done": 1, "total": 2})) == []


def test_what_scrapes_finds_what_is_exported() -> None:
    from ray._private.ray_constants import PROMETHEUS_SERVICE_DISCOVERY_FILE

    (job,) = yaml.safe_load((MONITORING / "prometheus.yaml").read_text())["scrape_configs"]
    (file,) = job["file_sd_configs"][0]["files"]
    assert Path(file) == Path("/tmp/ray") / PROMETHEUS_SERVICE_DISCOVERY_FILE
    monitor = yaml.safe_load((MONITORING / "podmonitor.yaml").read_text())
    (endpoint,) = monitor["spec"]["podMetricsEndpoints"]
    (container,) = yaml.safe_load((ROOT / "infra" / "kuberay" / "pod.yaml").read_text())["spec"]["containers"]
    assert endpoint["port"] in [port["name"] for port in container["ports"]]


def test_grafana_is_given_the_dashboard_where_it_looks_for_it() -> None:
    (provider,) = yaml.safe_load((MONITORING / "provisioning" / "dashboards" / "affectory.yaml").read_text())[
        "providers"
    ]
    mounts = yaml.safe_load((MONITORING / "compose.yaml").read_text())["services"]["grafana"]["volumes"]
    assert f"./affectory.json:{provider['options']['path']}/affectory.json:ro" in mounts
