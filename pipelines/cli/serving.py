"""Commands that start and stop the review server of this machine: up, down. They belong to `affectory review`."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from affectory.annotation.server.home import Home
    from affectory.annotation.server.up import Running, Wanted

HomeFolder = Annotated[
    Path | None, typer.Option("--home", help="Folder of the review server. Default: ~/.local/share/affectory/review")
]
Port = Annotated[
    int | None, typer.Option("--port", min=1, max=65535, help="Port at which raters come. Default: as before, or 8390.")
]
Public = Annotated[
    str | None,
    typer.Option(
        "--public", help="Address by which raters come, where a server with TLS stands before. Default: as before."
    ),
]
DatabaseUrl = Annotated[
    str, typer.Option("--database", help="A PostgreSQL that exists: postgresql://user@host:port/name.", metavar="URL")
]
PasswordFile = Annotated[
    Path | None,
    typer.Option(
        "--database-password-file",
        help="File (0600) with its password. Default: AFFECTORY_DATABASE_PASSWORD.",
        metavar="FILE",
    ),
]
Leads = Annotated[
    list[str] | None, typer.Option("--lead", help="Make an account that sees all, and is not asked.", metavar="EMAIL")
]
Raters = Annotated[
    Path | None,
    typer.Option("--raters", help="Make accounts for the `email`s of a csv or yaml file of raters.", metavar="FILE"),
]

Stay = Annotated[
    bool,
    typer.Option("--stay", help="Stay in the foreground, start again what ends, and stop all at Ctrl-C or SIGTERM."),
]


def up(
    home: HomeFolder = None,
    port: Port = None,
    public: Public = None,
    database: DatabaseUrl = "",
    database_password_file: PasswordFile = None,
    lead: Leads = None,
    raters: Raters = None,
    staying: Stay = False,
) -> None:
    """Start Label Studio, its database, and the proxy for raters.

    Through it they see only what they are asked. What runs already is left alone.
    """
    from affectory.annotation.server.home import Home
    from affectory.annotation.server.teams import read_database
    from affectory.annotation.server.up import Wanted
    from affectory.annotation.server.up import up as start

    where = Home.at(home)
    named = read_database(database, database_password_file) if database else None
    people = _listed(raters)
    leads = (*(lead or ()), *(email for email, role in people if role == "lead"))
    wanted = Wanted(where, *_address(where, port, public), named, leads, tuple(email for email, _ in people))
    running = start(wanted, _progress)
    where.remember(asked={"port": wanted.port, "public": wanted.public})
    _tell(running, wanted)
    if staying:
        _stay(wanted)


def down(home: HomeFolder = None) -> None:
    """Stop what `affectory review up` started; all data stay."""
    from affectory.annotation.server.home import Home
    from affectory.annotation.server.up import down as stop

    where = Home.at(home)
    print(f"stopped; data stay in {where.folder}" if stop(where, _progress) else f"nothing runs from {where.folder}")


def _address(home: "Home", port: int | None, public: str | None) -> tuple[int, str]:
    """Where raters come to: as said now, else as said before, so that a plain `up` leaves them where they were."""
    from affectory.annotation.server.up import PORT

    before = home.state().get("asked") or {}
    return port or before.get("port") or PORT, before.get("public", "") if public is None else public


def _listed(path: Path | None) -> list[tuple[str, str]]:
    """Addresses and roles; pseudonyms are given later, when it is known for which dataset."""
    from affectory.pipelines.review.raters import read_raters

    return [(person.email, person.role) for person in read_raters(path, lambda email: "")] if path else []


def _stay(wanted: "Wanted") -> None:
    import signal
    from threading import Event

    from affectory.annotation.server.up import stay

    told = Event()
    for sign in (signal.SIGTERM, signal.SIGINT):
        signal.signal(sign, lambda *_: told.set())
    stay(wanted, _progress, told.wait)


def _progress(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _tell(running: "Running", wanted: "Wanted") -> None:
    print(f"Raters come to {running.public}")
    print(f"  you: {running.email}, with the password in {wanted.home.secrets}")
    if wanted.home.passwords.exists():
        print(f"  others: their first passwords are in {wanted.home.passwords}")
    print(f"  how it goes: {running.public}/review/status, for leads, as `affectory review status` last wrote it")
    print(f"  stop it: {wanted.home.command('down')}")


COMMANDS = (up, down)
