"""The systemd unit of reviews: it starts what the command knows, as nobody special, and holds no secret."""

import re
from configparser import ConfigParser

import pytest
import typer
from house.tree import ROOT

from affectory.pipelines.cli import serving

UNIT = ROOT / "infra" / "label_studio" / "affectory-review.service"


@pytest.fixture
def service() -> dict[str, str]:
    read = ConfigParser(interpolation=None, strict=False)
    read.optionxform = str  # type: ignore[method-assign, assignment]
    read.read(UNIT)
    return dict(read["Service"])


def test_it_starts_what_the_command_knows_and_stays(service: dict[str, str]) -> None:
    program, group, verb, *words = service["ExecStart"].split()
    assert program.endswith("/bin/affectory") and (group, verb) == ("review", "up")
    app = typer.Typer()
    app.command()(serving.up)
    given = typer.main.get_command(app).make_context("up", words).params
    assert given["staying"] and str(given["home"]).startswith(f"/var/lib/{service['StateDirectory']}/")
    assert given["public"] == "${REVIEW_PUBLIC}"


def test_what_it_starts_ends_with_it_in_order(service: dict[str, str]) -> None:
    assert service["KillMode"] == "mixed" and int(service["TimeoutStopSec"]) >= 45


def test_it_is_nobody_special_and_writes_in_its_own_folder_only(service: dict[str, str]) -> None:
    assert service["User"] == service["StateDirectory"] != "root" and service["UMask"] == "0077"
    closed = ("NoNewPrivileges", "PrivateTmp", "PrivateDevices", "ProtectHome", "RestrictSUIDSGID")
    assert {service[name] for name in closed} == {"yes"} and service["ProtectSystem"] == "strict"


def test_it_holds_no_secret() -> None:
    assert not re.search(r"(?i)(password|token|secret)\s*=\s*\S", UNIT.read_text())
