"""A PostgreSQL of our own in the home of a review server, or one that a team has."""

import hashlib
import os
import pwd
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from affectory.annotation.server.ports import LOOPBACK, free_port
from affectory.annotation.server.private import Secrets, write_private
from affectory.annotation.server.processes import last_words
from affectory.schemas.errors import UserError

NEEDED = ("initdb", "pg_ctl", "postgres", "psql")
INSTALLED = "/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/opt/homebrew/opt/postgresql*/bin"
FOR_ROOT = Path("/var/lib/affectory")
"""Clusters of servers that root starts: PostgreSQL refuses to be root, and another user may not reach root's home."""
PAUSES_S = (0.5, 1.0, 2.0, 4.0)
ENDING_S = 15.0
PROC = Path("/proc")
NAME, ADMIN = "labelstudio", "affectory"
LOCALE = "C.UTF-8" if sys.platform == "linux" else "en_US.UTF-8"
_ROLE = """select 'create role {name} login' where not exists (select from pg_roles where rolname = '{name}') \\gexec
alter role {name} password '{password}';
select 'create database {name} owner {name}' where not exists (select from pg_database where datname = '{name}') \\gexec
"""


@dataclass(frozen=True)
class Database:
    """How Label Studio reaches its database."""

    host: str
    port: int
    name: str
    user: str
    password: str

    def __repr__(self) -> str:
        return f"postgresql://{self.user}@{self.host}:{self.port}/{self.name}"


def programs(made_by: str = "", places: tuple[str, ...] = INSTALLED) -> Path:
    """The folder with PostgreSQL's programs: by PATH, else the newest where systems put them; or of one release."""
    on_path = shutil.which("initdb")
    folders = [Path(on_path).resolve().parent] if on_path else []
    found = [path for place in places for path in Path("/").glob(place.lstrip("/"))]
    for folder in folders + sorted(found, key=_numbers, reverse=True):
        if all((folder / name).exists() for name in NEEDED) and made_by in ("", _major(folder)):
            return folder
    if made_by:
        what = f"the database was made by PostgreSQL {made_by}, which is not on this machine any more"
        raise UserError(what, f"install that release again (Debian, Ubuntu: apt install postgresql-{made_by})")
    raise UserError(
        "there is no PostgreSQL on this machine, without which Label Studio loses answers",
        "install it (Debian, Ubuntu: apt install postgresql), or name one: --database postgresql://user@host:5432/name",
    )


def _numbers(folder: Path) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d+", str(folder)))


def _major(folder: Path) -> str:
    done = subprocess.run([str(folder / "postgres"), "--version"], capture_output=True, text=True, check=False)
    numbers = re.findall(r"\d+", done.stdout)
    return numbers[0] if numbers else ""


