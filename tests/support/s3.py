"""An S3 server on this machine for tests: moto's, with credentials that open nothing else."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from uuid import uuid4

import pytest

CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_EC2_METADATA_DISABLED": "true",
}


@dataclass(frozen=True)
class Server:
    """Where the server answers; reached through the environment, as a user's storage is."""

    url: str

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
def serving() -> Iterator[Server]:
    """The server for as long as tests need it."""
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        yield Server(f"http://{host}:{port}")
    finally:
        server.stop()


@contextmanager
def reached(server: Server) -> Iterator[None]:
    """The environment of this process leads to the server, and to nobody's own credentials."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
            patch.delenv(name, raising=False)
        for name, value in server.environment.items():
            patch.setenv(name, value)
        yield
