"""A server on this machine that speaks OpenAI's API and goes wrong by a script, as servers in the world do.

It answers every question in the same way, and counts: which questions came, which answers went out whole, and which
faults it played. Every fault costs the asker at most one more question.
"""

import contextlib
import json
import socket
import struct
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from affectory.schemas.recipe.asked import Asked
from affectory.transforms.models._asked import AskedModel

LOSES = ("429", "429 at once", "500", "503", "408", "hang", "endless", "half", "cut", "html", "no answer", "reset")
"""Faults that lose one answer."""
SLOW = "slow"
"""What takes long and gets there."""
RESTART = "restart"
"""Loses all that is on its way at that moment."""
ON_ITS_WAY = "on its way"
ID = "chatcmpl-0"
"""The id of every answer: ids of servers tell nothing."""
Body = dict[str, Any]
Said = tuple[int, Any, dict[str, str]]


def answer(content: Any, **more: Any) -> Body:
    """A body with one answer."""
    message = {"role": "assistant", "content": content, **more.pop("message", {})}
    choice = {"index": 0, "message": message, "finish_reason": more.pop("finish_reason", "stop"), **more}
    usage = {"prompt_tokens": 7, "completion_tokens": 3, "total_tokens": 10}
    return {"id": ID, "object": "chat.completion", "choices": [choice], "usage": usage}


def last(body: Body) -> str:
    """What was said last in a question."""
    content = body["messages"][-1]["content"] if "messages" in body else body.get("input", "")
    return content if isinstance(content, str) else json.dumps(content)


def hears(body: Body) -> Said:
    """What it answers if a test wants nothing else."""
    return 200, answer(f"I hear: {last(body)[-60:]}"), {}


