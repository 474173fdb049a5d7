"""What is checked of every request, and how addresses and cookies are rewritten."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from affectory.annotation.proxy import guard
from affectory.annotation.proxy.guard import Place

LOCAL = Place.at("127.0.0.1", 8400, None)
PUBLIC = Place.at("0.0.0.0", 8400, "https://review.example.org")
TRICKS = ["", "a", "//a", "/a//b", "/a/../b", "/a/./b", "/..", "/.", "/a/..", "/a;b", "/a%2fb", "/a\\b", "/a b", "/%61",
          "/a?b", "/a#b", "/ä", "/a\n", "/a/\n"]  # fmt: skip


@pytest.mark.parametrize("path", ["/", "/a", "/a/", "/a/b.c", "/a-b_c+d@e/.well", "/a..b/c", "/..a"])
def test_a_plain_path_is_plain(path: str) -> None:
    assert guard.plain(path.encode())


@pytest.mark.parametrize("path", TRICKS, ids=ascii)
def test_a_trick_is_not(path: str) -> None:
    assert not guard.plain(path.encode())


@given(st.text(alphabet="/.%;\\ab2ef\r\n ", max_size=12))
def test_a_plain_path_has_one_reading_only(path: str) -> None:
    if guard.plain(path.encode()):
        assert not {"", ".", ".."} & set(path.strip("/").split("/")) or path == "/"
        assert not set("%;\\\r\n ") & set(path)


@pytest.mark.parametrize(("place", "origin", "ours"), [
    (LOCAL, "http://127.0.0.1:8400", True), (LOCAL, "http://localhost:8400/x", True),
    (LOCAL, "https://127.0.0.1:8400", False), (LOCAL, "http://127.0.0.1:8400.evil.test", False),
    (LOCAL, "http://127.0.0.1:8400@evil.test", False), (LOCAL, "null", False), (LOCAL, "", False),
    (PUBLIC, "https://review.example.org", True), (PUBLIC, "http://127.0.0.1:8400", True),
    (PUBLIC, "https://example.org", False),
])  # fmt: skip
def test_whose_an_origin_is(place: Place, origin: str, ours: bool) -> None:
    assert place.owns(origin) is ours


@pytest.mark.parametrize(("location", "leads"), [
    ("/x?a=1", "/x?a=1"), ("http://up:1/x", "/x"), ("http://127.0.0.1:8400/x", "/x"), ("http://evil.test/x", "/"),
    ("//evil.test/x", "/"), ("/\\evil.test", "/evil.test"), ("javascript:alert(1)", "/"), ("x", "/"), ("", "/"),
    ("http://up:1//evil.test", "/evil.test"),
])  # fmt: skip
def test_redirections_stay_here(location: str, leads: str) -> None:
    assert guard.landing(location, LOCAL, "http://up:1") == leads


@pytest.mark.parametrize(("place", "given", "kept"), [
    (LOCAL, "sessionid=a:b; Domain=up; expires=Mon, 14 Dec 2026 05:00:00 GMT; Path=/; Secure; SameSite=None",
     "sessionid=a:b; expires=Mon, 14 Dec 2026 05:00:00 GMT; Path=/; SameSite=Lax; HttpOnly"),
    (PUBLIC, "sessionid=a; Path=/", "sessionid=a; Path=/; SameSite=Lax; HttpOnly; Secure"),
    (PUBLIC, "csrftoken=a; Path=/", "csrftoken=a; Path=/; SameSite=Lax; Secure"),
])  # fmt: skip
def test_cookies_are_for_our_site_alone(place: Place, given: str, kept: str) -> None:
    assert guard.cookie(given, place) == kept


def test_label_studio_is_told_our_name_and_nothing_that_was_not_named() -> None:
    given = {"host": "127.0.0.1:8400", "origin": "https://review.example.org", "cookie": "sessionid=x", "x-a": "1",
             "accept": "text/html", "authorization": "Token x", "x-forwarded-for": "1.2.3.4"}  # fmt: skip
    assert guard.passed(given, PUBLIC) == {
        "accept": "text/html",
        "accept-encoding": "identity",
        "host": "review.example.org",
        "origin": "http://review.example.org",
    }