@dataclass(frozen=True)
class Cluster:
    """A PostgreSQL that only this home uses, on loopback, with passwords."""

    home: Path
    durable: bool = True
    """Whether what was said to be kept survives a power cut. Tests need not wait for the disk."""

    @property
    def folder(self) -> Path:
        if os.geteuid() != 0:
            return self.home / "postgres"
        return FOR_ROOT / f"postgres-{hashlib.sha256(str(self.home).encode()).hexdigest()[:16]}"

    @property
    def log(self) -> Path:
        return self.folder / "server.log"

    def made_by(self) -> str:
        """The release whose programs it needs; empty where it was not made yet."""
        version = self.folder / "PG_VERSION"
        return version.read_text(encoding="ascii").strip() if version.exists() else ""

    def require(self) -> None:
        """Refuse a machine without the programs that it needs, before anything is begun."""
        programs(self.made_by())

    def database(self, secrets: Secrets) -> Database:
        """How to reach it while it runs."""
        return Database(LOOPBACK, self.port() or 0, NAME, NAME, secrets.database_password)

    def port(self) -> int | None:
        """Where it listens; None where it does not run, whatever a killed one left behind."""
        if not self.made_by() or self._left_behind() or self._control("status") != 0:
            return None
        lines = (self.folder / "postmaster.pid").read_text(encoding="utf-8").splitlines()
        return int(lines[3]) if len(lines) > 3 else None

    def _left_behind(self) -> bool:
        """Whether nobody runs whose lock lies there: PostgreSQL takes what is left of a process for one that runs."""
        try:
            pid = int((self.folder / "postmaster.pid").read_text(encoding="utf-8").split()[0])
        except (FileNotFoundError, IndexError, ValueError):
            return True
        return PROC.exists() and pid not in self._inside()

    def _inside(self) -> set[int]:
        """Processes at work in its folder, which are all of PostgreSQL's own."""
        return {int(path.name) for path in PROC.glob("[0-9]*") if _works_in(path) == str(self.folder.resolve())}

    def start(self, secrets: Secrets, tell: Callable[[str], None]) -> bool:
        """It runs and has our database; says whether it had to be started."""
        if not self.made_by():
            tell("making a database (PostgreSQL)")
            self._make(secrets)
        stood = self.port() is None
        if stood:
            self._start()
        done = self._prepare(secrets)
        if done.returncode != 0:
            if stood:
                self.stop()
            raise self._not_let_in(done.stderr)
        return stood

    def _prepare(self, secrets: Secrets) -> "subprocess.CompletedProcess[str]":
        """Our database and its user, with the password that is in the secrets now."""
        login = {"PGPASSWORD": secrets.database_admin_password}
        where = f"host={LOOPBACK} port={self.port()} user={ADMIN} dbname=postgres"
        script = _ROLE.format(name=NAME, password=secrets.database_password)
        return self._run("psql", "-qX", "-v", "ON_ERROR_STOP=1", where, text=script, environment=login, check=False)

    def _not_let_in(self, said: str) -> UserError:
        """Of root the cluster lies elsewhere, and is still there when somebody deleted the home and its secrets."""
        if "password authentication failed" not in said:
            return UserError(f"psql of PostgreSQL failed: {said.strip()[-800:]}", f"see {self.log}")
        hint = f"put that file back from a copy; or, to begin anew without its answers: rm -r {self.folder}"
        what = f"the database in {self.folder} was made with other secrets than those in {self.home / 'secrets.json'}"
        return UserError(what, hint)

    def stop(self) -> bool:
        """It ends after what is under way, and keeps all; says whether it ran."""
        return self.port() is not None and self._control("stop", "-m", "fast", "-w") == 0

    def _make(self, secrets: Secrets) -> None:
        """In a folder beside, so that one that broke off is made again."""
        self.folder.parent.mkdir(mode=0o711, parents=True, exist_ok=True)
        making = self.folder.with_name(f"{self.folder.name}.making")
        shutil.rmtree(making, ignore_errors=True)
        making.mkdir(mode=0o700)
        word = making.with_name(f"{making.name}.word")
        write_private(word, secrets.database_admin_password)
        for path in (making, word):
            _give(path)
        try:
            login = ("-U", ADMIN, "-A", "scram-sha-256", "--pwfile", str(word))
            self._run("initdb", "-D", str(making), *login, "-E", "UTF8", "--locale", LOCALE, *self._quick())
        finally:
            word.unlink()
        with (making / "postgresql.conf").open("a", encoding="utf-8") as file:
            file.write(self._settings())
        making.replace(self.folder)

    def _quick(self) -> tuple[str, ...]:
        return () if self.durable else ("--no-sync",)

    def _settings(self) -> str:
        """Only loopback, and no socket in a folder that all share."""
        ours = f"listen_addresses = '{LOOPBACK}'\nunix_socket_directories = ''\nmax_connections = 200\n"
        return ours if self.durable else f"{ours}fsync = off\nfull_page_writes = off\n"

    def _start(self) -> None:
        """On the port it had, if that is free."""
        self._clear()
        for pause in (*PAUSES_S, None):
            port = free_port(self._had())
            if self._control("start", "-w", "-t", "60", "-l", str(self.log), "-o", f"-p {port}") == 0:
                return
            if pause is not None:
                time.sleep(pause)
        raise UserError(f"PostgreSQL did not start:\n{last_words(self.log)}", f"see {self.log}")

    def _clear(self) -> None:
        """A lock is removed once nobody is in the folder any more: what a killed one started ends after it."""
        until = time.monotonic() + ENDING_S
        while PROC.exists() and self._inside() and time.monotonic() < until:
            time.sleep(0.1)
        if PROC.exists() and not self._inside():
            (self.folder / "postmaster.pid").unlink(missing_ok=True)

    def _had(self) -> list[int]:
        try:
            options = (self.folder / "postmaster.opts").read_text(encoding="utf-8")
        except FileNotFoundError:
            return []
        return [int(port) for port in re.findall(r'"-p" "(\d+)"', options)[-1:]]

    def _control(self, what: str, *words: str) -> int:
        """What it starts keeps the streams it was given, so it gets none to wait for."""
        command = [what, "-D", str(self.folder), *words]
        return self._run("pg_ctl", *command, check=False, said=subprocess.DEVNULL).returncode

    def _run(
        self,
        name: str,
        *words: str,
        check: bool = True,
        text: str = "",
        environment: dict[str, str] | None = None,
        said: int = subprocess.PIPE,
    ) -> "subprocess.CompletedProcess[str]":
        done = subprocess.run(
            [str(programs(self.made_by()) / name), *words],
            input=text,
            stdout=said,
            stderr=said,
            text=True,
            check=False,
            cwd=self.folder.parent,
            env={"PATH": os.defpath, "LC_ALL": LOCALE, **(environment or {})},
            **_unprivileged(),
        )
        if check and done.returncode != 0:
            raise UserError(f"{name} of PostgreSQL failed: {done.stderr.strip()[-800:]}", f"see {self.log}")
        return done


def _works_in(process: Path) -> str:
    """Where a process is; nowhere where it is none of ours, or only what is left of one."""
    try:
        return str((process / "cwd").readlink())
    except OSError:
        return ""


def _unprivileged() -> dict[str, Any]:
    """As whom PostgreSQL runs: as oneself, or as another where one is root."""
    if os.geteuid() != 0:
        return {}
    user = _other()
    return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}


def _give(path: Path) -> None:
    if os.geteuid() == 0:
        os.chown(path, _other().pw_uid, _other().pw_gid)


def _other() -> pwd.struct_passwd:
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise UserError("PostgreSQL refuses to be root, and there is no user postgres or nobody", "start as another user")