@dataclass
class Faulty:
    """`script` is what happens to the requests, in the order in which they come; after that all goes well."""

    script: Sequence[str] = ()
    say: Callable[[Body], Said] = hears
    takes_s: float = 0.01
    url: str = ""
    asked: Counter[str] = field(default_factory=Counter)
    answered: Counter[str] = field(default_factory=Counter)
    met: Counter[str] = field(default_factory=Counter)
    bodies: list[Body] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    at_once: list[int] = field(default_factory=lambda: [0])
    lock: threading.Lock = field(default_factory=threading.Lock)
    down: threading.Event = field(default_factory=threading.Event)

    @property
    def lost(self) -> int:
        """How many answers its faults have cost."""
        return sum(n for fault, n in self.met.items() if fault != SLOW)

    def begin(self, question: str) -> str:
        """What happens to this request."""
        with self.lock:
            number = sum(self.asked.values())
            self.asked[question] += 1
            self.at_once.append(self.at_once[-1] + 1)
            fault = self.script[number] if number < len(self.script) else ""
            if fault:
                self.met[fault] += 1
            return fault

    def end(self) -> None:
        with self.lock:
            self.at_once.append(self.at_once[-1] - 1)

    def count(self, question: str, change: int) -> None:
        """An answer goes out, or did not arrive after all."""
        with self.lock:
            self.answered[question] += change
            if change < 0:
                self.met[ON_ITS_WAY] += 1


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, faulty: Faulty, port: int, restart: Callable[[], None]) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.faulty, self.restart = faulty, restart
        self.open: set[socket.socket] = set()

    def process_request(self, request: Any, client_address: Any) -> None:
        self.open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self.open.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Connections break here: that is what it is for."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def do_POST(self) -> None:
        faulty = self.server.faulty
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        question = f"{last(body)} #{body.get('seed', 0)}"
        with faulty.lock:
            faulty.bodies.append(body)
            faulty.paths.append(self.path)
            faulty.headers.append(dict(self.headers))
        fault = faulty.begin(question)
        try:
            if fault in ("", SLOW):
                self.answer(question, body, size=16 if fault else 1 << 20)
            else:
                name = fault.replace(" ", "_")
                getattr(self, f"play_{'busy' if name[0].isdigit() else name}")(fault)
        except OSError:
            self.close_connection = True
        finally:
            faulty.end()

    def answer(self, question: str, body: Body, size: int) -> None:
        """In pieces of a size; lost, if the server goes down before all is out."""
        faulty = self.server.faulty
        if faulty.down.wait(faulty.takes_s):
            faulty.met[ON_ITS_WAY] += 1
            self.play_reset()
            return
        status, said, headers = faulty.say(body)
        faulty.count(question, status == 200)
        try:
            self.send(status, said, size, **headers)
        except OSError:
            faulty.count(question, -(status == 200))
            raise

    def send(self, status: int, said: Any, size: int = 1 << 20, **headers: str) -> None:
        data = said if isinstance(said, bytes) else json.dumps(said).encode()
        self.begin(status, **{"Content_Length": str(len(data)), **headers})
        for start in range(0, len(data), size):
            self.wfile.write(data[start : start + size])
            time.sleep(0.01 if size < len(data) else 0)

    def begin(self, status: int, **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()

    def play_busy(self, fault: str) -> None:
        after = {"429": {"Retry_After": "1"}, "429 at once": {"Retry_After": "0"}}.get(fault, {})
        self.send(int(fault[:3]), {"error": {"message": "as the test wants it"}}, **after)

    def play_hang(self, _: str) -> None:
        """Says nothing until the asker goes."""
        self.connection.recv(1)
        self.close_connection = True

    def play_endless(self, _: str) -> None:
        """Always a little more, and never the end."""
        self.begin(200, Transfer_Encoding="chunked")
        while True:
            self.wfile.write(b"1\r\n \r\n")
            time.sleep(0.02)

    def play_half(self, _: str) -> None:
        data = json.dumps(answer("half an answer")).encode()
        self.begin(200, Content_Length=str(len(data)))
        self.wfile.write(data[: len(data) // 2])
        self.close_connection = True

    def play_cut(self, _: str) -> None:
        self.begin(200, Transfer_Encoding="chunked")
        self.wfile.write(b'b\r\n{"choices":\r\n')
        self.close_connection = True

    def play_html(self, _: str) -> None:
        self.send(200, b"<html><body>Bad gateway, says a proxy that calls it 200</body></html>")

    def play_no_answer(self, _: str) -> None:
        self.send(200, {"id": ID, "object": "chat.completion", "choices": []})

    def play_reset(self, _: str = "") -> None:
        """The connection breaks off, without a goodbye."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()
        self.close_connection = True

    def play_restart(self, _: str) -> None:
        self.play_reset()
        threading.Thread(target=self.server.restart, daemon=True).start()

    def log_message(self, format: str, *args: Any) -> None:
        pass


class _House:
    """A server on a port, that can go down and come up there again."""

    def __init__(self, made: Faulty) -> None:
        self.faulty, self.port, self._busy = made, 0, threading.Lock()
        self._up()

    def _up(self) -> None:
        self._server = _Server(self.faulty, self.port, self.restart)
        self.port = self._server.server_port
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    def _down(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
        for connection in list(self._server.open):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def restart(self) -> None:
        with self._busy:
            self.faulty.down.set()
            self._down()
            time.sleep(0.3)
            self.faulty.down.clear()
            self._up()

    def close(self) -> None:
        with self._busy:
            self._down()


@contextmanager
def faulty(script: Sequence[str] = (), **more: Any) -> Iterator[Faulty]:
    """The server for as long as a test needs it."""
    made = Faulty(script, **more)
    house = _House(made)
    made.url = f"http://127.0.0.1:{house.port}/v1"
    try:
        yield made
    finally:
        house.close()


def writer(server: Faulty, name: str = "writer", **spec: Any) -> AskedModel:
    """The server's model as a recipe names it."""
    return AskedModel(name, Asked(**{"backend": "openai", "model": "any", "url": server.url, **spec}))
