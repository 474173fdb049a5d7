"""Who we are to Label Studio: a legacy token, or a personal access token from which short ones are got."""

import base64
import binascii
import json
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from affectory.schemas.errors import UserError

NAME_IN_HEADER = re.compile(r"[\x21-\x7e]+")
LONGEST_LIFE_S = 300.0
SPENT = 0.8
"""Share of a short token's life after which the next one is got."""


@dataclass
class Login:
    """Makes the header of a request; `renew` trades the personal access token for a short one."""

    token: str = field(repr=False)
    renew: Callable[[str], str] = field(repr=False)
    clock: Callable[[], float] = time.monotonic
    _access: str = field(default="", repr=False)
    _until: float = 0.0

    def __post_init__(self) -> None:
        if not NAME_IN_HEADER.fullmatch(self.token):
            raise UserError(
                "The token of Label Studio has characters that no token has, or is empty.",
                "Copy it again from Account & Settings, without spaces or line ends.",
            )

    @property
    def personal(self) -> bool:
        """Whether it is a personal access token: such a one is a JWT."""
        return bool(_claims(self.token))

    def header(self) -> dict[str, str]:
        """What goes with a request; a short token is renewed before it ends."""
        if not self.personal:
            return {"Authorization": f"Token {self.token}"}
        if not self._access or self.clock() >= self._until:
            self._access = self.renew(self.token)
            self._until = self.clock() + SPENT * _life(self._access)
        return {"Authorization": f"Bearer {self._access}"}

    def again(self) -> bool:
        """After a 401: whether another try with a new short token makes sense."""
        had, self._access = bool(self._access), ""
        return had and self.personal


def _life(token: str) -> float:
    """Seconds that a short token lives by the server's own clock, which need not agree with ours."""
    claims = _claims(token)
    try:
        return min(LONGEST_LIFE_S, float(claims["exp"]) - float(claims["iat"]))  # type: ignore[arg-type]
    except (KeyError, TypeError, ValueError):
        return LONGEST_LIFE_S


def _claims(token: str) -> Mapping[str, object]:
    parts = token.split(".")
    if len(parts) != 3:
        return {}
    try:
        found = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except (binascii.Error, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
