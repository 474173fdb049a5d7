"""Accounts of people at Label Studio. Those its API makes cannot log in; those that signed up by invitation can."""

import csv
import io
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from affectory.annotation.client.server import Server
from affectory.annotation.server.home import Home
from affectory.annotation.server.private import read_private, write_private
from affectory.schemas.errors import UserError

if TYPE_CHECKING:
    import httpx

    from affectory.annotation.server.up import Running

TIMEOUT_S = 60


@dataclass(frozen=True)
class Account:
    """Somebody who can log in."""

    email: str
    password: str
    id: int
    token: str

    def __repr__(self) -> str:
        return f"Account({self.email})"


def ensure_rater(server: Server, email: str, password: str = "") -> Account | None:
    """Make an account, with a password of its own; None where there is one already, which stays as it is."""
    if email.lower() in known(server):
        return None
    return _sign_up(server, email.lower(), password or secrets.token_urlsafe(9))


def ensure_raters(running: "Running", home: Home, emails: Iterable[str]) -> int:
    """Accounts for all who have none at the server of this machine; says how many were made."""
    with Server.at(running.url, running.token) as server:
        return invite(server, emails, home.passwords)


def invite(server: Server, emails: Iterable[str], passwords: Path) -> int:
    """Accounts for all who have none, their first passwords in a private file; says how many were made.

    A password is written before it is used, so that none is lost when this breaks off.
    """
    there, kept, made = known(server), read_passwords(passwords), 0
    for email in dict.fromkeys(email.strip().lower() for email in emails):
        if email not in there:
            kept.setdefault(email, secrets.token_urlsafe(9))
            _write_passwords(passwords, kept)
            _sign_up(server, email, kept[email])
            made += 1
    return made


def known(server: Server) -> set[str]:
    """Addresses of all who have an account."""
    return {str(user["email"]).lower() for user in server.get("/api/users/")}


def read_passwords(path: Path) -> dict[str, str]:
    """First passwords by address, of a file that only its owner can read."""
    if not path.exists():
        return {}
    rows = csv.DictReader(io.StringIO(read_private(path)))
    return {str(row.get("email") or ""): str(row.get("password") or "") for row in rows}


def forget_password(path: Path, email: str) -> None:
    """Leave nothing of somebody's address and first password."""
    kept = read_passwords(path)
    if kept.pop(email.lower(), None) is not None:
        _write_passwords(path, kept)


def _write_passwords(path: Path, passwords: dict[str, str]) -> None:
    text = io.StringIO()
    csv.writer(text).writerows([("email", "password"), *passwords.items()])
    write_private(path, text.getvalue())


def _sign_up(server: Server, email: str, password: str) -> Account:
    """As somebody would who opened the link of an invitation."""
    import httpx

    invitation = server.get("/api/invite")["token"]
    with httpx.Client(base_url=server.url, timeout=TIMEOUT_S, trust_env=False) as session:
        form = f"/user/signup/?token={invitation}"
        session.get(form)
        given = {"email": email, "password": password, "csrfmiddlewaretoken": session.cookies.get("csrftoken", "")}
        if session.post(form, data=given, headers={"Referer": server.url}).status_code != 302:
            raise UserError(f"Label Studio refused an account for {email}", "check the e-mail address")
        who = _json(session.get("/api/current-user/whoami"))
        return Account(email, password, int(who["id"]), _own_token(session, server.url))


def _own_token(session: "httpx.Client", url: str) -> str:
    """A Label Studio in which a project was ever deleted forgets to make tokens for new people: then it is asked to."""
    found = session.get("/api/current-user/token")
    if found.status_code == 200:
        return str(_json(found)["token"])
    headers = {"X-CSRFToken": session.cookies.get("csrftoken") or "", "Referer": url}
    made = session.post("/api/current-user/reset-token/", headers=headers)
    return str(made.json()["token"]) if made.status_code == 201 else ""


def _json(answer: "httpx.Response") -> Any:
    if answer.status_code != 200:
        raise UserError(f"Label Studio answered {answer.status_code} to {answer.request.url.path}", "look at its log")
    return answer.json()
