"""Label Studio as the proxy speaks to it: with the visitor's own credential, never with one of ours."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import TYPE_CHECKING, Any

from affectory.annotation.proxy import guard

if TYPE_CHECKING:
    import httpx
    from starlette.requests import Request
    from starlette.responses import Response

CONNECT_S, READ_S = 10.0, 300.0
RAISING: Any = object()


@dataclass(eq=False)
class Silent(Exception):
    """Label Studio did not answer."""

    url: str


@dataclass(eq=False)
class Refused(Exception):
    """Label Studio answered otherwise than asked for."""

    status: int
    body: Any


class Upstream:
    """A client of one Label Studio."""

    def __init__(self, url: str, place: guard.Place, transport: "httpx.AsyncBaseTransport | None" = None) -> None:
        import httpx

        self.url, self._place = url.rstrip("/"), place
        self._client = httpx.AsyncClient(
            base_url=self.url,
            timeout=httpx.Timeout(READ_S, connect=CONNECT_S),
            limits=httpx.Limits(max_connections=64, max_keepalive_connections=16),
            trust_env=False,
            transport=transport,
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),  # else one's session would go out for all
        )

    async def get(self, path: str, credentials: Mapping[str, str], *, default: Any = RAISING, **query: str) -> Any:
        """What lies at a path, as JSON; `default` where it is not to be had."""
        answer = await self.call("GET", path, credentials, query=query)
        if answer.status_code == 200:
            return answer.json()
        if default is RAISING:
            raise Refused(answer.status_code, _json(answer))
        return default

    async def call(
        self, method: str, path: str, credentials: Mapping[str, str], *, query: Mapping[str, str] = {}, json: Any = None
    ) -> "httpx.Response":
        """One request, of our making throughout, and its whole answer; nothing is retried."""
        import httpx

        headers = {"host": self._place.host, "accept": "application/json", **credentials}
        try:
            return await self._client.request(method, path, headers=headers, params=dict(query), json=json)
        except httpx.TransportError as error:
            raise Silent(self.url) from error

    async def forward(
        self, request: "Request", credentials: Mapping[str, str], *, most: int | None, begins: bool = False
    ) -> "Response":
        """The request as it came, its headers cleaned, and the answer as it comes.

        Without credentials Label Studio begins a session each time; unless one `begins`, it must not replace the one
        that there is.
        """
        import httpx
        from starlette.responses import StreamingResponse

        headers = guard.passed(request.headers, self._place) | dict(credentials)
        target = request.scope["raw_path"].decode("latin-1")
        query = request.scope["query_string"].decode("latin-1")
        body = await _body(request, headers, most)
        url = httpx.URL(self.url).copy_with(raw_path=(f"{target}?{query}" if query else target).encode("latin-1"))
        sent = self._client.build_request(request.method, url, headers=headers, content=body)
        try:
            answer = await self._client.send(sent, stream=True)
        except httpx.TransportError as error:
            raise Silent(self.url) from error
        response = StreamingResponse(_stream(answer), status_code=answer.status_code)
        self._dress(response, answer)
        if credentials or begins:
            self.cookies(response, answer)
        if "content-length" in answer.headers:
            response.headers["content-length"] = answer.headers["content-length"]
        return response

    def cookies(self, response: "Response", answer: "httpx.Response") -> "Response":
        """The answer, with the cookies that Label Studio sets."""
        for value in answer.headers.get_list("set-cookie"):
            response.headers.append("set-cookie", guard.cookie(value, self._place))
        return response

    def _dress(self, response: "Response", answer: "httpx.Response") -> None:
        for name, value in guard.answered(answer.headers.multi_items()):
            response.headers.append(name, value)
        if "location" in answer.headers:
            response.headers["location"] = guard.landing(answer.headers["location"], self._place, self.url)

    async def close(self) -> None:
        """Ends all connections."""
        await self._client.aclose()


async def _stream(answer: "httpx.Response") -> AsyncIterator[bytes]:
    try:
        async for chunk in answer.aiter_raw():
            yield chunk
    finally:
        await answer.aclose()


async def _body(request: "Request", headers: dict[str, str], most: int | None) -> Any:
    """The body as it streams in where its length is told; Label Studio's server knows no other."""
    from affectory.annotation.proxy.bodies import LONGEST, whole

    if request.method in guard.SAFE:
        return None
    length = request.headers.get("content-length", "")
    if most is None and length.isdecimal():
        headers["content-length"] = length
        return request.stream()
    return await whole(request, most or LONGEST)


def _json(answer: "httpx.Response") -> Any:
    try:
        return answer.json()
    except ValueError:
        return {}
