"""A PostgreSQL that a team has: its address from the command, its password from the environment or a private file."""

import os
from pathlib import Path
from urllib.parse import unquote, urlsplit

from affectory.annotation.server.postgres import Database
from affectory.annotation.server.private import read_private
from affectory.schemas.errors import UserError

PASSWORD = "AFFECTORY_DATABASE_PASSWORD"
FORM = "write it as postgresql://user@host:5432/name"


def read_database(url: str, password_file: Path | None = None) -> Database:
    """How Label Studio reaches it."""
    parts = urlsplit(url)
    if parts.password is not None:
        hint = f"leave it out of the address, and put it into {PASSWORD}, or into a file: --database-password-file"
        raise UserError("a password on the command line is read by everybody on this machine", hint)
    if parts.scheme not in ("postgresql", "postgres") or not (parts.hostname and parts.username):
        raise UserError(f"{url!r} is no address of a PostgreSQL", FORM)
    try:
        port = parts.port or 5432
    except ValueError:
        raise UserError(f"{url!r} has no port between 1 and 65535", FORM) from None
    name = unquote(parts.path.strip("/"))
    if not name or parts.query or parts.fragment:
        raise UserError(f"{url!r} does not end with the name of a database", FORM)
    return Database(parts.hostname, port, name, unquote(parts.username), _password(password_file))


def _password(file: Path | None) -> str:
    found = read_private(file).strip() if file else os.environ.get(PASSWORD, "")
    if not found:
        raise UserError("the database's password is not known", f"export {PASSWORD}, or --database-password-file FILE")
    return found
