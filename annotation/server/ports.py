"""Ports on loopback."""

import socket
from collections.abc import Iterable
from contextlib import closing

from affectory.schemas.errors import UserError

LOOPBACK = "127.0.0.1"


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
    """The first of those wanted that is free, else any."""
    for port in wanted:
        if is_free(port):
            return port
    with closing(socket.socket()) as there:
        there.bind((LOOPBACK, 0))
        return int(there.getsockname()[1])


def require_free(port: int, what: str, option: str) -> None:
    """Refuse a port that something else has: Label Studio would silently move to the next one."""
    if not is_free(port):
        raise UserError(f"port {port} for {what} is taken by another program", f"choose another: {option} {port + 10}")
