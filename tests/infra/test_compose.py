"""The compose files: valid by the published schema, closed to the outside, and without a secret in them."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml
from house.tree import ROOT
from support import kube

from affectory.annotation.proxy.__main__ import _parser

FILES = [ROOT / "infra" / "compose" / "compose.yaml", ROOT / "infra" / "monitoring" / "compose.yaml"]
VARIABLE = re.compile(r"\$\{(\w+)(:\?|:-)")
SECRET = re.compile(r"PASSWORD|SECRET|TOKEN|ACCESS_KEY")


def services(path: Path) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = yaml.safe_load(path.read_text())["services"]
    return found


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.parent.name)
def test_it_fits_the_published_schema(path: Path, shared: Callable[[str], Path]) -> None:
    schema = json.loads((shared("deployment-schemas") / "compose-spec.json").read_text())
    found = yaml.safe_load(path.read_text())
    assert kube.mistakes(found, schema) == []
    next(iter(found["services"].values()))["imagee"] = "x"
    assert len(kube.mistakes(found, schema)) == 1


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.parent.name)
def test_services_are_pinned_healthy_and_closed(path: Path) -> None:
    for name, service in services(path).items():
        assert re.fullmatch(r"[a-z0-9/-]+:v?\d[\w.-]*", service["image"]), name
        assert service["cap_drop"] == ["ALL"] and service["security_opt"] == ["no-new-privileges:true"]
        assert service["healthcheck"]["test"][0] in ("CMD", "CMD-SHELL")
        assert all(port.startswith("127.0.0.1:") for port in service.get("ports", [])), name
        assert service.get("user", "root").split(":")[0] != "0"
        for needed, how in service.get("depends_on", {}).items():
            assert needed in services(path) and how == {"condition": "service_healthy"}


def test_what_shares_the_machines_network_listens_on_loopback() -> None:
    found = services(FILES[1])
    assert "--web.listen-address=127.0.0.1:9090" in found["prometheus"]["command"]
    assert found["grafana"]["environment"]["GF_SERVER_HTTP_ADDR"] == "127.0.0.1"


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.parent.name)
def test_secrets_come_from_the_environment_and_are_required(path: Path) -> None:
    for service in services(path).values():
        for name, value in service.get("environment", {}).items():
            if SECRET.search(name) and name != "LABEL_STUDIO_ENABLE_LEGACY_API_TOKEN":
                assert re.fullmatch(r"\$\{\w+:\?[^}]+\}", str(value)), name


def test_the_example_names_every_variable_and_holds_no_secret() -> None:
    text = (ROOT / "infra" / "compose" / "env.example").read_text()
    given = dict(line.split("=", 1) for line in text.splitlines() if "=" in line and not line.startswith("#"))
    assert set(given) == {name for name, _ in VARIABLE.findall(FILES[0].read_text())}
    assert [name for name, value in given.items() if value] == ["REVIEW_FOLDER"]


def test_named_volumes_are_declared() -> None:
    for path in FILES:
        named = {v.split(":")[0] for s in services(path).values() for v in s["volumes"] if re.match(r"[a-z]", v)}
        assert named == set(yaml.safe_load(path.read_text())["volumes"])


def test_label_studio_is_reached_through_the_proxy_only() -> None:
    found = services(FILES[0])
    published = {name for name, service in found.items() if service.get("ports")}
    assert published == {"review", "object-store"}
    assert found["review"]["command"][:3] == ["python", "-m", "affectory.annotation.proxy"]
    given = _parser().parse_args(found["review"]["command"][3:])
    assert urlsplit(given.upstream).hostname == "label-studio" and found["label-studio"]["expose"] == ["8080"]
    assert given.upstream.endswith(":8080") and f"127.0.0.1:{given.port}:{given.port}" in found["review"]["ports"]


def test_the_image_of_the_proxy_has_what_it_imports() -> None:
    dockerfile = (ROOT / "infra" / "images" / "Dockerfile.cpu").read_text()
    assert re.search(r"requirements.py .*\bannotation\b", dockerfile)
    assert f"-t {services(FILES[0])['review']['image']} " in dockerfile
