"""An S3 server on this machine for tests: moto's, careful as the real one is, and as faulty as a test wants it."""

import io
import random
import socket
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import pytest

CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "opens-nothing-0451",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_EC2_METADATA_DISABLED": "true",
}
_ERROR = "<?xml version='1.0'?><Error><Code>{}</Code><Message>as the test wants it</Message></Error>"
_BROKEN = {"500": ("500 Internal Server Error", "InternalError"), "503": ("503 Slow Down", "SlowDown")}
_FAULTS = [f"{what} {when}" for what in (*_BROKEN, "dropped") for when in ("before", "after")]
"""What a request may meet: before it took effect, or after, so that only its answer is lost."""


@dataclass
class Faults:
    """A share of the requests goes wrong."""

    share: float = 0.0
    draw: random.Random = field(default_factory=lambda: random.Random(1))
    met: Counter[str] = field(default_factory=Counter)

    def next(self) -> str:
        """The fault of a request; empty for most."""
        if self.draw.random() >= self.share:
            return ""
        fault = self.draw.choice(_FAULTS)
        self.met[fault] += 1
        return fault


@dataclass
class _Careful:
    """Moto's application, one request at a time: as on S3, of two that create a name one comes first."""

    app: Any
    faults: Faults
    requests: Counter[str] = field(default_factory=Counter)
    _lock: Any = field(default_factory=threading.Lock)

    def __call__(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        if environ.get("CONTENT_LENGTH"):
            environ["wsgi.input"] = io.BytesIO(environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"])))
        with self._lock:
            self.requests[environ["REQUEST_METHOD"]] += 1
            fault, _, when = self.faults.next().partition(" ")
            if when != "before":
                begun: list[Any] = []
                body = b"".join(self.app(environ, lambda *given: begun.extend(given)))
        if not fault:
            start(*begun)
            return [body]
        if fault == "dropped":
            environ["werkzeug.socket"].shutdown(socket.SHUT_RDWR)
            raise ConnectionResetError("as the test wants it")
        status, code = _BROKEN[fault]
        start(status, [("Content-Type", "application/xml")])
        return [_ERROR.format(code).encode()]


@dataclass(frozen=True)
class Server:
    """Where the server answers; reached through the environment, as a user's storage is."""

    url: str
    app: _Careful

    @property
    def environment(self) -> dict[str, str]:
        return {**CREDENTIALS, "AWS_ENDPOINT_URL": self.url}

    def bucket(self) -> str:
        """The URL of a new, empty bucket; call with the environment set."""
        from affectory.pipelines.store.filesystems import filesystem

        name = f"test-{uuid4().hex[:12]}"
        filesystem("s3://").call_s3("create_bucket", Bucket=name)
        return f"s3://{name}"


@contextmanager
def serving(faults: Faults | None = None) -> Iterator[Server]:
    """The server for as long as tests need it."""
    from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
    from werkzeug.serving import make_server

    class Quiet(MotoRequestHandler):  # type: ignore[misc]
        def log(self, *_: object) -> None:
            pass

    app = _Careful(DomainDispatcherApplication(create_backend_app), faults or Faults())
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=Quiet)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield Server(f"http://127.0.0.1:{server.server_port}", app)
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@contextmanager
def reached(server: Server) -> Iterator[None]:
    """The environment of this process leads to the server, and to nobody's own credentials."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
            patch.delenv(name, raising=False)
        for name, value in server.environment.items():
            patch.setenv(name, value)
        yield
