"""Start and stop what reviewing needs on one machine: database, Label Studio, and the proxy in front of it."""

import importlib.util
import os
import secrets
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from affectory.annotation.client.server import Server
from affectory.annotation.proxy.home import Rater, read_raters, write_raters
from affectory.annotation.server.accounts import invite
from affectory.annotation.server.environment import environment
from affectory.annotation.server.home import Home
from affectory.annotation.server.label_studio import PASSED_ON, Start, healthy
from affectory.annotation.server.ports import LOOPBACK, free_port, listens, require_free
from affectory.annotation.server.postgres import Cluster, Database
from affectory.annotation.server.private import Secrets
from affectory.annotation.server.processes import Process, last_words, start
from affectory.schemas.errors import UserError

PORT = 8390
PROXY = "affectory.annotation.proxy"
NAMES = {"proxy": "the proxy", "label_studio": "Label Studio"}
LOOK_EVERY_S = 10.0
Tell = Callable[[str], None]


@dataclass(frozen=True)
class Running:
    """A review server that runs: where, and the administrator who opens it."""

    home: Path
    url: str
    """Of Label Studio itself, for programs on this machine."""
    public: str
    """Where people reach it: the proxy's address."""
    email: str
    password: str
    token: str

    def __repr__(self) -> str:
        return f"Running({self.url}, {self.public})"


@dataclass(frozen=True)
class Wanted:
    """How the server shall run."""

    home: Home
    port: int = PORT
    """Of the proxy."""
    public: str = ""
    """Address by which raters come, where that is not this machine's: behind a reverse proxy with TLS."""
    database: Database | None = None
    """One that exists; none named, our own."""
    leads: tuple[str, ...] = ()
    """Addresses of people who may see all."""
    raters: tuple[str, ...] = ()
    """Addresses of people who judge."""
    durable: bool = True
    proxy: bool = True


def up(wanted: Wanted, tell: Tell) -> Running:
    """All of it runs, whatever ran before; what runs already is left alone."""
    with wanted.home.alone():
        _require_port(wanted)
        own = Secrets.of(wanted.home.secrets)
        database, fresh = _database(wanted, own, tell)
        inner, anew = _label_studio(wanted, database, own, fresh, tell)
        with known_to(wanted.home, _url(inner), own.token) as server:
            _let_lead(wanted.home, own.email)
            _people(wanted, server, tell)
        if wanted.proxy:
            _proxy(wanted, inner, anew, tell)
    found = running(wanted.home)
    if found is None:
        raise UserError("the review server ended as soon as it ran", f"see {wanted.home.folder / 'logs'}")
    return found


def running(home: Home) -> Running | None:
    """What runs from this home; None where nothing does."""
    state = home.state()
    if Process.remembered(state.get("label_studio")) is None:
        return None
    own = Secrets.of(home.secrets)
    url = f"http://{LOOPBACK}:{state['label_studio']['port']}"
    public = str(state["proxy"]["public"]) if Process.remembered(state.get("proxy")) else url
    return Running(home.folder, url, public, own.email, own.password, own.token)


def require_running(home: Home) -> Running:
    """What runs from this home, or a sentence that says how to start it."""
    found, at = running(home), home.state().get("label_studio") or {}
    if found is None:
        raise UserError(f"no review server runs from {home.folder}", f"start it: {home.command('up')}")
    if not listens(at["pid"], at["port"]):
        log = home.log("label-studio")
        raise UserError(f"the review server of {home.folder} is still starting", f"wait for it; its log is {log}")
    return found


def known_to(home: Home, url: str, token: str) -> Server:
    """The Label Studio there, once it takes our token: a database that another server made knows another one."""
    try:
        return Server.at(url, token, patience_s=60)
    except UserError as error:
        hint = f"if another server made its database, write that one's email, password and token into {home.secrets}"
        raise UserError(error.message, f"{error.hint} {hint}".strip()) from error


def _people(wanted: Wanted, server: Server, tell: Tell) -> None:
    """Accounts for those who were named; leads are known to the proxy before they log in."""
    for lead in wanted.leads:
        _let_lead(wanted.home, lead.strip().lower())
    made = invite(server, (*wanted.leads, *wanted.raters), wanted.home.passwords)
    if made:
        tell(f"made {made} account{'s' * (made != 1)}")


def _let_lead(home: Home, email: str) -> None:
    """The proxy lets them see all. Who judged already under a pseudonym keeps it."""
    people = read_raters(home.folder)
    before = people.get(email)
    if before is None or before.role != "lead":
        known = before or Rater(f"lead-{secrets.token_hex(6)}")
        write_raters(home.folder, {**people, email: replace(known, role="lead")})


