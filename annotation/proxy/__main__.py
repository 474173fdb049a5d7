"""Starts the proxy: `python -m affectory.annotation.proxy --home HOME --upstream URL --host 127.0.0.1 --port P`."""

import argparse
import sys
from pathlib import Path
from urllib.parse import urlsplit

from affectory.annotation.proxy.guard import Place
from affectory.schemas.errors import UserError

LOCAL = ("127.0.0.1", "localhost", "::1")


def main(arguments: list[str] | None = None) -> None:
    """Serves until it is told to stop."""
    given = _parser().parse_args(arguments)
    try:
        _serve(given)
    except UserError as error:
        sys.exit(str(error))


def _serve(given: argparse.Namespace) -> None:
    _check(given)
    try:
        import uvicorn
    except ImportError as error:
        raise UserError("The proxy needs uvicorn and starlette.", "pip install 'affectory[annotation]'") from error
    from affectory.annotation.proxy.app import make_app

    given.home.mkdir(mode=0o700, parents=True, exist_ok=True)
    app = make_app(given.home, given.upstream, Place.at(given.host, given.port, given.public))
    uvicorn.run(
        app,
        host=given.host,
        port=given.port,
        http="h11",  # reads requests strictly
        ws="none",
        proxy_headers=False,
        server_header=False,
        access_log=False,
        log_level="warning",
        timeout_graceful_shutdown=5,
    )


def _check(given: argparse.Namespace) -> None:
    if urlsplit(given.upstream).scheme not in ("http", "https"):
        raise UserError(f"{given.upstream} is no address of a Label Studio.", "write --upstream http://host:port")
    if given.public is not None and urlsplit(given.public).scheme not in ("http", "https"):
        raise UserError(f"{given.public} is no address.", "write --public https://review.example.org")
    if given.public is None and given.host not in LOCAL:
        raise UserError(
            f"On {given.host} others reach the proxy, and it does not know by which name.",
            "say --public https://the.name.that.raters.use",
        )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="affectory.annotation.proxy", description=__doc__)
    parser.add_argument("--home", type=Path, required=True, help="where raters, plans and media lie")
    parser.add_argument("--upstream", required=True, help="the address of Label Studio, which only we should reach")
    parser.add_argument("--host", default="127.0.0.1", help="the address to listen on")
    parser.add_argument("--port", type=int, required=True, help="the port to listen on")
    parser.add_argument("--public", help="the address that raters use, if it is another")
    return parser


if __name__ == "__main__":
    main()
