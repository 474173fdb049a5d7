"""The file systems of object storage: opened once, patient with a storage that stumbles, clear about refusals."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

from affectory.schemas.errors import UserError

CREATING = ("s3", "s3a", "gs", "gcs", "abfs", "abfss", "az", "memory")
"""Schemes whose file systems can write a name only where it is new."""
_PACKAGES = {
    "s3": "s3fs",
    "s3a": "s3fs",
    "gs": "gcsfs",
    "gcs": "gcsfs",
    **dict.fromkeys(("abfs", "abfss", "az"), "adlfs"),
}
_ATTEMPTS, _ROUNDS = 6, 3
_ABOUT_CREDENTIALS = "NoCredentialsError", "PartialCredentialsError", "CredentialRetrievalError", "ProfileNotFound"


def filesystem(url: str) -> Any:
    """The file system of a URL, as the environment says it is reached: credentials are never part of a URL."""
    scheme = url.partition("://")[0].lower()
    return _opened(scheme, tuple(sorted(item for item in os.environ.items() if item[0].startswith(("AWS_", "HF_")))))


@lru_cache(maxsize=16)
def _opened(scheme: str, environment: tuple[tuple[str, str], ...]) -> Any:
    options: dict[str, Any] = {"use_listings_cache": False, "skip_instance_cache": True}
    if scheme in ("s3", "s3a"):
        # `standard` repeats on 500, 502, 503, 504, throttling, timeouts and broken connections, with growing waits.
        retries = {"max_attempts": _ATTEMPTS, "mode": "standard"}
        options["config_kwargs"] = {"retries": retries, "connect_timeout": 10, "read_timeout": 60}
    if scheme == "hf":
        options["endpoint"] = dict(environment).get("HF_ENDPOINT")
    if scheme == "memory":
        options = {}
    try:
        import fsspec

        opened = fsspec.filesystem(scheme, **options)
    except ImportError as error:
        package = _PACKAGES.get(scheme, "fsspec")
        extra = "'affectory[s3]'" if package == "s3fs" else package
        hint = f"install it: pip install {extra}"
        raise UserError(f"{scheme}:// needs the package {package}, which is not installed", hint) from error
    if hasattr(opened, "retries"):
        opened.retries = _ROUNDS  # its own, for answers that break off half way
    return opened


def explained(error: Exception, url: str) -> UserError | None:
    """What went wrong with the storage, if a person can mend it."""
    name = type(error).__name__
    if name in _ABOUT_CREDENTIALS:
        hint = "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE, or run where a role gives them"
        return UserError(f"there are no credentials for {url}", hint)
    if getattr(getattr(error, "response", None), "status_code", None) in (401, 403):
        hint = "log in with `hf auth login`, or set HF_TOKEN to a token with the rights for it"
        return UserError(f"the hub refuses {url}: {str(error).splitlines()[0]}", hint)
    if type(error).__module__.startswith(("httpx", "httpcore")):
        hint = "check the network and HF_ENDPOINT; what was committed stays, so try again later"
        return UserError(f"the hub does not answer for {url}: {name}: {error}", hint)
    if isinstance(error, PermissionError):
        hint = "the credentials in use must be right, and allow to list, read, write and delete below it"
        return UserError(f"access to {url} is denied: {error}", hint)
    if type(error).__module__.startswith(("botocore.", "aiohttp.")) or _refused(error):
        hint = "check AWS_ENDPOINT_URL, the region and the network; what was committed stays, so build again later"
        return UserError(f"the storage of {url} does not answer as it should: {name}: {error}", hint)
    return None


def is_conflict(error: OSError) -> bool:
    """Another write of the same name was under way; which of them won is not known yet."""
    return _code(error) in ("ConditionalRequestConflict", "409", "OperationAborted")


def _refused(error: Exception) -> bool:
    """What s3fs made a plain `OSError` of, though no disk is meant: a quota, a server that stays broken."""
    return type(error) is OSError and bool(_code(error)) and not is_conflict(error)


def _code(error: OSError) -> str:
    response: Any = getattr(error.__cause__, "response", {})
    return str(response.get("Error", {}).get("Code", "")) if isinstance(response, dict) else ""


@contextmanager
def told(url: str) -> Iterator[None]:
    """What the storage refuses, in words of what to do about it."""
    try:
        yield
    except Exception as error:
        known = explained(error, url)
        if known is None:
            raise
        raise known from error
