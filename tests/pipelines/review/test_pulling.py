"""What a pull knows a project by, and how often it reads the ledgers."""

from types import SimpleNamespace
from typing import Any, cast

from affectory.pipelines.review.pulling import server_name


def at(url: str, made: str = "2026-11-30T10:00:00.000001Z") -> Any:
    """A server that tells when its projects were made; a real one is asked in `test_round_trip`."""
    return cast(Any, SimpleNamespace(url=url, get=lambda path: {"created_at": made}))


def test_a_project_is_the_same_one_at_another_address_and_another_one_in_another_database() -> None:
    here = server_name(at("http://127.0.0.1:18000"), "key", 4)
    assert server_name(at("https://review.example.org"), "key", 4) == here
    others = [
        server_name(at("http://127.0.0.1:18000"), "other key", 4),
        server_name(at("http://127.0.0.1:18000"), "key", 5),
        server_name(at("http://127.0.0.1:18000", "2026-12-01T10:00:00.000001Z"), "key", 4),
    ]
    assert len({here, *others}) == 4
