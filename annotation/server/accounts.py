"""Accounts of people at Label Studio. Those its API makes cannot log in; those that signed up by invitation can."""

import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from affectory.schemas.errors import UserError

if TYPE_CHECKING:
    import httpx

TIMEOUT_S = 60


@dataclass(frozen=True)
class Account:
    """Somebody who can log in. The password is known only to whom the account was made by, and only then."""

    email: str
    password: str
    id: int
    token: str

    def __repr__(self) -> str:
        return f"Account({self.email})"


def ensure_rater(url: str, token: str, email: str) -> Account | None:
    """Make an account with a password of its own; None where there is one already, which stays as it is."""
    with _client(url) as asking:
        headers = {"Authorization": f"Token {token}"}
        if email.lower() in known_emails(asking, headers):
            return None
        invitation = _json(asking.get("/api/invite", headers=headers))["token"]
    return _sign_up(url, invitation, email, secrets.token_urlsafe(9))


def known_emails(asking: "httpx.Client", headers: dict[str, str]) -> set[str]:
    """Of all who have an account."""
    return {str(user["email"]).lower() for user in _json(asking.get("/api/users/", headers=headers))}


def _sign_up(url: str, invitation: str, email: str, password: str) -> Account:
    with _client(url) as session:
        form = f"/user/signup/?token={invitation}"
        session.get(form)
        given = {"email": email, "password": password, "csrfmiddlewaretoken": session.cookies.get("csrftoken", "")}
        answer = session.post(form, data=given, headers={"Referer": url})
        if answer.status_code != 302:
            raise UserError(f"Label Studio refused an account for {email}", "check the e-mail address")
        who = _json(session.get("/api/current-user/whoami"))
        return Account(email, password, int(who["id"]), str(_json(session.get("/api/current-user/token"))["token"]))


def _client(url: str) -> "httpx.Client":
    import httpx

    return httpx.Client(base_url=url, timeout=TIMEOUT_S, trust_env=False)


def _json(answer: "httpx.Response") -> Any:
    if answer.status_code != 200:
        raise UserError(f"Label Studio answered {answer.status_code} to {answer.request.url.path}", "look at its log")
    return answer.json()
