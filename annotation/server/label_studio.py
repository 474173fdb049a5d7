"""Label Studio itself: what it is told, how it starts, and when it is ready."""

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from urllib.request import ProxyHandler, build_opener

from affectory.annotation.server.environment import Environment
from affectory.annotation.server.home import Home
from affectory.annotation.server.ports import LOOPBACK, listens
from affectory.annotation.server.postgres import Database
from affectory.annotation.server.private import Secrets
from affectory.annotation.server.processes import Process, last_words, start
from affectory.schemas.errors import UserError

PATIENCE_S = 600
LOST_PORT = "is in use", "port is already in use"
"""What its log says when another program was quicker: it went to the next port, or ended."""
PASSED_ON = ("PATH", "TZ", "TMPDIR", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "HTTPS_PROXY", "HTTP_PROXY", "NO_PROXY",
             "https_proxy", "http_proxy", "no_proxy")  # fmt: skip
"""All that it gets of our environment: it would take `DEBUG`, `CI`, `PORT` or `USERNAME` for its own settings."""
_DIRECT = build_opener(ProxyHandler({}))


def variables(home: Home, database: Database, secrets: Secrets) -> dict[str, str]:
    """Its settings: on PostgreSQL, signing up by invitation only, telling nobody anything."""
    return {
        **{name: os.environ[name] for name in PASSED_ON if name in os.environ},
        "HOME": str(home.data),
        "LANG": "C.UTF-8",
        "PYTHONUNBUFFERED": "1",
        "LABEL_STUDIO_BASE_DATA_DIR": str(home.data),
        "SECRET_KEY": secrets.secret_key,
        "LABEL_STUDIO_USERNAME": secrets.email,
        "LABEL_STUDIO_PASSWORD": secrets.password,
        "LABEL_STUDIO_USER_TOKEN": secrets.token,
        "LABEL_STUDIO_ENABLE_LEGACY_API_TOKEN": "true",
        "LABEL_STUDIO_DISABLE_SIGNUP_WITHOUT_LINK": "true",
        "LABEL_STUDIO_LOCAL_FILES_SERVING_ENABLED": "true",
        "LABEL_STUDIO_LOCAL_FILES_DOCUMENT_ROOT": str(home.media),
        # Its hints of new answers go to our proxy on this machine, which it refuses otherwise.
        "LABEL_STUDIO_SSRF_PROTECTION_ENABLED": "false",
        "COLLECT_ANALYTICS": "false",
        "SENTRY_DSN": "",
        "FRONTEND_SENTRY_DSN": "",
        "LABEL_STUDIO_LATEST_VERSION_CHECK": "false",
        "FEATURE_FLAGS_OFFLINE": "true",
        "DJANGO_DB": "default",
        "POSTGRE_NAME": database.name,
        "POSTGRE_USER": database.user,
        "POSTGRE_PASSWORD": database.password,
        "POSTGRE_HOST": database.host,
        "POSTGRE_PORT": str(database.port),
    }


@dataclass(frozen=True)
class Start:
    """One start of Label Studio."""

    home: Home
    environment: Environment
    database: Database
    secrets: Secrets
    port: int

    @property
    def url(self) -> str:
        return f"http://{LOOPBACK}:{self.port}"

    def process(self) -> Process:
        """Begin. It listens on loopback only: who may reach what is decided by the proxy in front."""
        program = [str(self.environment.python), str(self.environment.label_studio), "start", "--no-browser"]
        where = ["--internal-host", LOOPBACK, "--port", str(self.port), "--data-dir", str(self.home.data)]
        given = variables(self.home, self.database, self.secrets)
        return start([*program, *where, "--log-level", "WARNING"], given, self.home.log("label-studio"), self.home.data)

    def wait(self, process: Process, tell: Callable[[str], None], patience_s: float = PATIENCE_S) -> bool:
        """Until it answers, itself: False where another program took the port meanwhile, and it was stopped.

        If it ends or takes too long, its last words are the message.
        """
        began = told = time.monotonic()
        tell("starting Label Studio (the first start makes its tables: one minute, on a busy machine four)")
        while not (listens(process.pid, self.port) and healthy(self.url)):
            if self._lost_its_port():
                process.stop()
                return False
            if not process.alive():
                raise self._failed("ended as it started")
            if time.monotonic() > began + patience_s:
                process.stop()
                raise self._failed(f"did not answer within {patience_s:.0f} s")
            if time.monotonic() - told > 15:
                told = time.monotonic()
                tell(f"still starting after {told - began:.0f} s ...")
            time.sleep(0.1)
        return True

    def _lost_its_port(self) -> bool:
        said = self.home.log("label-studio").read_text(encoding="utf-8", errors="replace")
        return any(words in said for words in LOST_PORT)

    def _failed(self, what: str) -> UserError:
        log = self.home.log("label-studio")
        return UserError(f"Label Studio {what}:\n{last_words(log)}", f"see {log}; then `affectory review up` again")


def healthy(url: str) -> bool:
    """Whether a Label Studio answers there."""
    try:
        with _DIRECT.open(f"{url}/health", timeout=5) as answer:
            return bool(answer.status == 200 and b'"UP"' in answer.read(200))
    except (OSError, ValueError):
        return False
