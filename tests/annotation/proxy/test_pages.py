"""The pages of our own, links to media, hours, what is mounted, and the command."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.proxied import ANN, BOB, EVE, LEAD, OURS, World, plan, world

from affectory.annotation.proxy import links, pages
from affectory.annotation.proxy.__main__ import main
from affectory.annotation.proxy.home import hint_secret, link_secret, write_assigned
from affectory.annotation.proxy.hours import Hours

NAME = f"{'ab' * 32}.mp4"


@pytest.fixture
def shop(tmp_path: Path) -> World:
    found = world(tmp_path)
    (tmp_path / "media").mkdir()
    (tmp_path / "media" / NAME).write_bytes(b"0123456789")
    return found


@pytest.mark.parametrize(("email", "status"), [(ANN, 200), (BOB, 404), (LEAD, 200), (EVE, 404), (None, 401)])
def test_media_are_for_those_who_are_shown_them(shop: World, email: str | None, status: int) -> None:
    write_assigned(shop.home, OURS, plan(raters={"A": (13,), "B": (11,)}, media={NAME: (13,)}))
    assert shop.ask(email, "GET", f"/affectory/media/{NAME}").status_code == status


@pytest.mark.parametrize(("range_", "status", "content"), [("bytes=2-4", 206, b"234"), ("bytes=8-", 206, b"89"),
                                                            ("bytes=90-", 416, None)])  # fmt: skip
def test_media_come_in_parts(shop: World, range_: str, status: int, content: bytes | None) -> None:
    found = shop.ask(ANN, "GET", f"/affectory/media/{NAME}", headers={"range": range_})
    assert found.status_code == status
    if content is not None:
        assert found.content == content
        assert found.headers["content-type"] == "video/mp4"
        assert found.headers["cache-control"].startswith("private")


@pytest.mark.parametrize("name", ["..%2fraters.json", "raters.json", f"{NAME}/", f"{NAME}%00", "",
                                  NAME.upper(), f"/{NAME}", NAME.replace("mp4", "svg")])  # fmt: skip
def test_nothing_else_is_served(shop: World, name: str) -> None:
    assert shop.ask(LEAD, "GET", f"/affectory/media/{name}").status_code == 404


def test_a_link_opens_without_a_login_until_it_expires(shop: World) -> None:
    link = links.signed_link(link_secret(shop.home), "http://127.0.0.1:8400", NAME, 9_999_999_999)
    found = shop.ask(None, "GET", link)
    assert (found.content, found.headers["access-control-allow-origin"]) == (b"0123456789", "*")
    assert found.headers["cross-origin-resource-policy"] == "cross-origin"
    own = shop.ask(LEAD, "GET", f"/affectory/media/{NAME}").headers
    assert "access-control-allow-origin" not in own and own["cross-origin-resource-policy"] == "same-origin"
    assert shop.ask(None, "GET", link.replace("9999999999", "9999999998")).status_code == 401


@given(st.text(max_size=8), st.text(max_size=70), st.binary(min_size=1), st.integers(0, 10**12))
def test_only_our_signature_holds(until: str, signature: str, secret: bytes, now: int) -> None:
    assert not links.holds(secret, NAME, until, signature, now)
    signed = links.signed_link(secret, "", NAME, now).rpartition("sig=")[2]
    assert not links.holds(secret, NAME, str(now), signed, now)
    assert not links.holds(secret + b"x", NAME, str(now), signed, now - 1)
    assert links.holds(secret, NAME, str(now), signed, now - 1)


@given(st.text(), st.text())
def test_names_are_text_on_the_page(who: str, title: str) -> None:
    found = pages.overview(f"<i>{who}", [pages.Work(1, f"<i>{title}", 0, 2, True)], 0.0, None, lead=False)
    assert "<i>" not in found


@pytest.mark.parametrize(("work", "says"), [
    (pages.Work(1, "a", 0, 2, True), "Start"), (pages.Work(1, "a", 1, 2, True), "Go on"),
    (pages.Work(1, "a", 2, 2, False), "2 of 2 done, 0 left."), (pages.Work(1, "a", 3, None, True), "There is more"),
    (pages.Work(1, "a", 3, None, False), "Nothing is left."),
])  # fmt: skip
def test_work_says_where_it_stands(work: pages.Work, says: str) -> None:
    assert says in pages.overview("x", [work], 0.0, None, lead=False)


def test_who_has_worked_enough_is_not_sent_on() -> None:
    found = pages.overview("x", [pages.Work(1, "a", 1, 2, True)], 5.0, 5.0, lead=False)
    assert "Paused" in found and "go on another day" in found and "labeling=1" not in found


def test_hours_last_a_week_and_survive(tmp_path: Path) -> None:
    now = [1_000_000.0]
    hours = Hours(tmp_path / "hours.jsonl", lambda: now[0])
    hours.add("A", 1, 1800)
    hours.add("A", 1, 2700.0)
    for wrong in (None, "x", -1, True, float("nan")):
        hours.add("A", 2, wrong)
    with (tmp_path / "hours.jsonl").open("a", encoding="utf-8") as file:
        file.write('{"rater": "A", "ann')
    again = Hours(tmp_path / "hours.jsonl", lambda: now[0])
    assert (hours.week("A"), again.week("A"), again.week("B")) == (0.75, 0.75, 0)
    now[0] += 8 * 86400
    assert again.week("A") == 0


def test_the_status_is_for_leads(shop: World) -> None:
    assert shop.ask(LEAD, "GET", "/review/status").status_code == 404
    (shop.home / "status.html").write_text("<h1>All well</h1>", encoding="utf-8")
    assert "All well" in shop.ask(LEAD, "GET", "/review/status").text
    assert shop.ask(ANN, "GET", "/review/status").status_code == 403


@pytest.mark.parametrize("email", [ANN, LEAD])
def test_the_trace_page_knows_who_looks_at_it_from_us_alone(shop: World, email: str) -> None:
    told = shop.ask(email, "GET", "/trace/api/me", headers={"x-affectory-rater": "somebody"})
    assert told.status_code == 200
    assert "somebody" not in told.text and {ANN: "A", LEAD: "L"}[email] in told.text


@pytest.mark.parametrize("email", [EVE, None])
def test_the_trace_page_is_for_raters(shop: World, email: str | None) -> None:
    assert shop.ask(email, "GET", "/trace/api/me").status_code in (302, 403)


def test_a_hint_needs_its_secret_only(shop: World) -> None:
    secret = hint_secret(shop.home)
    assert shop.ask(None, "POST", "/affectory/hint", headers={"x-affectory-hint": "guess"}).status_code == 403
    assert not (shop.home / "hinted").exists()
    assert shop.ask(None, "POST", "/affectory/hint", headers={"x-affectory-hint": secret}).status_code == 204
    assert (shop.home / "hinted").exists()


@pytest.mark.parametrize(("given", "says"), [
    (["--upstream", "ftp://x"], "no address of a Label Studio"),
    (["--upstream", "http://x", "--host", "0.0.0.0"], "by which name"),
    (["--upstream", "http://x", "--public", "review.example.org"], "no address"),
])  # fmt: skip
def test_the_command_says_what_is_wrong(given: list[str], says: str, tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match=says):
        main(["--home", str(tmp_path), "--port", "1", *given])