def stay(wanted: Wanted, tell: Tell, ended: Callable[[float], bool]) -> None:
    """Until `ended`, which waits as long as it is told, start again what ends by itself; then stop all."""
    try:
        while not ended(LOOK_EVERY_S):
            if not _whole(wanted):
                tell("a part of the review server ended; starting it again")
                up(wanted, tell)
    finally:
        down(wanted.home, tell)


def _whole(wanted: Wanted) -> bool:
    state = wanted.home.state()
    parts = ("label_studio", "proxy") if wanted.proxy else ("label_studio",)
    if any(Process.remembered(state.get(part)) is None for part in parts):
        return False
    return wanted.database is not None or Cluster(wanted.home.folder).port() is not None


def down(home: Home, tell: Tell) -> bool:
    """Stop what `up` started, proxy first; data stay. Says whether anything ran."""
    if not home.folder.exists():
        return False
    with home.alone():
        ran = [_stop(home, part, tell) for part in ("proxy", "label_studio")]
        return any([*ran, Cluster(home.folder).stop()])


def _stop(home: Home, part: str, tell: Tell) -> bool:
    """Its port is remembered, so that it comes back to where it was."""
    known = home.state().get(part) or {}
    process = Process.remembered(known)
    if process is not None:
        tell(f"stopping {NAMES[part]}")
        process.stop()
    home.remember(**{part: {"port": known["port"]} if "port" in known else None})
    return process is not None


def _database(wanted: Wanted, own: Secrets, tell: Tell) -> tuple[Database, bool]:
    """The database, and whether it had to be started."""
    if wanted.database is not None:
        return wanted.database, False
    cluster = Cluster(wanted.home.folder, wanted.durable)
    cluster.require()
    fresh = cluster.start(own, tell)
    return cluster.database(own), fresh


def _label_studio(wanted: Wanted, database: Database, own: Secrets, fresh: bool, tell: Tell) -> tuple[int, bool]:
    """Its port, and whether it had to be started. Over a fresh database, or another one, it is started anew."""
    known = wanted.home.state().get("label_studio") or {}
    process = Process.remembered(known)
    if process and not fresh and known.get("database") == repr(database) and healthy(_url(known["port"])):
        return int(known["port"]), False
    if process:
        process.stop()
    had = [known["port"]] if isinstance(known.get("port"), int) else []
    for ports in (had, (), ()):
        begun = Start(wanted.home, environment(tell), database, own, free_port(ports))
        process = begun.process()
        wanted.home.remember(label_studio={**asdict(process), "port": begun.port, "database": repr(database)})
        if begun.wait(process, tell):
            return begun.port, True
    raise UserError("other programs took every port of Label Studio's as it started", "try again")


def _url(port: int) -> str:
    return f"http://{LOOPBACK}:{port}"


def _proxy(wanted: Wanted, inner: int, anew: bool, tell: Tell) -> None:
    """In front of Label Studio, on the port that people know."""
    known = wanted.home.state().get("proxy") or {}
    process = Process.remembered(known)
    public = (wanted.public or _url(wanted.port)).rstrip("/")
    asked = {"port": wanted.port, "public": public, "upstream": _url(inner)}
    if process and not anew and all(known.get(name) == value for name, value in asked.items()):
        return
    if process:
        process.stop()
    _start_proxy(wanted, asked, tell)


def _require_port(wanted: Wanted) -> None:
    """Before anything is begun; a port is free to us that our own proxy has."""
    known = wanted.home.state().get("proxy") or {}
    ours = Process.remembered(known) is not None and known.get("port") == wanted.port
    if wanted.proxy and not ours:
        require_free(wanted.port, "raters", "--port")


def _start_proxy(wanted: Wanted, asked: dict[str, Any], tell: Tell) -> None:
    _require_proxy()
    tell("starting the proxy for raters")
    words = ["--home", str(wanted.home.folder), "--upstream", asked["upstream"], "--host", LOOPBACK]
    words += ["--port", str(wanted.port), "--public", asked["public"]]
    given = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
    log = wanted.home.log("proxy")
    # Without -P, a file in the folder where it starts could stand for a module.
    process = start([sys.executable, "-P", "-m", PROXY, *words], {**given, "LANG": "C.UTF-8"}, log, wanted.home.folder)
    wanted.home.remember(proxy={**asdict(process), **asked})
    _wait_for_proxy(process, wanted.port, log)


def _require_proxy() -> None:
    if any(importlib.util.find_spec(name) is None for name in ("starlette", "uvicorn")):
        raise UserError(
            "the proxy for raters needs starlette and uvicorn", "install them: pip install 'affectory[annotation]'"
        )


def _wait_for_proxy(process: Process, port: int, log: Path, patience_s: float = 60) -> None:
    until = time.monotonic() + patience_s
    while not listens(process.pid, port):
        if not process.alive() or time.monotonic() > until:
            process.stop()
            raise UserError(f"the proxy for raters did not start:\n{last_words(log)}", f"see {log}")
        time.sleep(0.05)
