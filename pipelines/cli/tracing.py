"""The command that serves the page for continuous traces."""

import math
import sys
from pathlib import Path
from typing import Annotated

import typer

from affectory.schemas.errors import UserError

_LOOPBACK = ("127.0.0.1", "localhost", "::1", "[::1]")


def trace_ui(
    place: Annotated[Path, typer.Argument(help="A folder of clips, or the home of a review with pushed trace tasks.")],
    scale: Annotated[
        list[str] | None,
        typer.Option(help="What is traced: valence, arousal, dominance, or any name. Several: one pass each."),
    ] = None,
    low: Annotated[float, typer.Option(help="The number at the low end of the scale.")] = -1.0,
    high: Annotated[float, typer.Option(help="The number at its high end.")] = 1.0,
    rater: Annotated[str, typer.Option(help="Who traces; without it the page asks.")] = "",
    port: Annotated[int, typer.Option(min=0, max=65535, help="0: one that is free.")] = 8392,
    host: Annotated[str, typer.Option(help="Where it listens. Others than this machine need a way to log in.")] = (
        "127.0.0.1"
    ),
) -> None:
    """Serve a page on which a slider is moved while a clip plays; Ctrl-C ends it."""
    if not place.is_dir():
        raise UserError(f"there is no folder {place}", "name a folder of clips, or the home of a review")
    if not (math.isfinite(low) and math.isfinite(high) and low < high):
        raise UserError(f"--low {low:g} is not below --high {high:g}")
    from affectory.annotation.tracing.app import make_app

    media = _media(place, scale, low, high)
    hosts = _LOOPBACK if host in _LOOPBACK else ("*",)
    if hosts == ("*",):
        print(f"whoever reaches {host} sees the clips and can trace under any name", file=sys.stderr)
    _serve(make_app(place, media=media, rater=rater, asks=not rater, hosts=hosts), host, port)


def _media(place: Path, scale: list[str] | None, low: float, high: float) -> Path:
    """Where the clips lie: below a home, or in the folder itself, whose tasks are then written."""
    from affectory.annotation.tracing.folder import has_tasks, tasks_of_folder
    from affectory.annotation.tracing.tasks import usual_scale

    if has_tasks(place) and (place / "media").is_dir():
        if scale:
            raise UserError(f"{place} has tasks with scales of their own", "leave out --scale")
        return place / "media"
    tasks_of_folder(place, [usual_scale(name, low, high) for name in scale or ["valence"]])
    return place


def _serve(app: object, host: str, port: int) -> None:
    import socket

    import uvicorn

    try:
        listener = socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    except OSError as error:
        raise UserError(f"cannot listen at {host}:{port}: {error.strerror}", "choose another with --port") from None
    shown = f"[{host}]" if ":" in host else host
    print(f"the trace page is at http://{shown}:{listener.getsockname()[1]}/ (Ctrl-C ends it)", flush=True)
    config = uvicorn.Config(app, log_level="warning", access_log=False, server_header=False, ws="none")  # type: ignore[arg-type]
    uvicorn.Server(config).run(sockets=[listener])


COMMANDS = (trace_ui,)
