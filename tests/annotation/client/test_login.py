"""Which header a token makes, and when a short one is got anew."""

import base64
import json

import pytest

from affectory.annotation.client.login import Login
from affectory.schemas.errors import UserError


def jwt(**claims: object) -> str:
    return f"eyJh.{base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip('=')}.c2ln"


def no_renewal(token: str) -> str:
    raise AssertionError("a legacy token is not renewed")


def test_a_legacy_token_goes_as_it_is() -> None:
    login = Login("0123abcd" * 5, no_renewal)
    assert login.header() == {"Authorization": f"Token {'0123abcd' * 5}"}
    assert not login.again()


class Renewals:
    """Gives a new short token each time, which lives for `life` seconds by the server's clock."""

    def __init__(self, life: float) -> None:
        self.life, self.made = life, 0

    def __call__(self, token: str) -> str:
        self.made += 1
        return jwt(iat=1e9, exp=1e9 + self.life, n=self.made)


@pytest.mark.parametrize(
    ("life", "after", "made"), [(300, 100, 1), (300, 239, 1), (300, 241, 2), (60, 50, 2), (9e9, 241, 2)]
)
def test_a_short_token_is_renewed_before_it_ends(life: float, after: float, made: int) -> None:
    now, renewals = [0.0], Renewals(life)
    login = Login(jwt(exp=1), renewals, lambda: now[0])
    first = login.header()
    now[0] = after
    assert (login.header() == first) == (made == 1)
    assert renewals.made == made


def test_one_that_is_refused_is_renewed_once() -> None:
    renewals = Renewals(300)
    login = Login(jwt(exp=1), renewals)
    login.header()
    assert login.again()
    assert not login.again()
    login.header()
    assert renewals.made == 2


@pytest.mark.parametrize("token", ["", "a b", "a\n", "ä"])
def test_what_can_be_no_token_is_refused_and_not_repeated(token: str) -> None:
    with pytest.raises(UserError) as error:
        Login(token, no_renewal)
    assert not token.strip() or token not in str(error.value)


def test_a_login_does_not_show_its_token() -> None:
    assert "secret" not in repr(Login("secret", no_renewal))
