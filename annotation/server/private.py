"""Files that only their owner can read, and the secrets in them."""

import json
import os
import secrets
import stat
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from affectory.schemas.errors import UserError


def write_private(path: Path, text: str) -> None:
    """Put a text in place of a file at once, never readable by others."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    beside.unlink(missing_ok=True)
    with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)


def read_private(path: Path) -> str:
    """The text of a file with secrets; one that others can read is refused."""
    with path.open(encoding="utf-8") as file:
        found = os.fstat(file.fileno())
        if stat.S_IMODE(found.st_mode) & 0o077:
            raise UserError(f"{path} holds secrets and others on this machine can read it", f"chmod 600 {path}")
        if found.st_uid not in (os.geteuid(), 0):
            raise UserError(f"{path} holds secrets and belongs to another user", f"chown {os.geteuid()} {path}")
        return file.read()


@dataclass(frozen=True)
class Secrets:
    """What a review server must keep to itself: made once, and never printed."""

    email: str
    password: str
    token: str
    """Of the administrator: 40 hexadecimal digits, or a personal access token of a database that was there before."""
    secret_key: str
    database_password: str
    database_admin_password: str

    def __repr__(self) -> str:
        return f"Secrets({self.email})"

    @classmethod
    def make(cls) -> "Secrets":
        """New ones. Hexadecimal digits need no quoting anywhere; a key that began with `$` would be read as empty."""
        return cls("admin@review.local", *(secrets.token_hex(size) for size in (12, 20, 32, 20, 20)))

    @classmethod
    def of(cls, path: Path) -> "Secrets":
        """Those in a file, which is written if it is not there."""
        if not path.exists():
            write_private(path, json.dumps(asdict(cls.make()), indent=1))
        try:
            found = json.loads(read_private(path))
            kept = cls(**{f.name: str(found[f.name]) for f in fields(cls)})
        except (ValueError, KeyError, TypeError):
            wanted = ", ".join(f.name for f in fields(cls))
            raise UserError(f"{path} is not a file of secrets", f"it must be JSON with {wanted}") from None
        if kept.secret_key.startswith("$") or len(kept.secret_key) < 32:
            hint = "give it 32 characters or more, the first no $: Label Studio would read it as empty"
            raise UserError(f"secret_key in {path} keeps no login across a restart", hint)
        return kept
