"""`affectory trace-ui` says where the page is, or in one sentence why there is none."""

import socket
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
import typer
from support.media import tone, write_sound
from support.tracing import task
from typer.testing import CliRunner

from affectory.annotation.tracing.tasks import write_task
from affectory.pipelines.cli.tracing import trace_ui
from affectory.schemas.errors import UserError

RUN = "import sys, typer; from affectory.pipelines.cli.tracing import trace_ui; typer.run(trace_ui)"


def failed(*arguments: object) -> str:
    app = typer.Typer()
    app.command()(trace_ui)
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    assert isinstance(result.exception, UserError), result.output
    return str(result.exception)


def test_a_folder_is_served_until_it_is_interrupted(tmp_path: Path) -> None:
    write_sound(tmp_path / "clip.wav", tone(1))
    arguments = [sys.executable, "-c", RUN, str(tmp_path), "--scale", "trust", "--low", "0", "--port", "0"]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True) as served:
        assert served.stdout
        url = served.stdout.readline().split("at ")[1].split()[0]
        (only,) = httpx.get(f"{url}api/tasks", headers={"X-Affectory-Rater": "ann"}).json()
        served.terminate()
    assert (only["title"], only["scales"]) == ("clip", {"trust": "none"})
    assert url.startswith("http://127.0.0.1:")


def test_a_port_that_is_taken_is_told(tmp_path: Path) -> None:
    write_sound(tmp_path / "clip.wav", tone(1))
    with socket.create_server(("127.0.0.1", 0)) as taken:
        assert "--port" in failed(tmp_path, "--port", taken.getsockname()[1])


@pytest.mark.parametrize(
    ("arguments", "why"),
    [(("nowhere",), "no folder"), ((".", "--low", "1"), "not below"), ((".", "--scale", "a/b"), "no clip")],
)
def test_mistakes_are_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], why: str
) -> None:
    monkeypatch.chdir(tmp_path)
    assert why in failed(*arguments)


def test_a_home_has_its_own_scales(tmp_path: Path) -> None:
    write_task(tmp_path, task())
    (tmp_path / "media").mkdir()
    assert "leave out --scale" in failed(tmp_path, "--scale", "valence")
