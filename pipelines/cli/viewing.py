"""The command that serves the report of a release with all of its samples."""

import json as json_format
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from affectory.pipelines.cli.options import Json
from affectory.schemas.errors import UserError

if TYPE_CHECKING:
    import socket

_HOST = "127.0.0.1"


def view(
    release: Annotated[Path, typer.Argument(help="The folder of a version, or of all versions: then the latest.")],
    port: Annotated[int, typer.Option(min=0, max=65535, help="0: one that is free.")] = 8393,
    json: Json = False,
) -> None:
    """Serve a page with the figures and all samples of a release, to this machine alone; Ctrl-C ends it."""
    try:
        import uvicorn

        from affectory.pipelines.viewing.app import make_app
    except ModuleNotFoundError as error:
        raise UserError(f"{error.name} is not installed", "pip install 'affectory[annotation]'") from None
    from affectory.pipelines.viewing.looking import version_of
    from affectory.quality.report.released import Released

    found, listener = Released(version_of(release)), _listener(port)
    app = make_app(found)
    url = f"http://{_HOST}:{listener.getsockname()[1]}/"
    facts = {"event": "serving", "url": url, "release": str(found.folder)}
    print(json_format.dumps(facts) if json else f"the report is at {url} (Ctrl-C ends it)", flush=True)
    config = uvicorn.Config(app, log_level="warning", access_log=False, server_header=False, ws="none")
    with suppress(KeyboardInterrupt):  # which ends it, and is no mistake
        uvicorn.Server(config).run(sockets=[listener])


def _listener(port: int) -> "socket.socket":
    import socket

    try:
        return socket.create_server((_HOST, port))
    except OSError as error:
        raise UserError(f"cannot listen at port {port}: {error.strerror}", "choose another with --port") from None


COMMANDS = (view,)
