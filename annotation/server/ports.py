"""Ports on loopback."""

import random
import socket
from collections.abc import Iterable
from contextlib import closing, suppress
from pathlib import Path

from affectory.schemas.errors import UserError

LOOPBACK = "127.0.0.1"
LASTING = range(18000, 28000)
"""Below those that the machine gives to whoever asks for any: one of these stays free while a server starts."""
_LISTENS = "0A"


def is_free(port: int) -> bool:
    """Whether a server could listen there. Bound as servers do: what only lingers after a restart is no obstacle."""
    with closing(socket.socket()) as there:
        there.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            there.bind((LOOPBACK, port))
        except OSError:
            return False
        return not answers(port)


def answers(port: int) -> bool:
    """Whether something listens there; also what listens on all addresses, beside which one could still bind."""
    with closing(socket.socket()) as there:
        there.settimeout(1)
        return there.connect_ex((LOOPBACK, port)) == 0


def free_port(wanted: Iterable[int] = ()) -> int:
    """The first of those wanted that is free, else any that nobody will be given."""
    for port in (*wanted, *random.SystemRandom().sample(LASTING, 100)):
        if is_free(port):
            return port
    raise UserError("no port of this machine is free", "end some of what listens on it")


def listens(pid: int, port: int) -> bool:
    """Whether it is this process that listens there, and not another that was quicker."""
    table = Path("/proc/net/tcp")
    if not table.exists():
        return answers(port)  # a machine that does not tell
    rows = [line.split() for line in table.read_text(encoding="ascii").splitlines()[1:]]
    sockets = {f"socket:[{row[9]}]" for row in rows if row[3] == _LISTENS and row[1].endswith(f":{port:04X}")}
    return not sockets.isdisjoint(_open_files(pid))


def require_free(port: int, what: str, option: str) -> None:
    """Refuse a port that something else has: Label Studio would silently move to the next one."""
    if not is_free(port):
        raise UserError(f"port {port} for {what} is taken by another program", f"choose another: {option} {port + 10}")


def _open_files(pid: int) -> set[str]:
    found = set()
    with suppress(FileNotFoundError, PermissionError):
        for link in Path(f"/proc/{pid}/fd").iterdir():
            with suppress(FileNotFoundError):  # closed as we look
                found.add(str(link.readlink()))
    return found
