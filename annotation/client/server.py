"""Label Studio as we ask it: what may be sent twice is sent until it is answered, what may not is sent once."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from affectory.annotation.client.arriving import Cut, items
from affectory.annotation.client.errors import Refused, Uncertain
from affectory.annotation.client.login import Login
from affectory.annotation.client.refusals import refusal, why
from affectory.annotation.client.waiting import Outage
from affectory.schemas.errors import UserError

if TYPE_CHECKING:
    import httpx

JSON = {"Content-Type": "application/json"}
Method = Literal["GET", "POST", "PATCH", "DELETE"]
AWAY = (502, 503, 504)
"""Statuses of a proxy or a server that starts; 429 is the same to us: wait."""
OWN_FAULTS = 4
"""How often a server may answer 500 to the same request before we believe it."""


def silence(line: str) -> None:
    """Says nothing."""


@dataclass
class Server:
    """A Label Studio that was found at `url` and let us in."""

    url: str
    client: "httpx.Client" = field(repr=False)
    login: Login = field(repr=False)
    tell: Callable[[str], None] = field(default=silence, repr=False)
    patience_s: float = 600.0
    settle_s: float = 5.0
    """How long after a request whose end nobody knows the server is watched before it is believed to rest."""
    version: str = ""

    @classmethod
    def at(
        cls,
        url: str,
        token: str,
        *,
        tell: Callable[[str], None] = silence,
        patience_s: float = 600.0,
        settle_s: float = 5.0,
    ) -> "Server":
        """The server at this address, once it is known to be a Label Studio of our time that takes the token."""
        from affectory.annotation.client.meeting import met, renewed

        client, base, version = met(url)
        try:
            login = Login(token, lambda long: renewed(client, base, long))
            server = cls(base, client, login, tell, patience_s, settle_s, version)
            server.greet()
        except BaseException:
            client.close()
            raise
        return server

    def greet(self) -> None:
        """Sees that we are let in, and that what follows the address is where it answers."""
        try:
            self.get("/api/current-user/whoami")
        except Refused as refused:
            if refused.status != 404:
                raise
            told = f"Label Studio is not at {self.url}, but near it."
            raise UserError(told, "Give the address of its start page.") from None

    def close(self) -> None:
        """Lets go of its connections."""
        self.client.close()

    def __enter__(self) -> "Server":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def get(self, path: str, **params: Any) -> Any:
        """What lies there."""
        return self._surely("GET", path, params=params)

    def patch(self, path: str, body: Mapping[str, Any]) -> Any:
        """Makes it so."""
        return self._surely("PATCH", path, json=dict(body))

    def delete(self, path: str) -> None:
        """Makes it be gone; what is gone already is."""
        try:
            self._surely("DELETE", path)
        except Refused as refused:
            if refused.status != 404:
                raise

    def act(self, path: str, body: Any, **params: Any) -> Any:
        """A POST that does no more when it is done twice."""
        return self._surely("POST", path, json=body, params=params)

    def post(self, path: str, body: Any, **params: Any) -> Any:
        """A POST that is sent once; `Uncertain` where nobody knows whether it was done."""
        sent = {"content": body, "headers": JSON} if isinstance(body, bytes) else {"json": body}
        return self._surely("POST", path, once=True, params=params, **sent)

    def stream(self, path: str, **params: Any) -> Iterator[dict[str, Any]]:
        """The objects of a list of any length. Where it breaks off it is got again: objects may come twice."""
        import httpx

        outage = self._outage()
        while True:
            answer = self._good(Asked("GET", path, {"params": params}, stream=True), outage)
            try:
                yield from items(answer.iter_bytes())
                outage.end()
                return
            except (httpx.TransportError, Cut) as broken:
                outage.wait(why(broken))
            finally:
                answer.close()

    def _surely(self, method: Method, path: str, once: bool = False, **sent: Any) -> Any:
        outage = self._outage()
        answer = self._good(Asked(method, path, sent, once), outage)
        outage.end()
        try:
            return answer.json() if answer.content else None
        except ValueError:
            raise UserError(f"What answers at {self.url} speaks no JSON.", "See what stands before it.") from None

    def _outage(self) -> Outage:
        return Outage(self.url, self.tell, self.patience_s)

    def _good(self, asked: "Asked", outage: Outage) -> "httpx.Response":
        """The answer, which is good, whatever it takes; that of a stream is still open."""
        import httpx

        while True:
            try:
                answer = self._sent(asked)
            except httpx.TransportError as lost:
                if asked.once and not isinstance(lost, httpx.ConnectError | httpx.ConnectTimeout):
                    raise Uncertain(f"{asked.method} {asked.path}", why(lost)) from lost
                outage.wait(why(lost))
                continue
            if answer.is_success:
                return answer
            self._judge(answer, asked, outage)

    def _sent(self, asked: "Asked") -> "httpx.Response":
        headers = {**self.login.header(), **asked.sent.get("headers", {})}
        request = self.client.build_request(asked.method, asked.path, **{**asked.sent, "headers": headers})
        answer = self.client.send(request, stream=asked.stream)
        if not answer.is_success:
            answer.read()
        return answer

    def _judge(self, answer: "httpx.Response", asked: "Asked", outage: Outage) -> None:
        """Returns where it makes sense to ask again."""
        status = answer.status_code
        if status == 401 and self.login.again():
            return
        if asked.once and (status in AWAY or status == 500):
            raise Uncertain(f"{asked.method} {asked.path}", f"answered {status}")
        if status in AWAY or status == 429 or (status == 500 and outage.tries < OWN_FAULTS):
            outage.wait(f"answered {status}")
            return
        raise refusal(answer, self.url, asked.method, asked.path)


@dataclass(frozen=True)
class Asked:
    """A request; one that is sent `once` is not sent again where it may have arrived."""

    method: Method
    path: str
    sent: Mapping[str, Any]
    once: bool = False
    stream: bool = False
