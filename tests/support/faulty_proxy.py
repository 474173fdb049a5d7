"""Stands between us and a server and does to requests what networks and proxies do: scripted, one fault a request.

A fault is met by the first requests that it fits, as often as it says, and then everything passes.
"""

import http.client
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Literal
from urllib.parse import urlsplit

Does = Literal["504 after", "504 before", "drop after", "drop before", "twice", "504 while it works", "cut"]
HOP = ("connection", "keep-alive", "transfer-encoding", "content-length", "host")
LATE_S = 1.0
"""How long after a 504 a request that was still at work gets to the server."""


@dataclass
class Fault:
    """What happens to requests of this method whose path has this in it."""

    does: Does
    method: str = "POST"
    within: str = ""
    times: int = 1

    def fits(self, method: str, path: str) -> bool:
        return self.times > 0 and method == self.method and self.within in path


@dataclass
class FaultyProxy:
    """`faults` are still to come; `met` are those that happened; while `down`, no request is answered."""

    target: str
    faults: list[Fault] = field(default_factory=list)
    met: list[str] = field(default_factory=list)
    passed: list[tuple[str, str]] = field(default_factory=list)
    before: Callable[[str, str], None] = lambda method, path: None
    """Called before a request goes on."""
    down: bool = False
    url: str = ""
    late: list[threading.Thread] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def next_fault(self, method: str, path: str) -> Fault | None:
        """The fault that this request meets."""
        with self._lock:
            for fault in self.faults:
                if fault.fits(method, path):
                    fault.times -= 1
                    self.met.append(fault.does)
                    return fault
        return None

    @contextmanager
    def serving(self) -> Iterator["FaultyProxy"]:
        """Runs it on a free port of this machine."""
        server = _Listening(("127.0.0.1", 0), type("Handler", (_Handler,), {"proxy": self}))
        self.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield self
        finally:
            server.shutdown()
            thread.join()
            for late in self.late:
                late.join()
            server.server_close()

    @contextmanager
    def away_for(self, seconds: float) -> Iterator[None]:
        """Nobody answers for a while, beginning now."""
        self.down = True
        timer = threading.Timer(seconds, lambda: setattr(self, "down", False))
        timer.start()
        try:
            yield
        finally:
            timer.join()


class _Listening(ThreadingHTTPServer):
    daemon_threads = False

    def handle_error(self, request: object, client_address: object) -> None:
        """Clients that go away are none of ours."""


@dataclass(frozen=True)
class _Answer:
    status: int
    headers: list[tuple[str, str]]
    body: bytes


class _Handler(BaseHTTPRequestHandler):
    proxy: FaultyProxy
    protocol_version = "HTTP/1.1"

    def handle_any(self) -> None:
        self.close_connection = True
        if self.proxy.down:
            return
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.proxy.before(self.command, self.path)
        fault = self.proxy.next_fault(self.command, self.path)
        self._do(fault.does if fault else None, body)

    def _do(self, does: Does | None, body: bytes) -> None:
        if does == "504 before":
            self._give(_Answer(504, [], b"late"))
        elif does == "504 while it works":
            self._give(_Answer(504, [], b"late"))
            self._later(body)
        elif does != "drop before":
            answer = self._ask(body)
            self._ask(body) if does == "twice" else None
            self._end(does, answer)

    def _end(self, does: Does | None, answer: _Answer) -> None:
        if does == "504 after":
            self._give(_Answer(504, [], b"late"))
        elif does == "cut":
            self._give(answer, cut=True)
        elif does != "drop after":
            self._give(answer)

    def _later(self, body: bytes) -> None:
        def work() -> None:
            time.sleep(LATE_S)
            self._ask(body)

        self.proxy.late.append(threading.Thread(target=work))
        self.proxy.late[-1].start()

    def _ask(self, body: bytes) -> _Answer:
        to = urlsplit(self.proxy.target)
        link = http.client.HTTPConnection(to.hostname or "", to.port, timeout=120)
        headers = {name: value for name, value in self.headers.items() if name.lower() not in HOP}
        link.request(self.command, self.path, body or None, {**headers, "Connection": "close"})
        answer = link.getresponse()
        found = _Answer(answer.status, answer.getheaders(), answer.read())
        link.close()
        self.proxy.passed.append((self.command, self.path))
        return found

    def _give(self, answer: _Answer, cut: bool = False) -> None:
        self.send_response(answer.status)
        for name, value in answer.headers:
            if name.lower() not in HOP and name.lower() != "server":
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer.body)))
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(answer.body[: len(answer.body) // 2] if cut else answer.body)

    def log_message(self, format: str, *args: object) -> None:
        """Tests say what went wrong."""

    do_GET = do_POST = do_PATCH = do_DELETE = handle_any
